// SPDX-License-Identifier: GPL-3.0-or-later
#include "link/broker_link.h"

#include <algorithm>
#include <deque>
#include <future>
#include <mutex>
#include <string>
#include <utility>

#include <grpcpp/grpcpp.h>

#include <tobari/base/log.h>
#include <tobari/base/random.h>

#include "tobari/host.grpc.pb.h"

namespace tobari::vmhost {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kFirstPause = 200ms;
constexpr std::chrono::milliseconds kLongestPause = 5s;
constexpr std::size_t kMaxQueued = 4096;  // a broker that does not read so many is as good as gone

// Half to all of it: hosts that lost the same broker do not come back at the same moment.
std::chrono::milliseconds jittered(std::chrono::milliseconds pause) {
  std::byte random{};
  random_bytes({&random, 1});
  return pause / 2 + pause / 2 * std::to_integer<int>(random) / 255;
}

}  // namespace

// One attempt. Lives until gRPC has said its last word (OnDone), which a hold keeps back until a read has failed: so
// long reads and writes may be started from any thread. One message is read at a time, the next when the loop has dealt
// with it.
class BrokerLink::Stream final : public grpc::ClientBidiReactor<wire::FromHost, wire::ToHost>,
                                 public std::enable_shared_from_this<Stream> {
 public:
  Stream(BrokerLink& link, Loop& loop, std::shared_ptr<bool> alive)
      : link_(link), loop_(loop), alive_(std::move(alive)), ended_(end_.get_future()) {}

  void start(const std::shared_ptr<grpc::Channel>& channel) {
    self_ = shared_from_this();
    stub_ = wire::Nodes::NewStub(channel);
    stub_->async()->Attach(&context_, this);
    AddHold();
    read_next();
    StartCall();
  }

  void send(const wire::FromHost& message) {
    const std::scoped_lock lock(mutex_);
    if (closed_) return;
    if (queue_.size() >= kMaxQueued) return context_.TryCancel();
    queue_.push_back(message);
    if (queue_.size() == 1) StartWrite(&queue_.front());
  }

  void read_next() {
    const std::scoped_lock lock(mutex_);
    if (closed_ || std::exchange(reading_, true)) return;
    StartRead(&incoming_);
  }

  // Returns when nothing of this stream runs any more.
  void finish() {
    {
      const std::scoped_lock lock(mutex_);
      finishing_ = true;
    }
    context_.TryCancel();
    read_next();
    ended_.wait();
  }

  void OnWriteDone(bool ok) override {
    const std::scoped_lock lock(mutex_);
    if (!ok || closed_) return;
    queue_.pop_front();
    if (!queue_.empty()) StartWrite(&queue_.front());
  }

  void OnReadDone(bool ok) override {
    bool finishing = false;
    {
      const std::scoped_lock lock(mutex_);
      reading_ = false;
      closed_ = !ok;
      finishing = finishing_;
    }
    if (ok && finishing) return read_next();  // a message that was under way: the loop asks for no other any more
    if (ok) {
      return to_loop(
          [](BrokerLink& link, const std::shared_ptr<Stream>& self) { link.on_message(self, self->incoming_); });
    }
    context_.TryCancel();  // also when only the broker's half has ended
    RemoveHold();
  }

  // The loop gets our own reference too: a context keeps its channel alive, and a channel must not die on a thread of
  // gRPC's, which would wait for itself.
  void OnDone(const grpc::Status& status) override {
    auto end = std::move(end_);
    loop_.post([self = std::move(self_), why = status.ok() ? "the broker ended it" : status.error_message()] {
      if (*self->alive_) self->link_.on_end(self, why);
    });
    end.set_value();
  }

 private:
  template <class Call>
  void to_loop(Call call) {
    loop_.post([self = shared_from_this(), call = std::move(call)] {
      if (*self->alive_) call(self->link_, self);
    });
  }

  BrokerLink& link_;
  Loop& loop_;
  const std::shared_ptr<bool> alive_;  // written and read on the loop thread
  grpc::ClientContext context_;
  std::unique_ptr<wire::Nodes::Stub> stub_;
  wire::ToHost incoming_;
  std::mutex mutex_;
  std::deque<wire::FromHost> queue_;  // the first one is being written
  bool reading_ = false;
  bool closed_ = false;
  bool finishing_ = false;
  std::shared_ptr<Stream> self_;
  std::promise<void> end_;
  std::future<void> ended_;
};

BrokerLink::BrokerLink(Loop& loop, std::shared_ptr<grpc::Channel> channel, Callbacks callbacks)
    : loop_(loop),
      channel_(std::move(channel)),
      callbacks_(std::move(callbacks)),
      alive_(std::make_shared<bool>(true)),
      pause_(kFirstPause) {
  timer_ = loop_.after(0ms, [this] { open(); });
}

BrokerLink::~BrokerLink() {
  *alive_ = false;  // what streams have posted does nothing any more
  if (stream_) stream_->finish();
}

void BrokerLink::open() {
  stream_ = std::make_shared<Stream>(*this, loop_, alive_);
  stream_->start(channel_);
  callbacks_.on_open();
}

void BrokerLink::send(const wire::FromHost& message) {
  if (stream_) stream_->send(message);
}

void BrokerLink::on_message(const std::shared_ptr<Stream>& from, const wire::ToHost& message) {
  if (from != stream_) return;
  answered_ = true;
  if (pause_ != kFirstPause || reported_) log::info("broker answers");
  pause_ = kFirstPause;
  reported_ = false;
  callbacks_.on_message(message);
  from->read_next();
}

void BrokerLink::on_end(const std::shared_ptr<Stream>& which, const std::string& why) {
  if (which != stream_) return;
  stream_.reset();
  const bool answered = std::exchange(answered_, false);
  if (!std::exchange(reported_, true)) log::warning("no connection to the broker", {{"reason", why}});
  timer_ = loop_.after(jittered(pause_), [this] { open(); });
  pause_ = std::min(pause_ * 2, kLongestPause);
  if (answered) callbacks_.on_end();
}

}  // namespace tobari::vmhost
