// SPDX-License-Identifier: GPL-3.0-or-later
// One user's morning: signs in, looks which desktops there are, connects to the pool; asks again as a client does when
// its broker says so or has died, under the same key and at the next broker.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <random>
#include <string>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include "http_line.h"
#include "storm_plan.h"

namespace tobari::load {

class StormUser {
 public:
  using Steady = std::chrono::steady_clock;

  // All of these outlive it.
  StormUser(const StormPlan& plan, std::size_t number, boost::asio::io_context& io, boost::asio::ssl::context& tls);

  // Begins at that time.
  [[nodiscard]] boost::asio::awaitable<UserOutcome> live(Steady::time_point begin);

 private:
  // Until there is an answer that is final. Empty: patience has ended.
  [[nodiscard]] boost::asio::awaitable<std::optional<HttpReply>> insist(HttpQuestion question);
  [[nodiscard]] boost::asio::awaitable<bool> sign_in();
  [[nodiscard]] boost::asio::awaitable<bool> look();
  [[nodiscard]] boost::asio::awaitable<bool> connect();
  [[nodiscard]] boost::asio::awaitable<void> pause(std::chrono::milliseconds for_how_long);
  [[nodiscard]] std::chrono::milliseconds jittered(std::chrono::milliseconds around);
  void take_line();
  void next_broker();
  [[nodiscard]] bool give_up(const HttpReply& reply);

  const StormPlan& plan_;
  const std::size_t number_;
  boost::asio::io_context& io_;
  boost::asio::ssl::context& tls_;
  std::mt19937_64 chance_;
  std::size_t broker_;
  std::unique_ptr<HttpLine> line_;
  Steady::time_point until_;
  std::string token_;
  UserOutcome outcome_;
};

}  // namespace tobari::load
