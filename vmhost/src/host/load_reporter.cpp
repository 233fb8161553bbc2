// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/load_reporter.h"

#include <cmath>
#include <string_view>
#include <utility>

#include <tobari/base/log.h>

#include "host/host_agent.h"

namespace tobari::vmhost {
namespace {

constexpr std::string_view kWall = "wall ";  // as Wall names its process

void add(const std::string& name, const DisplayFigures::Display& display, wire::HostLoad& load) {
  wire::DisplayLoad& out = *load.add_displays();
  if (name.starts_with(kWall)) {
    out.set_session_id(name.substr(kWall.size()));
  } else {
    out.set_desktop_id(name);
  }
  out.set_frames_per_second(display.rates.frames_per_second);
  out.set_bytes_per_second(display.rates.bytes_per_second);
  out.set_pixels_per_second(display.rates.pixels_per_second);
  out.set_input_p50_us(display.rates.input_p50_us);
  out.set_input_p99_us(display.rates.input_p99_us);
}

}  // namespace

LoadReporter::LoadReporter(Loop& loop, const HostAgent& agent, const DisplayFigures& displays,
                           std::function<void(const wire::FromHost&)> send, std::chrono::milliseconds every)
    : loop_(loop), agent_(agent), displays_(displays), send_(std::move(send)), every_(every) {
  report();
}

void LoadReporter::report() {
  timer_ = loop_.after(every_, [this] { report(); });
  const auto now = look_at_machine();
  if (!now) return log::warning("this machine's load is not known", {{"why", now.error().message}});
  wire::FromHost message;
  wire::HostLoad& load = *message.mutable_load();
  if (before_) load.set_cpu_permille(static_cast<std::uint32_t>(std::lround(now->busy_since(*before_) * 1000)));
  before_ = *now;
  load.set_memory_available_mib(now->available_bytes >> 20U);
  load.set_memory_shared_mib(agent_.figures().clones_shared_mib);
  for (const auto& [name, display] : displays_.displays()) {
    if (!display.newest.connected()) continue;
    if (load.displays_size() == kMaxDisplays) break;
    add(name, display, load);
  }
  send_(message);
}

}  // namespace tobari::vmhost
