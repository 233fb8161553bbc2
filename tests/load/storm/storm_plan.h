// SPDX-License-Identifier: GPL-3.0-or-later
// A morning: who signs in when and where, and what became of each. Plain values.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace tobari::load {

struct BrokerAddress {
  std::string address;  // numeric
  std::uint16_t port = 0;
};

struct StormPlan {
  std::vector<BrokerAddress> brokers;  // at least one; user number i begins with i modulo their count
  std::string ca_pem;
  std::string prefix = "user";
  std::string password;
  std::string pool;  // its id
  std::size_t users = 1000;
  std::chrono::milliseconds span{60'000};      // in which all of them begin, each at a random moment
  std::chrono::milliseconds patience{90'000};  // of one user, from the beginning
  // Clients have an address each, as devices in a house do: from 127.1.0.1 on. False: that of this machine.
  bool own_addresses = true;
  std::uint64_t seed = 1;
};

// What a client waits for an answer: a broker may think about a connect for 20 s.
inline constexpr std::chrono::milliseconds kAnswerWithin{28'000};
inline constexpr std::chrono::milliseconds kConnectWithin{5'000};
inline constexpr std::chrono::milliseconds kFirstPause{100};
inline constexpr std::chrono::milliseconds kLongestPause{2'000};
inline constexpr std::size_t kMaxReplyBytes = std::size_t{1} << 20U;

struct UserOutcome {
  std::string user;
  bool done = false;    // has a connection
  std::string problem;  // why not: the last answer
  double login_ms = 0;  // from the first try to the answer, everything included
  double list_ms = 0;
  double connect_ms = 0;
  double total_ms = 0;
  std::string session;        // that was acknowledged
  std::int64_t asked_ns = 0;  // CLOCK_BOOTTIME of the first connect
  std::int64_t acknowledged_ns = 0;
  std::uint32_t lines_lost = 0;                  // connections that broke, or could not be made
  std::map<std::string, std::uint32_t> refused;  // "503 desktop_starting": how often it was to come again
};

}  // namespace tobari::load
