// SPDX-License-Identifier: GPL-3.0-or-later
// load_storm: many users sign in within a minute and connect to a pool, each as a client of its own; what they were
// told, and how long it took, goes into a file. tests/load/run starts the brokers and hosts around it.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <format>
#include <fstream>
#include <iterator>
#include <memory>
#include <mutex>
#include <print>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>
#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>
#include <nlohmann/json.hpp>

#include <tobari/net/tcp_socket.h>

#include "figures.h"
#include "storm_plan.h"
#include "storm_user.h"

namespace tobari::load {
namespace {

namespace asio = boost::asio;
using Report = nlohmann::ordered_json;

constexpr std::size_t kMostThreads = 16;

// One thread's share: every so-manyth user.
std::vector<UserOutcome> live_through(const StormPlan& plan, std::size_t thread, std::size_t threads,
                                      StormUser::Steady::time_point start) {
  asio::io_context io(1);
  asio::ssl::context tls(asio::ssl::context::tls_client);
  tls.add_certificate_authority(asio::buffer(plan.ca_pem));
  std::vector<std::unique_ptr<StormUser>> users;
  std::vector<UserOutcome> outcomes;
  for (std::size_t number = thread; number < plan.users; number += threads) {
    std::mt19937_64 chance(plan.seed * 7'919 + number);
    const auto begin =
        start + std::chrono::milliseconds(std::uniform_int_distribution<long>(0, plan.span.count())(chance));
    users.push_back(std::make_unique<StormUser>(plan, number, io, tls));
    asio::co_spawn(io, users.back()->live(begin), [&outcomes](const std::exception_ptr& error, UserOutcome outcome) {
      if (error != nullptr) outcome.problem = "an exception";
      outcomes.push_back(std::move(outcome));
    });
  }
  io.run();
  return outcomes;
}

Report view_of(const Figures& figures) {
  return {{"count", figures.count},
          {"p50", figures.p50},
          {"p90", figures.p90},
          {"p99", figures.p99},
          {"worst", figures.worst}};
}

Report view_of(const UserOutcome& outcome) {
  return {{"user", outcome.user},
          {"done", outcome.done},
          {"problem", outcome.problem},
          {"login_ms", outcome.login_ms},
          {"list_ms", outcome.list_ms},
          {"connect_ms", outcome.connect_ms},
          {"total_ms", outcome.total_ms},
          {"session", outcome.session},
          {"asked_ns", outcome.asked_ns},
          {"acknowledged_ns", outcome.acknowledged_ns},
          {"lines_lost", outcome.lines_lost},
          {"refused", outcome.refused}};
}

Report report_of(const std::vector<UserOutcome>& outcomes) {
  std::vector<double> login;
  std::vector<double> list;
  std::vector<double> connect;
  std::vector<double> total;
  Report users = Report::array();
  for (const UserOutcome& outcome : outcomes) {
    users.push_back(view_of(outcome));
    if (!outcome.done) continue;
    login.push_back(outcome.login_ms);
    list.push_back(outcome.list_ms);
    connect.push_back(outcome.connect_ms);
    total.push_back(outcome.total_ms);
  }
  return {{"login", view_of(figures_of(std::move(login)))},
          {"list", view_of(figures_of(std::move(list)))},
          {"connect", view_of(figures_of(std::move(connect)))},
          {"total", view_of(figures_of(std::move(total)))},
          {"users", std::move(users)}};
}

std::vector<UserOutcome> storm(const StormPlan& plan, std::size_t threads) {
  std::vector<UserOutcome> all;
  std::mutex mutex;
  const auto start = StormUser::Steady::now() + std::chrono::milliseconds(200);
  {
    std::vector<std::jthread> running;
    for (std::size_t thread = 0; thread < threads; ++thread) {
      running.emplace_back([&plan, &all, &mutex, thread, threads, start] {
        auto outcomes = live_through(plan, thread, threads, start);
        const std::scoped_lock lock(mutex);
        std::ranges::move(outcomes, std::back_inserter(all));
      });
    }
  }
  return all;
}

std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace
}  // namespace tobari::load

int main(int argc, char** argv) {
  tobari::load::StormPlan plan;
  std::vector<std::string> brokers;
  std::string ca_file;
  std::string out;
  double seconds = 60;
  double patience = 90;
  std::size_t threads = 2;
  bool one_address = false;
  CLI::App app("Many users sign in and connect to a pool.");
  app.add_option("--broker", brokers, "ADDRESS:PORT of a portal; again for further ones")->required();
  app.add_option("--ca", ca_file, "the brokers' ca.crt")->required();
  app.add_option("--pool", plan.pool, "its id")->required();
  app.add_option("--users", plan.users, "how many");
  app.add_option("--prefix", plan.prefix, "of their names, as load_users made them");
  app.add_option("--password", plan.password, "of all of them")->required();
  app.add_option("--seconds", seconds, "in which all begin");
  app.add_option("--patience", patience, "seconds until a user gives up");
  app.add_option("--threads", threads, "of this program")
      ->check(CLI::Range(std::size_t{1}, tobari::load::kMostThreads));
  app.add_option("--seed", plan.seed, "of who begins when");
  app.add_flag("--one-address", one_address, "all come from the same address");
  app.add_option("--out", out, "file for the report, JSON")->required();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  for (const std::string& text : brokers) {
    const auto endpoint = tobari::net::parse_endpoint(text);
    if (!endpoint) {
      std::println(stderr, "load_storm: --broker {}: {}", text, endpoint.error().message);
      return 2;
    }
    plan.brokers.push_back({endpoint->address, endpoint->port});
  }
  plan.ca_pem = tobari::load::text_of(ca_file);
  plan.span = std::chrono::milliseconds(static_cast<long>(seconds * 1000));
  plan.patience = std::chrono::milliseconds(static_cast<long>(patience * 1000));
  plan.own_addresses = !one_address;
  try {  // Asio's constructors
    std::ofstream(out) << tobari::load::report_of(tobari::load::storm(plan, threads)).dump(1) << "\n";
  } catch (const std::exception& e) {
    std::println(stderr, "load_storm: {}", e.what());
    return 1;
  }
  return 0;
}
