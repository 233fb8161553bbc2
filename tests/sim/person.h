// SPDX-License-Identifier: GPL-3.0-or-later
// Somebody with a client: asks for a desktop, asks again when nobody answers, comes from a second device, drops the
// line, logs off. The same request until it is answered, as clients do.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>

#include <tobari/base/ids.h>

#include "messages.h"
#include "random.h"

namespace tobari::sim {

class World;

class Person {
 public:
  Person(World& world, std::size_t index, UserId user_id, PoolId pool_id, std::uint64_t seed);

  const UserId user;
  const PoolId pool;

  void begin();
  // Everything is whole: comes in and stays, or is gone.
  void settle(bool stays);
  void answered(const ConnectAnswer& answer);
  void logged_off(std::uint64_t call);

  [[nodiscard]] std::size_t index() const noexcept { return index_; }
  [[nodiscard]] bool wants_in() const noexcept { return settled_ && stays_; }
  [[nodiscard]] bool works() const;  // is shown a desktop that runs
  [[nodiscard]] const DesktopId* desktop() const noexcept { return shown_ ? &shown_->desktop : nullptr; }

 private:
  struct Asking {
    RequestId request;
    Moment since{};
    bool rests = false;  // until it is time to ask again
  };
  struct Shown {
    DesktopId desktop;
    SessionId session;
    std::size_t host = 0;
    bool came = false;  // the client got there
  };
  struct Leaving {
    DesktopId desktop;
    Moment since{};
    std::set<std::uint64_t> calls{};  // an answer to one of an earlier leave says nothing of this desktop
  };

  void next();
  void look_around();
  void look_while_in();
  [[nodiscard]] bool is_in() const;
  void ask();
  void send();
  void send_in(Moment pause);
  void go_to_host(int tries);
  void leave(const DesktopId& desktop);
  void send_leaving();
  void drop_line();

  World& world_;
  const std::size_t index_;
  Random chance_;
  bool settled_ = false;
  bool stays_ = true;
  std::optional<Asking> asking_;
  std::optional<Shown> shown_;
  std::optional<Leaving> leaving_;
  std::set<std::uint64_t> calls_;  // to connect, that may still be answered
  std::optional<Moment> frozen_since_;
};

}  // namespace tobari::sim
