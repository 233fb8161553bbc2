// SPDX-License-Identifier: GPL-3.0-or-later
#include "storm_user.h"

#include <algorithm>
#include <ctime>
#include <format>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ip/address_v4.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <nlohmann/json.hpp>

#include <tobari/base/ids.h>

namespace tobari::load {
namespace {

namespace asio = boost::asio;
using Json = nlohmann::json;
using Milliseconds = std::chrono::duration<double, std::milli>;

constexpr auto kWait = asio::as_tuple(asio::use_awaitable);
constexpr std::uint32_t kFirstAddress = 0x7f010001;  // 127.1.0.1

std::int64_t boottime_now() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

double since(StormUser::Steady::time_point begin) { return Milliseconds(StormUser::Steady::now() - begin).count(); }

std::string text_in(const std::string& body, const char* key) {
  const Json object = Json::parse(body, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found == object.end() || !found->is_string() ? std::string() : found->get<std::string>();
}

bool asks_to_come_again(int status) { return status == 429 || status == 503 || status == 504; }

}  // namespace

StormUser::StormUser(const StormPlan& plan, std::size_t number, asio::io_context& io, asio::ssl::context& tls)
    : plan_(plan),
      number_(number),
      io_(io),
      tls_(tls),
      chance_(plan.seed * 1'000'003 + number),
      broker_(number % plan.brokers.size()) {
  outcome_.user = std::format("{}{:05}", plan.prefix, number);
}

std::chrono::milliseconds StormUser::jittered(std::chrono::milliseconds around) {
  const auto half = std::max<std::int64_t>(around.count() / 2, 1);
  return std::chrono::milliseconds(half + std::uniform_int_distribution<std::int64_t>(0, half)(chance_));
}

asio::awaitable<void> StormUser::pause(std::chrono::milliseconds for_how_long) {
  asio::steady_timer timer(io_, for_how_long);
  co_await timer.async_wait(kWait);
}

void StormUser::take_line() {
  const BrokerAddress& broker = plan_.brokers[broker_];
  boost::system::error_code ignored;
  const auto address = asio::ip::make_address(broker.address, ignored);
  std::optional<HttpLine::Address> from;
  if (plan_.own_addresses) from = asio::ip::address_v4(kFirstAddress + static_cast<std::uint32_t>(number_));
  line_ = std::make_unique<HttpLine>(io_, tls_, HttpLine::Endpoint(address, broker.port), from);
}

void StormUser::next_broker() {
  broker_ = (broker_ + 1) % plan_.brokers.size();
  take_line();
}

asio::awaitable<std::optional<HttpReply>> StormUser::insist(HttpQuestion question) {
  std::chrono::milliseconds wait = kFirstPause;
  while (Steady::now() < until_) {
    const Result<HttpReply> reply = co_await line_->ask(question);
    if (!reply.has_value()) {
      ++outcome_.lines_lost;
      outcome_.problem = reply.error().message;
      next_broker();
      co_await pause(jittered(wait));
      wait = std::min(wait * 2, kLongestPause);
      continue;
    }
    if (!asks_to_come_again(reply->status)) co_return *reply;
    const std::string code = std::format("{} {}", reply->status, text_in(reply->body, "code"));
    ++outcome_.refused[code];
    outcome_.problem = code;
    // Another broker may hold the line of that host, or have its database.
    if (code != "503 desktop_starting" && plan_.brokers.size() > 1) next_broker();
    const auto asked = reply->retry_after.has_value() ? std::chrono::milliseconds(*reply->retry_after) : wait;
    co_await pause(jittered(std::min(asked, kLongestPause)));
  }
  co_return std::nullopt;
}

bool StormUser::give_up(const HttpReply& reply) {
  outcome_.problem = std::format("{} {}", reply.status, text_in(reply.body, "detail"));
  return false;
}

asio::awaitable<bool> StormUser::sign_in() {
  const auto began = Steady::now();
  const std::string body = Json{{"user", outcome_.user}, {"password", plan_.password}}.dump();
  HttpQuestion question{.method = "POST", .path = "/api/v1/login", .body = body};
  const auto reply = co_await insist(std::move(question));
  if (!reply.has_value()) co_return false;
  if (reply->status != 200) co_return give_up(*reply);
  token_ = text_in(reply->body, "token");
  outcome_.login_ms = since(began);
  co_return true;
}

asio::awaitable<bool> StormUser::look() {
  const auto began = Steady::now();
  HttpQuestion question{.method = "GET", .path = "/api/v1/desktops", .token = token_};
  const auto reply = co_await insist(std::move(question));
  if (!reply.has_value()) co_return false;
  if (reply->status != 200) co_return give_up(*reply);
  outcome_.list_ms = since(began);
  co_return true;
}

asio::awaitable<bool> StormUser::connect() {
  const auto began = Steady::now();
  outcome_.asked_ns = boottime_now();
  HttpQuestion question{.method = "POST",
                        .path = "/api/v1/pools/" + plan_.pool + "/connect",
                        .token = token_,
                        .idempotency_key = random_uuid(),
                        .body = R"({"client_name":"storm","client_kind":"load"})"};
  const auto reply = co_await insist(std::move(question));
  if (!reply.has_value()) co_return false;
  if (reply->status != 200) co_return give_up(*reply);
  outcome_.acknowledged_ns = boottime_now();
  outcome_.connect_ms = since(began);
  outcome_.session = text_in(reply->body, "session_id");
  if (outcome_.session.empty()) co_return give_up(*reply);
  co_return true;
}

asio::awaitable<UserOutcome> StormUser::live(Steady::time_point begin) {
  asio::steady_timer timer(io_, begin);
  co_await timer.async_wait(kWait);
  const auto began = Steady::now();
  until_ = began + plan_.patience;
  take_line();
  outcome_.done = co_await sign_in();
  if (outcome_.done) outcome_.done = co_await look();
  if (outcome_.done) outcome_.done = co_await connect();
  outcome_.total_ms = since(began);
  if (outcome_.done) outcome_.problem.clear();
  line_.reset();
  co_return outcome_;
}

}  // namespace tobari::load
