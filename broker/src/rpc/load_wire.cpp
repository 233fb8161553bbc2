// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/load_wire.h"

#include <algorithm>
#include <cmath>

#include <tobari/base/ids.h>

namespace tobari::broker {
namespace {

constexpr double kMaxRate = 1e15;
constexpr std::uint32_t kMaxInputUs = 60'000'000;
constexpr std::uint64_t kMaxMemoryMib = std::uint64_t{1} << 30U;

double rate(double said) { return std::isfinite(said) && said > 0 ? std::min(said, kMaxRate) : 0; }

DisplayLoad from_wire(const wire::DisplayLoad& said) {
  DisplayLoad load;
  if (const auto id = DesktopId::parse(said.desktop_id())) load.desktop = id->str();
  if (const auto id = SessionId::parse(said.session_id())) load.session = id->str();
  load.frames_per_second = rate(said.frames_per_second());
  load.bytes_per_second = rate(said.bytes_per_second());
  load.pixels_per_second = rate(said.pixels_per_second());
  load.input_p50_us = std::min(said.input_p50_us(), kMaxInputUs);
  load.input_p99_us = std::min(said.input_p99_us(), kMaxInputUs);
  return load;
}

}  // namespace

Result<HostLoad> from_wire(const wire::HostLoad& said) {
  if (said.displays_size() > kMaxDisplaysPerLoad) return fail(Errc::kPeerProtocol, "the load of too many displays");
  HostLoad load;
  load.cpu = std::min(said.cpu_permille(), 1000U) / 1000.0;
  load.memory_available_mib = std::min(said.memory_available_mib(), kMaxMemoryMib);
  load.memory_shared_mib = std::min(said.memory_shared_mib(), kMaxMemoryMib);
  for (const wire::DisplayLoad& each : said.displays()) load.displays.push_back(from_wire(each));
  return load;
}

}  // namespace tobari::broker
