// SPDX-License-Identifier: GPL-3.0-or-later
// How much hosts and their displays do, as they say. For people who look; nothing is decided by it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace tobari::broker {

struct DisplayLoad {
  std::string desktop;  // its id; or
  std::string session;  // of a wall: its id
  double frames_per_second = 0;
  double bytes_per_second = 0;
  double pixels_per_second = 0;
  std::uint32_t input_p50_us = 0;  // 0: no key or button was answered lately
  std::uint32_t input_p99_us = 0;
};

struct HostLoad {
  double cpu = 0;  // of all processors, 0 to 1
  std::uint64_t memory_available_mib = 0;
  // By its instant clones: the sum of their sizes without what each has of its own; 0: none is known.
  std::uint64_t memory_shared_mib = 0;
  std::vector<DisplayLoad> displays;  // that a client is connected to
};

}  // namespace tobari::broker
