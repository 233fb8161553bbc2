// SPDX-License-Identifier: GPL-3.0-or-later
// When the host agent was heard last, and what follows from that. Its control socket may be held by somebody else while
// it is started again, so that silence is all there is to see. Pure; one thread.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>

#include <tobari/base/clock.h>

namespace tobari::display {

class AgentWatch {
 public:
  using Time = Clock::Steady;
  static constexpr std::chrono::seconds kAwayAfter{6};  // three pings
  static constexpr std::chrono::seconds kMaxHold{300};

  enum class State : std::uint8_t {
    kThere,
    kAway,  // nothing that needs it can be had
    kOver,  // it does not come back
  };

  // `hold`: from the last word to kOver; nothing: it is not watched.
  void begin(std::chrono::seconds hold, Time now) noexcept {
    hold_ = std::min(hold, kMaxHold);
    heard_ = now;
  }
  void heard(Time now) noexcept { heard_ = now; }

  [[nodiscard]] State state(Time now) const noexcept {
    if (hold_.count() <= 0) return State::kThere;
    if (now - heard_ >= hold_) return State::kOver;
    return now - heard_ >= away_after() ? State::kAway : State::kThere;
  }
  // Until the state is another one, if nothing is heard; nothing: it stays.
  [[nodiscard]] std::optional<std::chrono::milliseconds> changes_in(Time now) const noexcept {
    const State current = state(now);
    if (hold_.count() <= 0 || current == State::kOver) return std::nullopt;
    const Time next = heard_ + (current == State::kThere ? away_after() : hold_);
    return std::chrono::ceil<std::chrono::milliseconds>(next - now);
  }

 private:
  [[nodiscard]] std::chrono::seconds away_after() const noexcept { return std::min(kAwayAfter, hold_); }

  std::chrono::seconds hold_{0};
  Time heard_{};
};

}  // namespace tobari::display
