// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/disp_pdu.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "rdp/wire.h"

namespace tobari::display::disp {
namespace {
constexpr std::uint32_t kTypeCaps = 5;
constexpr std::uint32_t kTypeLayout = 2;
constexpr std::uint32_t kMonitorSize = 40;
constexpr std::uint32_t kMaxMonitors = MonitorLayout::kMaxMonitors;
constexpr std::uint32_t kAreaFactor = 8192;  // of one monitor's largest area
constexpr int kMinSide = 200;
constexpr int kMaxDispSide = 8192;
constexpr std::uint32_t kPrimary = 1;
constexpr std::uint32_t kMaxMillimetres = 10'000;  // 2.2.2.2.1: what is beyond it is to be ignored

// Values that the protocol does not know are as if they were not said (2.2.2.2.1).
Orientation orientation_of(std::uint32_t degrees) {
  for (const Orientation known :
       {Orientation::kPortrait, Orientation::kLandscapeFlipped, Orientation::kPortraitFlipped}) {
    if (degrees == std::to_underlying(known)) return known;
  }
  return Orientation::kLandscape;
}

Size physical_of(std::uint32_t width, std::uint32_t height) {
  const auto believed = [](std::uint32_t mm) { return mm >= 10 && mm <= kMaxMillimetres; };
  if (!believed(width) || !believed(height)) return {};
  return {static_cast<int>(width), static_cast<int>(height)};
}

// 2.2.2.2.1: both or neither.
void take_scales(std::uint32_t desktop, std::uint32_t device, Monitor& monitor) {
  if (desktop < 100 || desktop > 500 || (device != 100 && device != 140 && device != 180)) return;
  monitor.desktop_scale = desktop;
  monitor.device_scale = device;
}

Monitor parse_monitor(WireReader& in) {
  Monitor monitor;
  monitor.primary = (in.u32() & kPrimary) != 0;
  monitor.place.x = in.i32();
  monitor.place.y = in.i32();
  monitor.place.width = in.i32();
  monitor.place.height = in.i32();
  const std::uint32_t physical_width = in.u32();
  const std::uint32_t physical_height = in.u32();
  monitor.physical = physical_of(physical_width, physical_height);
  monitor.orientation = orientation_of(in.u32());
  const std::uint32_t desktop_scale = in.u32();
  const std::uint32_t device_scale = in.u32();
  take_scales(desktop_scale, device_scale, monitor);
  return monitor;
}

bool allowed(const Rect& place) {
  return place.width >= kMinSide && place.height >= kMinSide && place.width <= kMaxDispSide &&
         place.height <= kMaxDispSide;
}
}  // namespace

void caps(std::vector<std::byte>& out) {
  WireWriter w(out);
  w.u32(kTypeCaps);
  w.u32(20U);
  w.u32(kMaxMonitors);
  w.u32(kAreaFactor);
  w.u32(kAreaFactor);
}

Result<ParsedLayout> parse_layout(std::span<const std::byte> message) {
  WireReader in(message);
  const std::uint32_t type = in.u32();
  const std::uint32_t length = in.u32();
  const std::uint32_t entry = in.u32();
  const std::uint32_t count = in.u32();
  if (!in.ok() || type != kTypeLayout || length != message.size() || entry != kMonitorSize || count == 0 ||
      count > kMaxMonitors || in.remaining() != std::size_t{count} * kMonitorSize) {
    return fail(Errc::kPeerProtocol, "malformed monitor layout");
  }
  std::vector<Monitor> monitors;
  for (std::uint32_t i = 0; i < count; ++i) monitors.push_back(parse_monitor(in));
  if (!std::ranges::all_of(monitors, allowed, &Monitor::place)) {
    return ParsedLayout{{}, "a monitor's side is not within 200 to 8192 pixels"};
  }
  auto layout = MonitorLayout::create(std::move(monitors));
  if (!layout) return ParsedLayout{{}, layout.error().message};
  return ParsedLayout{std::move(*layout), {}};
}

}  // namespace tobari::display::disp
