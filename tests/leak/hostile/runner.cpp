// SPDX-License-Identifier: GPL-3.0-or-later
#include "runner.h"

#include <array>
#include <chrono>
#include <format>
#include <utility>

namespace tobari::leak {
namespace {

using namespace std::chrono_literals;

void note(Outcome& outcome, std::string fault) {
  if (outcome.fault.empty()) outcome.fault = std::move(fault);
}

}  // namespace

Result<void> Runner::ensure_client() {
  if (client_ && !client_->ended()) return {};
  client_.reset();
  session_ = std::format("{}-{}", name_, sessions_++);
  TOBARI_ASSIGN(const Target target, door_.open(session_));
  TOBARI_ASSIGN(client_, Rogue::connect(target, announced(), machine_stem_));
  return {};
}

std::size_t Runner::spoken() {
  if (!client_) return 0;
  std::size_t bytes = 0;
  for (const auto& [channel, count] : client_->received()) {
    if (!open_.contains(channel)) bytes += count;
  }
  return bytes + client_->canaries();
}

Outcome Runner::run(const Attack& attack, std::size_t attempts) {
  constexpr std::array kMoments{Moment::kAtOnce, Moment::kWithGraphics, Moment::kWithPicture};
  Outcome outcome;
  for (std::size_t i = 0; i < attempts; ++i) {
    if (const auto connected = ensure_client(); !connected) {
      note(outcome, "the next client was not let in: " + connected.error().message);
      client_.reset();
      continue;
    }
    attempt(attack, kMoments[i % kMoments.size()], outcome);
    if (const auto sound = door_.sound(); !sound) {
      note(outcome, sound.error().message);
      return outcome;
    }
  }
  return outcome;
}

void Runner::attempt(const Attack& attack, Moment moment, Outcome& outcome) {
  Rogue& client = *client_;
  if (moment != Moment::kAtOnce || attack.answer == Answer::kAny) {
    static_cast<void>(client.pump(3s, [&client] { return client.dynamic().graphics_ready(); }));
  }
  if (moment == Moment::kWithPicture)
    static_cast<void>(client.pump(3s, [&client] { return client.dynamic().frames() > 0; }));
  if (client.ended()) return note(outcome, "the client was thrown out before it did anything");
  const Passed before = door_.passed();
  const std::string canary = canaries_.next();
  attack.push(client, filled(canary, attack.size), canary);
  ++outcome.attempts;
  const bool served = client.still_served();
  const Passed after = door_.passed();
  const std::size_t passed =
      after.canaries - before.canaries + (after.calls - before.calls) + (after.files - before.files) + spoken();
  outcome.through += passed;
  if (passed != 0) {
    std::string channels;
    for (const auto& [channel, count] : client.received()) channels += std::format(" {}:{}", channel, count);
    note(outcome, std::format("passed: {} canaries, {} calls, {} files to the machine; from it {} canaries, bytes on{}",
                              after.canaries - before.canaries, after.calls - before.calls, after.files - before.files,
                              client.canaries(), channels));
  }
  judge(attack, served, outcome);
  if (passed != 0) client_.reset();  // what it received is counted once
}

void Runner::judge(const Attack& attack, bool served, Outcome& outcome) {
  if (served) {
    ++outcome.ignored;
    if (attack.answer != Answer::kAny) note(outcome, "the session goes on");
    return;
  }
  const bool ended = client_->ended();
  if (!ended) {  // neither answers nor closes: nothing more is tried on it
    ++outcome.ignored;
    if (attack.answer != Answer::kAny) note(outcome, "the session goes on, silent");
    client_.reset();
    return;
  }
  client_.reset();  // the server waits for the other side to hear why
  const auto violation = door_.violation(session_);
  if (violation.value_or(true)) {
    ++outcome.cut_off;
  } else {
    ++outcome.ended;
    if (attack.answer == Answer::kCutOff) note(outcome, "it was cut off, but not reported as a violation");
  }
}

std::map<std::string, Outcome> Runner::try_tickets(std::size_t attempts) {
  std::map<std::string, Outcome> all;
  const auto refused = [this, &all](const std::string& how, Target target) {
    Outcome& outcome = all[how];
    ++outcome.attempts;
    const auto client = Rogue::connect(target, announced(), machine_stem_);
    if (client) {
      ++outcome.through;
      note(outcome, "it was let in");
    } else {
      ++outcome.cut_off;
    }
  };
  for (std::size_t i = 0; i < attempts; ++i) {
    client_.reset();
    const auto target = door_.open(std::format("{}-ticket-{}", name_, sessions_++));
    if (!target) {
      note(all["a ticket"], target.error().message);
      return all;
    }
    Target wrong = *target;
    wrong.secret.back() = wrong.secret.back() == 'A' ? 'B' : 'A';
    if (wrong.routing_token.empty()) {  // at the gateway each of these would use up the one token
      refused("one letter of the ticket changed", wrong);
      wrong.secret.clear();
      refused("no ticket", wrong);
      wrong.secret = target->secret + target->secret;
      refused("a ticket twice as long", wrong);
      wrong.secret = target->user;
      refused("the user's name as the ticket", wrong);
    }
    {
      const auto first = Rogue::connect(*target, announced(), machine_stem_);
      if (!first) {
        note(all["a ticket"], "a good ticket was refused: " + first.error().message);
        continue;
      }
      (*first)->push("cliprdr", filled(canaries_.next(), 32));
      static_cast<void>((*first)->still_served());
    }
    refused("a used ticket, after a violation", *target);
  }
  return all;
}

}  // namespace tobari::leak
