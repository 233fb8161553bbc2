// SPDX-License-Identifier: GPL-3.0-or-later
// Measures a broker in this process: sign-ins and reads a second, and how long each takes.
//   broker_load [CLIENTS] [SECONDS]
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <print>
#include <thread>
#include <vector>

#include "running_broker.h"

namespace {

using Clock = std::chrono::steady_clock;
using Milliseconds = std::chrono::duration<double, std::milli>;

struct Shape {
  const char* name;
  tobari::broker::Request request;
};

void measure(const tobari::broker::RunningBroker& running, const Shape& shape, int clients, int seconds) {
  std::vector<std::vector<double>> times(static_cast<std::size_t>(clients));
  const auto until = Clock::now() + std::chrono::seconds(seconds);
  {
    std::vector<std::jthread> threads;
    for (auto& mine : times) {
      threads.emplace_back([&running, &shape, &mine, until] {
        auto client = running.client();
        while (Clock::now() < until) {
          const auto began = Clock::now();
          const auto answer = client.send(shape.request);
          if (!answer.has_value() || answer->status >= 300) {
            std::println(stderr, "{}: {}", shape.name, answer.has_value() ? answer->body : answer.error().message);
            return;
          }
          mine.push_back(Milliseconds(Clock::now() - began).count());
        }
      });
    }
  }
  std::vector<double> all;
  for (const auto& mine : times) all.insert(all.end(), mine.begin(), mine.end());
  std::ranges::sort(all);
  if (all.empty()) return;
  const auto at = [&all](std::size_t percent) { return all[std::min(all.size() - 1, all.size() * percent / 100)]; };
  std::println("{:<10} {:>2} clients {:>8.0f}/s  p50 {:.2f} ms  p99 {:.2f} ms", shape.name, clients,
               static_cast<double>(all.size()) / seconds, at(50), at(99));
}

}  // namespace

int main(int argc, char** argv) {
  const int clients = argc > 1 ? std::atoi(argv[1]) : 8;
  const int seconds = argc > 2 ? std::atoi(argv[2]) : 3;
  tobari::log::init("broker_load", tobari::log::Level::kWarning);
  tobari::broker::RunningBroker running;
  if (!running.init().has_value() || !running.start().has_value()) return 1;
  tobari::broker::Request read;
  read.method = "GET";
  read.path = "/api/v1/desktops";
  read.authorization = "Bearer " + running.sign_in("root");
  tobari::broker::Request login;
  login.method = "POST";
  login.path = "/api/v1/login";
  login.body = R"({"user":"root","password":"correct password"})";
  measure(running, {"desktops", read}, 1, seconds);
  measure(running, {"desktops", read}, clients, seconds);
  measure(running, {"login", login}, 1, seconds);
  measure(running, {"login", login}, clients, seconds);
}
