// SPDX-License-Identifier: GPL-3.0-or-later
// A line to each broker (docs/ARCHITECTURE.md, D67). What the host says of itself goes to all of them; an answer goes
// to who asked; what must be stored once goes to one, the first that is there. Loop thread only.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "link/broker_link.h"

namespace tobari::vmhost {

class BrokerLines {
 public:
  static constexpr std::size_t kMostBrokers = 16;
  static constexpr std::size_t kMostAsked = 1024;  // requests of brokers whose answers may be on their way

  using Send = std::function<void(const wire::FromHost&)>;
  struct Callbacks {
    std::function<void(const Send& line)> on_open;  // a new stream to one of them: say hello first
    std::function<void(std::size_t broker, const wire::ToHost&)> on_message;
    std::function<void()> on_lost;  // a line is gone: what it was to store, another one may have to
  };

  // `channels`: in the order of the configuration; at least one.
  BrokerLines(Loop& loop, const std::vector<std::shared_ptr<grpc::Channel>>& channels, Callbacks callbacks);

  // In order on each line; lost when that breaks: whoever must know is told again after on_open or on_lost.
  void send(const wire::FromHost& message);
  // Brokers that have said something on their line.
  [[nodiscard]] std::size_t connected() const;

 private:
  void on_message(std::size_t broker, const wire::ToHost& message);
  void send_to_all(const wire::FromHost& message);
  void answer(const std::string& request_id, const wire::FromHost& message);
  [[nodiscard]] BrokerLink& first_there();

  const Callbacks callbacks_;
  std::deque<std::pair<std::string, std::size_t>> asked_;  // by request id: which broker
  std::vector<std::unique_ptr<BrokerLink>> links_;         // last: their callbacks use the rest
};

}  // namespace tobari::vmhost
