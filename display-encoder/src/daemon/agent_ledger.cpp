// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/agent_ledger.h"

#include <utility>

#include <tobari/display_control.pb.h>

#include "session/clipboard_relay.h"

namespace tobari::display {

void AgentLedger::enter(const Transfer& transfer, std::function<void(Result<void>)> done) {
  wire::FromDisplay message;
  bool room = true;
  bool away = false;
  {
    const std::scoped_lock lock(mutex_);
    away = away_;
    const auto now = SystemClock().now();
    if (now - period_began_ >= kPeriod) {
      period_began_ = now;
      in_period_ = 0;
    }
    std::erase_if(open_, [now](const auto& each) { return now - each.second.since > ClipboardRelay::kLedgerWithin; });
    room = open_.size() < kMaxOpen && in_period_ < kMaxInPeriod;
    if (room && !away) {
      ++in_period_;
      wire::Transfer& question = *message.mutable_transfer();
      question.set_id(++last_);
      question.set_session_id(transfer.session_id);
      question.set_channel(transfer.channel);
      question.set_format(std::string(policy::kFormatNames[static_cast<std::size_t>(transfer.format)]));
      question.set_bytes(transfer.bytes);
      open_[last_] = {std::move(done), now};
    }
  }
  if (away) return done(fail(Errc::kUnavailable, "the host agent is away, which writes down what passes"));
  if (!room) return done(fail(Errc::kExhausted, "too many transfers in a short time"));
  send_(message);
}

void AgentLedger::set_away(bool away) {
  std::map<std::uint64_t, Open> open;
  {
    const std::scoped_lock lock(mutex_);
    away_ = away;
    if (away) open.swap(open_);
  }
  for (auto& [id, each] : open) each.done(fail(Errc::kUnavailable, "the host agent went away before it answered"));
}

void AgentLedger::answered(const wire::TransferAnswer& answer) {
  std::function<void(Result<void>)> done;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = open_.find(answer.id());
    if (found == open_.end()) return;
    done = std::move(found->second.done);
    open_.erase(found);
  }
  if (answer.allowed()) return done({});
  done(fail(Errc::kPermissionDenied, answer.reason()));
}

}  // namespace tobari::display
