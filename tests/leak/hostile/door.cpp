// SPDX-License-Identifier: GPL-3.0-or-later
#include "door.h"

#include <cstdio>
#include <iostream>

#include <nlohmann/json.hpp>

namespace tobari::leak {

Result<Target> StandDoor::open(const std::string& session) {
  Target target;
  target.port = stand_.port();
  target.secret = stand_.arm(session, channels_);
  return target;
}

Passed StandDoor::passed() {
  const Tap::Seen seen = stand_.seen();
  return {seen.canaries, stand_.calls(), seen.files_to_machine};
}

std::optional<bool> StandDoor::violation(const std::string& session) {
  const auto report = stand_.wait_ended(session);
  return report.has_value() && report->violation;
}

Result<void> StandDoor::sound() {
  return stand_.alive() ? Result<void>{} : fail(Errc::kUnavailable, "the display process has ended");
}

Result<Target> BrokerDoor::open(const std::string& /*session*/) {
  std::puts(R"({"need": "connection"})");
  std::fflush(stdout);
  std::string line;
  if (!std::getline(std::cin, line)) return fail(Errc::kUnavailable, "nobody answers");
  const auto answer = nlohmann::json::parse(line, nullptr, false);
  if (!answer.is_object()) return fail(Errc::kInvalidArgument, "the answer is not understood");
  Target target;
  target.address = answer.value("address", "");
  target.port = answer.value("port", std::uint16_t{0});
  target.user = answer.value("user", "");
  target.secret = answer.value("secret", "");
  target.routing_token = answer.value("routing_token", "");
  return target;
}

}  // namespace tobari::leak
