// SPDX-License-Identifier: GPL-3.0-or-later
// One line of a host that is played, over real gRPC.
#pragma once

#include <atomic>
#include <cstdint>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

#include <grpcpp/grpcpp.h>

#include <tobari/host.grpc.pb.h>

namespace tobari::broker {

inline constexpr const char* kFingerprint = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

// Plays tobari-vmhost: reports every desktop that shall be on as running, opens every display.
class FakeHost {
 public:
  explicit FakeHost(std::shared_ptr<grpc::Channel> channel)
      : stub_(wire::Nodes::NewStub(std::move(channel))), stream_(stub_->Attach(&context_)) {
    wire::FromHost hello;
    hello.mutable_hello()->set_name("host-1");
    hello.mutable_hello()->set_version("test");
    hello.mutable_hello()->set_front_address("127.0.0.1");
    hello.mutable_hello()->set_front_port(3390);
    hello.mutable_hello()->set_memory_mib(8192);
    hello.mutable_hello()->add_images()->set_name("debian");
    stream_->Write(hello);
    reader_ = std::jthread([this] { read(); });
  }
  ~FakeHost() {
    context_.TryCancel();
    reader_.join();
    static_cast<void>(stream_->Finish());
  }
  void say(const wire::FromHost& message) {
    const std::scoped_lock lock(writing_);
    stream_->Write(message);
  }
  const std::string picture = "\xFF\xD8\xFF a desktop \xFF\xD9";
  std::future<std::string> next_acknowledgement() { return acknowledged_.get_future(); }
  void ask_lease() {
    wire::FromHost message;
    message.mutable_ask_lease()->set_number(++asked_);
    message.mutable_ask_lease()->set_revision(revision_);
    say(message);
  }
  [[nodiscard]] int leases() const { return leases_; }                    // answers so far
  [[nodiscard]] std::uint64_t revision() const { return revision_; }      // of the newest desired state
  std::future<std::string> next_close() { return closed_.get_future(); }  // why

 private:
  void read() {
    wire::ToHost message;
    while (stream_->Read(&message)) {
      if (message.has_desired()) report(message.desired());
      if (message.has_lease()) ++leases_;
      if (message.has_open_display()) opened(message.open_display());
      if (message.has_take_thumbnail()) pictured(message.take_thumbnail());
      if (message.has_close_session() && !std::exchange(told_, true))
        closed_.set_value(message.close_session().reason());
      if (message.has_event_stored()) acknowledged_.set_value(message.event_stored().event_id());
    }
  }
  void report(const wire::DesiredState& desired) {
    revision_ = desired.revision();
    wire::FromHost reply;
    reply.mutable_actual()->set_revision(desired.revision());
    for (const wire::DesiredDesktop& wanted : desired.desktops()) {
      if (wanted.power() == wire::DesiredDesktop::DELETED) continue;
      wire::ActualDesktop& seen = *reply.mutable_actual()->add_desktops();
      seen.set_desktop_id(wanted.desktop_id());
      seen.set_epoch(wanted.epoch());
      seen.set_state(wanted.power() == wire::DesiredDesktop::ON ? wire::DESKTOP_STATE_RUNNING
                                                                : wire::DESKTOP_STATE_STOPPED);
    }
    say(reply);
  }
  void opened(const wire::OpenDisplay& request) {
    wire::FromHost reply;
    reply.mutable_display_opened()->set_request_id(request.request_id());
    reply.mutable_display_opened()->set_certificate_sha256(kFingerprint);
    say(reply);
  }

  void pictured(const wire::TakeThumbnail& request) {
    wire::FromHost reply;
    reply.mutable_thumbnail()->set_request_id(request.request_id());
    reply.mutable_thumbnail()->set_jpeg(picture);
    say(reply);
  }

  grpc::ClientContext context_;
  std::unique_ptr<wire::Nodes::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<wire::FromHost, wire::ToHost>> stream_;
  std::mutex writing_;
  std::promise<std::string> acknowledged_, closed_;
  bool told_ = false;
  std::atomic<int> leases_ = 0;
  std::atomic<std::uint64_t> asked_ = 0;
  std::atomic<std::uint64_t> revision_ = 0;
  std::jthread reader_;
};

}  // namespace tobari::broker
