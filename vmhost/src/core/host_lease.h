// SPDX-License-Identifier: GPL-3.0-or-later
// The host's side of its lease: until when it may run what could be given anew elsewhere. Everything counts from when
// the host asked, by its own clock, which goes on while the machine sleeps. The broker's side, and why the two fit:
// broker/src/control/{lease_watch.h,hosts.cpp}. Pure; one thread at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <vector>

namespace tobari::vmhost {

struct LeaseTimes {
  std::chrono::milliseconds ask_every = std::chrono::seconds(8);     // the broker's kRenewEvery
  std::chrono::milliseconds fence_after = std::chrono::seconds(22);  // its kFenceAfter
};

class HostLease {
 public:
  using Time = std::chrono::nanoseconds;          // CLOCK_BOOTTIME
  static constexpr std::size_t kMostAsked = 16;   // questions whose answers are waited for
  static constexpr std::size_t kMostGrants = 16;  // that wait for a desired state

  // `brokers`: how many this host is told of; all of them are asked. `until`: what it had before this program was
  // started again, in the same life of the machine.
  HostLease(std::size_t brokers, LeaseTimes times, Time until = Time{0})
      : times_(times), promised_(brokers == 0 ? 1 : brokers), until_(until) {}

  // A question goes to all brokers now: its number. Never the same twice, also over restarts of this program.
  [[nodiscard]] std::uint64_t ask(Time now);
  // What was never asked, or long ago, is no answer. A grant holds when the host has that desired state, or a newer
  // one: it names what was taken from it while it had none.
  void granted(std::uint64_t number, std::uint64_t revision);
  // While the database is away. One that comes when the lease is over revives nothing.
  void promised(std::size_t broker, std::uint64_t number, Time now);
  void has_revision(std::uint64_t revision);

  [[nodiscard]] bool good(Time now) const noexcept { return now < until_; }
  [[nodiscard]] Time until() const noexcept { return until_; }

 private:
  struct Grant {
    Time asked{};
    std::uint64_t revision = 0;
  };
  [[nodiscard]] std::optional<Time> asked_at(std::uint64_t number) const;
  void extend(Time asked);

  const LeaseTimes times_;
  std::deque<std::pair<std::uint64_t, Time>> asked_;
  std::deque<Grant> waiting_;   // for their desired state
  std::vector<Time> promised_;  // by broker: until when
  std::uint64_t revision_ = 0;
  Time until_;
};

}  // namespace tobari::vmhost
