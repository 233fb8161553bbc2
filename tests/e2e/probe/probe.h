// SPDX-License-Identifier: GPL-3.0-or-later
// A headless RDP client on FreeRDP's client library that connects as users' clients do and measures what they see.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tobari/base/result.h>

namespace tobari::probe {

struct Options {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::string routing_token;  // empty: none is sent
  std::string user;
  std::string password;
  std::string certificate_sha256;  // 64 hex digits; empty: any certificate
  std::uint32_t width = 1280;
  std::uint32_t height = 800;
  bool graphics_pipeline = true;
  bool want_every_channel = false;  // asks for clipboard, drive, sound, ...: none of it may be given
  int keys = 0;                     // key-to-pixel samples to take
  double seconds = 0;               // stay this long after the last sample
  double type_for = 0;              // seconds: press keys all the time, and see how long each waits for its picture
  std::string dump;                 // PPM of the last picture
  // Instead of the above: a workload of tests/perf, measured for `seconds`.
  std::vector<std::string> ledgers;  // one a monitor, of `width` x `height` each, side by side
  double keys_a_second = 0;
  double stop_reading = 0;          // seconds, in the middle
  std::vector<std::string> client;  // arguments of xfreerdp3: which pictures it asks for
};

// Runs one session to its end and returns one line of JSON.
[[nodiscard]] Result<std::string> run(const Options& options);

}  // namespace tobari::probe
