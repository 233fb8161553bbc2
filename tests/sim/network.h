// SPDX-License-Identifier: GPL-3.0-or-later
// The network: lines between hosts and brokers, which keep order until they break, and calls of people. It is slow, it
// loses, repeats and reorders, and any way of it can be cut. What is sent over a way that is cut waits, as TCP does,
// until the way is whole or somebody gives the line up.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <vector>

#include "engine.h"
#include "messages.h"

namespace tobari::sim {

class World;

class Network {
 public:
  using Site = std::size_t;

  Network(World& world, std::size_t brokers, std::size_t hosts, std::uint64_t seed);

  [[nodiscard]] Site broker(std::size_t index) const noexcept { return index; }
  [[nodiscard]] Site host(std::size_t index) const noexcept { return brokers_ + index; }
  [[nodiscard]] Site people() const noexcept { return sites_ - 1; }
  [[nodiscard]] bool open(Site from, Site to) const noexcept { return cuts_[from * sites_ + to] == 0; }
  void cut(Site from, Site to);
  void mend(Site from, Site to);
  // From now on it loses, repeats and reorders nothing.
  void become_calm();

  // ---- lines
  void to_broker(std::size_t host, std::size_t broker, ToBroker message);
  void to_host(std::size_t broker, std::size_t host, ToHost message);
  [[nodiscard]] bool line_is_open(std::size_t host, std::size_t broker) const;  // as the host sees it
  void agent_started(std::size_t host);
  void agent_died(std::size_t host);
  void broker_died(std::size_t broker);
  void somebody_stands_still();

  // ---- people
  void call(std::size_t broker, Task task);
  void answer(std::size_t broker, Task task);

  [[nodiscard]] Moment latency();

 private:
  struct Line {
    std::uint64_t stream = 0;  // the newest
    bool host_has = false;     // the host takes it for open
    bool broken = true;        // nothing passes any more
    Moment last_up{};
    Moment last_down{};
    std::deque<ToBroker> held_up;
    std::deque<ToHost> held_down;
    bool odd = false;  // something came twice, or a report after a later one
  };

  [[nodiscard]] Line& line(std::size_t host, std::size_t broker) { return lines_[host * brokers_ + broker]; }
  [[nodiscard]] const Line& line(std::size_t host, std::size_t broker) const {
    return lines_[host * brokers_ + broker];
  }
  void dial(std::size_t host, std::size_t broker);
  [[nodiscard]] bool reaches(std::size_t host, std::size_t broker) const;
  void dial_later(std::size_t host, std::size_t broker);
  void break_line(std::size_t host, std::size_t broker);
  void host_notices(std::size_t host, std::size_t broker, std::uint64_t stream);
  void give_up_later(std::size_t host, std::size_t broker);
  void flush(std::size_t host, std::size_t broker);
  // What the weather does to one; true: it does not arrive this way.
  [[nodiscard]] bool is_lost(std::size_t host, std::size_t broker, bool may_vanish);
  [[nodiscard]] Moment arrival(Moment& last, bool may_be_late);
  void send_up(std::size_t host, std::size_t broker, const ToBroker& message);
  void send_down(std::size_t host, std::size_t broker, const ToHost& message);

  World& world_;
  const std::size_t brokers_;
  const std::size_t sites_;
  std::vector<int> cuts_;
  std::vector<Line> lines_;
  Random chance_;
  bool calm_ = false;
};

}  // namespace tobari::sim
