// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/clipboard_relay.h"

#include <algorithm>
#include <format>
#include <utility>

#include <tobari/base/clock.h>

#include "filter/clipboard_content.h"

namespace tobari::display {

using policy::Format;
using policy::FormatSet;

ClipboardRelay::ClipboardRelay(TransferLedger& ledger, std::function<void()> alarm,
                               std::function<void(const Denial&)> denied)
    : ledger_(ledger), alarm_(std::move(alarm)), denied_(std::move(denied)) {
  alive_->relay = this;
}

ClipboardRelay::~ClipboardRelay() {
  const std::scoped_lock lock(alive_->mutex);
  alive_->relay = nullptr;
}

// ---- who is there

void ClipboardRelay::set_guest(ClipboardEnd* guest) {
  const std::scoped_lock lock(mutex_);
  if (guest == guest_) return;
  drop_pending();
  guest_ = guest;
  if (newest_ == Direction::kFromGuest) {  // it has gone with the former one
    offered_ = {};
    show_offer();
    newest_.reset();
  } else {
    show_offer();  // the new one is told what the client has
  }
}

void ClipboardRelay::set_client(std::shared_ptr<DisplayTransport> client, const std::string& session_id,
                                const policy::Grant& grant) {
  const std::scoped_lock lock(mutex_);
  const bool other = client != client_;
  if (other) {
    drop_pending();
    if (newest_ == Direction::kToGuest) {
      offered_ = {};
      show_offer();
      newest_.reset();
    }
    if (open_) client_->close_clipboard();
    open_ = false;
    client_ = std::move(client);
    session_id_ = session_id;
  }
  gate_.set_grant(client_ ? grant : policy::Grant{});
  const bool any = gate_.open(Direction::kToGuest) || gate_.open(Direction::kFromGuest);
  if (!other) drop_pending();
  // Also when nothing passes any more: whoever was told before must be told that it is gone.
  if (other && any) client_->open_clipboard();
  if (other) open_ = any;
  show_offer();
  if (open_ && !any) {
    client_->close_clipboard();
    open_ = false;
  }
}

ClipboardEnd* ClipboardRelay::end(bool client) noexcept {
  if (!client) return guest_;
  return client_ && open_ ? &client_->clipboard() : nullptr;
}

// ---- offers

void ClipboardRelay::show_offer() {
  if (!newest_) return;
  if (ClipboardEnd* const to = asker(*newest_)) to->offer(gate_.passable(*newest_, offered_));
}

// An end that copies has the clipboard from now on: what the other one had is not on it any more.
void ClipboardRelay::offers(Direction direction, FormatSet formats) {
  if (formats.empty() && newest_ != direction) return;  // it had nothing to lose
  newest_ = direction;
  offered_ = formats;
  show_offer();
}

// ---- transfers

void ClipboardRelay::refuse(const Pending& pending) {
  if (ClipboardEnd* const to = asker(pending.direction)) to->answer(pending.asker_id, std::nullopt);
}

void ClipboardRelay::drop_pending() {
  for (const auto& [number, pending] : std::exchange(pending_, {})) refuse(pending);
}

ClipboardRelay::Denial ClipboardRelay::denial(Direction direction, std::string reason) const {
  return {session_id_, std::string(channel_of(direction)), std::move(reason)};
}

ClipboardRelay::After ClipboardRelay::asks(Direction direction, TransferId id, Format format) {
  ClipboardEnd* const to = asker(direction);
  ClipboardEnd* const from = giver(direction);
  if (to == nullptr) return {};
  const auto no = [to, id] { to->answer(id, std::nullopt); };
  if (const auto may = gate_.may_ask(direction, format); !may) {
    no();
    return {.denial = denial(direction, may.error().message)};
  }
  const bool there = from != nullptr && newest_ == direction && offered_.has(format);
  const auto same_way = [direction](const auto& entry) { return entry.second.direction == direction; };
  const bool room = std::cmp_less(std::ranges::count_if(pending_, same_way), kMaxClipboardAsks);
  if (!there || !room) {
    no();
    return {};
  }
  const TransferId number = next_++;
  pending_[number] = {.direction = direction,
                      .format = format,
                      .asker_id = id,
                      .stage = Stage::kAsked,
                      .until = SystemClock().now() + kAnswerWithin};
  from->ask(number, format, gate_.most(direction, format));
  return {};
}

ClipboardRelay::After ClipboardRelay::answers(Direction direction, TransferId number,
                                              Result<ClipboardContent> content) {
  const auto found = pending_.find(number);
  if (found == pending_.end() || found->second.direction != direction || found->second.stage != Stage::kAsked) {
    return {};  // nobody waits for it any more
  }
  Pending& pending = found->second;
  const auto give_up = [this, found](std::optional<Denial> why) {
    refuse(found->second);
    pending_.erase(found);
    return After{.denial = std::move(why)};
  };
  if (!content) {
    // What the other end does not give is its own affair; what is not what it says it is, or too much, is ours.
    const bool ours = content.error().code == Errc::kPeerProtocol || content.error().code == Errc::kExhausted;
    return give_up(ours ? std::optional(denial(direction, content.error().message)) : std::nullopt);
  }
  if (!gate_.may_ask(direction, Format::kImage) && holds_picture(pending.format, *content)) {
    return give_up(denial(direction, "a picture within it, which may not pass"));
  }
  const Time now = SystemClock().now();
  const auto wait = gate_.admit(direction, pending.format, content->size(), now);
  if (!wait) return give_up(denial(direction, wait.error().message));
  std::size_t held = content->size();
  for (const auto& [other, each] : pending_) held += each.content.size();
  if (held > kMaxHeld) return give_up(denial(direction, "too much is under way already"));
  pending.content = std::move(*content);
  pending.stage = Stage::kWaiting;
  pending.until = now + *wait;
  return wait->count() > 0 ? After{} : enter(number, pending, now);
}

ClipboardRelay::After ClipboardRelay::enter(TransferId number, Pending& pending, Time now) {
  pending.stage = Stage::kLedger;
  pending.until = now + kLedgerWithin;
  return {.enter =
              Transfer{session_id_, std::string(channel_of(pending.direction)), pending.format, pending.content.size()},
          .number = number};
}

// Without the lock: the ledger may answer at once.
void ClipboardRelay::say(After after) {
  if (after.denial) denied_(*after.denial);
  if (after.enter) {
    ledger_.enter(*after.enter, [alive = alive_, number = after.number](const Result<void>& result) {
      const std::scoped_lock lock(alive->mutex);
      if (alive->relay != nullptr) alive->relay->entered(number, result);
    });
  }
  alarm_();
}

void ClipboardRelay::entered(TransferId number, const Result<void>& result) {
  std::optional<Denial> told;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = pending_.find(number);
    if (found == pending_.end() || found->second.stage != Stage::kLedger) return;  // closed meanwhile
    Pending pending = std::move(found->second);
    pending_.erase(found);
    if (!result) {
      refuse(pending);
      // A denial is in the audit already; that nobody could be asked is not.
      if (result.error().code != Errc::kPermissionDenied) told = denial(pending.direction, result.error().message);
    } else if (ClipboardEnd* const to = asker(pending.direction)) {
      to->answer(pending.asker_id, std::move(pending.content));
    }
  }
  if (told) denied_(*told);
}

// ---- what the ends say

void ClipboardRelay::client_offers(const DisplayTransport& client, FormatSet formats) {
  const std::scoped_lock lock(mutex_);
  if (&client == client_.get() && open_) offers(Direction::kToGuest, formats);
}

void ClipboardRelay::client_asks(const DisplayTransport& client, TransferId id, Format format) {
  After after;
  {
    const std::scoped_lock lock(mutex_);
    if (&client != client_.get() || !open_) return;
    after = asks(Direction::kFromGuest, id, format);
  }
  say(std::move(after));
}

void ClipboardRelay::client_answers(const DisplayTransport& client, TransferId id, Result<ClipboardContent> content) {
  After after;
  {
    const std::scoped_lock lock(mutex_);
    if (&client != client_.get() || !open_) return;
    after = answers(Direction::kToGuest, id, std::move(content));
  }
  say(std::move(after));
}

void ClipboardRelay::GuestEvents::on_offer(FormatSet formats) {
  const std::scoped_lock lock(relay_.mutex_);
  relay_.offers(Direction::kFromGuest, formats);
}

void ClipboardRelay::GuestEvents::on_ask(TransferId id, Format format) {
  After after;
  {
    const std::scoped_lock lock(relay_.mutex_);
    after = relay_.asks(Direction::kToGuest, id, format);
  }
  relay_.say(std::move(after));
}

void ClipboardRelay::GuestEvents::on_answer(TransferId id, Result<ClipboardContent> content) {
  After after;
  {
    const std::scoped_lock lock(relay_.mutex_);
    after = relay_.answers(Direction::kFromGuest, id, std::move(content));
  }
  relay_.say(std::move(after));
}

// ---- time

std::optional<ClipboardRelay::Time> ClipboardRelay::next_alarm() {
  const std::scoped_lock lock(mutex_);
  std::optional<Time> next;
  for (const auto& [number, pending] : pending_) {
    if (!next || pending.until < *next) next = pending.until;
  }
  return next;
}

void ClipboardRelay::tick(Time now) {
  std::vector<After> all;
  {
    const std::scoped_lock lock(mutex_);
    for (auto at = pending_.begin(); at != pending_.end();) {
      Pending& pending = at->second;
      if (now < pending.until) {
        ++at;
      } else if (pending.stage == Stage::kWaiting) {
        all.push_back(enter(at->first, pending, now));
        ++at;
      } else {
        const bool ledger = pending.stage == Stage::kLedger;
        refuse(pending);
        if (ledger) all.push_back({.denial = denial(pending.direction, "it could not be written down in time")});
        at = pending_.erase(at);
      }
    }
  }
  for (After& after : all) say(std::move(after));
}

}  // namespace tobari::display
