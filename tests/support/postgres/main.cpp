// SPDX-License-Identifier: GPL-3.0-or-later
// test_postgres: a PostgreSQL of a script's own. Prints the connection string of a new database, then does what the
// lines on its standard input say (kill, start) and answers each with "done"; ends, and everything with it, at their
// end.
#include <cstdio>
#include <iostream>
#include <print>
#include <string>

#include "postgres/postgres_server.h"

namespace {

int give_up(const tobari::Error& why) {
  std::println(stderr, "test_postgres: {}", why.message);
  return 1;
}

}  // namespace

int main() {
  auto server = tobari::test::PostgresServer::start();
  if (!server.has_value()) return give_up(server.error());
  const auto url = (*server)->new_database();
  if (!url.has_value()) return give_up(url.error());
  std::println("{}", *url);
  std::fflush(stdout);
  for (std::string line; std::getline(std::cin, line);) {
    if (line == "kill") (*server)->kill();
    if (line == "start") {
      if (const auto started = (*server)->start_again(); !started.has_value()) return give_up(started.error());
    }
    std::println("done");
    std::fflush(stdout);
  }
  return 0;
}
