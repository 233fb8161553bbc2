// SPDX-License-Identifier: GPL-3.0-or-later
#include "keeper/keeper_service.h"

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include <sys/socket.h>

#include <tobari/base/log.h>

#include "keeper/descriptor_keeper.h"

// glibc 2.41 forgets to say that these are C.
extern "C" {
#include <sys/pidfd.h>
}

namespace tobari::vmhost {
namespace {

constexpr int kMessagesATurn = 64;

bool is_ours(int socket) {
  ucred peer{};
  socklen_t size = sizeof peer;
  return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 && peer.uid == ::geteuid();
}

void signal_process(const UniqueFd& process, int signal) noexcept {
  static_cast<void>(::pidfd_send_signal(process.get(), signal, nullptr, 0));
}

std::int64_t whole_milliseconds(Loop::Steady::duration time) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(time).count();
}

}  // namespace

KeeperService::KeeperService(Loop& loop, UniqueFd listener, std::function<void()> done, KeeperTimes times)
    : loop_(loop), listener_(std::move(listener)), done_(std::move(done)), times_(times) {
  watch_listener_ = loop_.watch(listener_.get(), POLLIN, [this](short) { on_connection(); });
  hold_timer_ = loop_.after(times_.first_agent, [this] { end_everything(); });
}

// ---- who comes

void KeeperService::on_connection() {
  UniqueFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (!socket) return;
  if (!is_ours(socket.get()) || waiting_.size() >= kMaxWaiting) {
    return log::warning("somebody is not let in", {{"because", "it is not the agent's user, or too many wait"}});
  }
  waiting_.push_back(std::move(socket));
  if (agent_) log::warning("an agent waits until the one before has gone");
  next_agent();
}

void KeeperService::next_agent() {
  if (agent_ || waiting_.empty()) return;
  agent_.emplace(std::move(waiting_.front()));
  waiting_.pop_front();
  watch_agent();
}

void KeeperService::watch_agent() {
  const short events = static_cast<short>(handing_over_ ? POLLIN | POLLOUT : POLLIN);
  watch_agent_ = loop_.watch(agent_->fd(), events, [this](short revents) { on_agent(revents); });
}

void KeeperService::on_agent(short revents) {
  if (handing_over_ && (revents & POLLOUT) != 0) hand_over();
  for (int i = 0; i < kMessagesATurn && agent_ && hear_one(); ++i) {
  }
}

bool KeeperService::hear_one() {
  wire::ToKeeper message;
  auto got = agent_->receive(message);
  using Status = display::ControlReceived::Status;
  if (!got) {
    agent_gone(got.error().message);
  } else if (got->status == Status::kClosed) {
    agent_gone("it has closed its line");
  } else if (got->status == Status::kMessage) {
    if (handle(message, std::move(got->descriptor))) return true;
    agent_gone("it says what makes no sense");
  }
  return false;
}

void KeeperService::agent_gone(const std::string& why) {
  watch_agent_.reset();
  agent_.reset();
  to_hand_over_.clear();
  handing_over_ = false;
  if (std::exchange(attached_, false)) {
    away_since_ = Loop::Steady::now();
    log::info("agent has gone",
              {{"why", why}, {"held", std::to_string(entries_.size())}, {"for_ms", std::to_string(hold_.count())}});
    hold_timer_ = loop_.after(hold_, [this] { end_everything(); });
  }
  next_agent();
  look_whether_done();
}

// ---- what it says

bool KeeperService::handle(const wire::ToKeeper& message, UniqueFd descriptor) {
  if (attached_ == message.has_attach()) return false;
  switch (message.message_case()) {
    case wire::ToKeeper::kAttach:
      attach(message.attach());
      return true;
    case wire::ToKeeper::kKeep:
      keep(message.keep(), std::move(descriptor));
      return true;
    case wire::ToKeeper::kDrop:
      entries_.erase(message.drop().name());
      return true;
    case wire::ToKeeper::kEnd:
      end_everything();
      return true;
    case wire::ToKeeper::MESSAGE_NOT_SET:
      break;
  }
  return true;  // of a newer version
}

void KeeperService::attach(const wire::KeeperAttach& message) {
  attached_ = true;
  hold_timer_.reset();
  hold_ = times_.hold.value_or(std::min(std::chrono::seconds(message.hold_seconds()), kMaxHold));
  for (const auto& [name, entry] : entries_) to_hand_over_.push_back(name);
  log::info("agent is there", {{"held", std::to_string(entries_.size())}});
  handing_over_ = true;
  hand_over();
}

void KeeperService::keep(const wire::KeeperKeep& message, UniqueFd descriptor) {
  const auto known = entries_.find(message.name());
  const bool room = known != entries_.end() || entries_.size() < kMaxKept;
  if (!room || !may_be_kept(message.name(), message.note())) {
    return log::error("not kept: too many, or too large", {{"held", std::to_string(entries_.size())}});
  }
  Entry& entry = entries_[message.name()];
  entry.note = message.note();
  if (!descriptor) return;
  entry.descriptor = std::move(descriptor);
  entry.process = message.process();
}

// As fast as it reads: its socket holds some hundred messages.
void KeeperService::hand_over() {
  for (; !to_hand_over_.empty(); to_hand_over_.pop_front()) {
    const auto found = entries_.find(to_hand_over_.front());
    if (found == entries_.end()) continue;
    wire::FromKeeper message;
    message.mutable_kept()->set_name(found->first);
    message.mutable_kept()->set_note(found->second.note);
    message.mutable_kept()->set_process(found->second.process);
    const auto sent = agent_->send(message, found->second.descriptor.get());
    if (!sent && sent.error().code == Errc::kExhausted) return watch_agent();
    if (!sent) return not_handed_over(sent.error());
  }
  wire::FromKeeper all;
  const auto away = away_since_ ? whole_milliseconds(Loop::Steady::now() - *away_since_) : 0;
  all.mutable_attached()->set_away_ms(static_cast<std::uint64_t>(away));
  const auto sent = agent_->send(all);
  if (!sent && sent.error().code != Errc::kExhausted) return not_handed_over(sent.error());
  handing_over_ = !sent;
  watch_agent();
}

// An agent that has died may have said what it began first: that is heard, and then the end of its line.
void KeeperService::not_handed_over(const Error& why) {
  if (why.code != Errc::kUnavailable) return agent_gone(why.message);
  to_hand_over_.clear();
  handing_over_ = false;
  watch_agent();
}

// ---- the end

void KeeperService::end_everything() {
  if (!entries_.empty()) log::warning("what is held ends", {{"held", std::to_string(entries_.size())}});
  hold_timer_.reset();
  for (auto& [name, entry] : entries_) {
    if (!entry.process) continue;
    signal_process(entry.descriptor, SIGTERM);
    ending_.push_back(std::move(entry.descriptor));
  }
  entries_.clear();
  if (ending_.empty()) return look_whether_done();
  grace_timer_ = loop_.after(times_.grace, [this] { kill_the_rest(); });
}

void KeeperService::kill_the_rest() {
  for (const UniqueFd& process : ending_) signal_process(process, SIGKILL);
  ending_.clear();
  look_whether_done();
}

void KeeperService::look_whether_done() {
  if (!agent_ && waiting_.empty() && entries_.empty() && ending_.empty()) done_();
}

}  // namespace tobari::vmhost
