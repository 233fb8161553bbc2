// SPDX-License-Identifier: GPL-3.0-or-later
// tobari-shaper: the relay as a program. Commands on standard input, one a line: stall, resume, rate BITS_A_SECOND.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <string>

#include <CLI/CLI.hpp>

#include "shaper/relay.h"

namespace {

using tobari::testing::ShapingRelay;

void obey(ShapingRelay& relay, const std::string& line, std::chrono::microseconds round_trip, std::size_t queue) {
  std::istringstream words(line);
  std::string command;
  std::uint64_t rate = 0;
  words >> command;
  if (command == "stall") {
    relay.stall();
  } else if (command == "resume") {
    relay.resume();
  } else if (command == "rate" && words >> rate && rate > 0) {
    relay.reshape(tobari::testing::symmetric(rate, round_trip, queue));
  } else {
    std::fprintf(stderr, "tobari-shaper: not understood: %s\n", line.c_str());
  }
}

}  // namespace

int main(int argc, char** argv) {
  std::string listen = "127.0.0.1:0";
  std::string connect;
  std::uint64_t rate = 0;
  double round_trip_ms = 0;
  std::size_t queue = 0;
  CLI::App app{"TCP relay with the rate and the length of a line; ends with its standard input"};
  app.add_option("--listen", listen, "ADDRESS:PORT; port 0: any, printed as port=N");
  app.add_option("--connect", connect, "ADDRESS:PORT of the server")->required();
  app.add_option("--rate", rate, "bits a second, each way")->required()->check(CLI::PositiveNumber);
  app.add_option("--rtt", round_trip_ms, "round trip in milliseconds")->check(CLI::Range(0.0, 10000.0));
  app.add_option("--queue", queue, "bytes that wait for the line at most (default: a tenth of a second of it)");
  CLI11_PARSE(app, argc, argv);

  const auto trip = std::chrono::microseconds(static_cast<std::int64_t>(round_trip_ms * 1000));
  const auto from = tobari::net::parse_endpoint(listen);
  const auto to = tobari::net::parse_endpoint(connect);
  if (!from || !to) {
    std::fprintf(stderr, "tobari-shaper: %s\n", (from ? to : from).error().message.c_str());
    return 2;
  }
  const auto relay = ShapingRelay::create(*from, *to, tobari::testing::symmetric(rate, trip, queue));
  if (!relay) {
    std::fprintf(stderr, "tobari-shaper: %s\n", relay.error().message.c_str());
    return 1;
  }
  std::printf("port=%u\n", (*relay)->port());
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) obey(**relay, line, trip, queue);
  return 0;
}
