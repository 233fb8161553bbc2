// SPDX-License-Identifier: GPL-3.0-or-later
// A client's monitors, and what becomes of them. First byte: how they come (a PDU of the display control channel, or
// what FreeRDP read from the client's core data), the second: how many screens there are and what is granted.
// Properties: what is accepted is a layout that all later steps can rely on.
#include <memory>

#include <freerdp/settings.h>

#include "input.h"
#include "layout/arrangement.h"
#include "rdp/disp_pdu.h"
#include "rdp/gfx_layout.h"
#include "rdp/monitor_settings.h"

namespace {

using namespace tobari::display;
using tobari::fuzz::Input;
using tobari::fuzz::require;

bool inside(const Rect& rect, const Rect& of) { return intersect(rect, of) == rect; }

void require_disjoint(std::span<const Rect> rects) {
  for (std::size_t i = 0; i < rects.size(); ++i) {
    for (std::size_t j = i + 1; j < rects.size(); ++j) require(intersect(rects[i], rects[j]).empty());
  }
}

void require_sound(const MonitorLayout& layout) {
  require(!layout.empty() && layout.monitors().size() <= MonitorLayout::kMaxMonitors);
  std::vector<Rect> places;
  std::size_t primaries = 0;
  for (const Monitor& monitor : layout.monitors()) {
    require(Size{monitor.place.width, monitor.place.height}.valid());
    places.push_back(monitor.place);
    primaries += monitor.primary ? 1 : 0;
  }
  require_disjoint(places);
  require(primaries == 1 && layout.monitors()[layout.primary()].primary);
  const Size size = layout.size();
  require(size.width <= MonitorLayout::kMaxDesktopSide && size.height <= MonitorLayout::kMaxDesktopSide);
  require(layout.pixels() <= MonitorLayout::kMaxPixels);
  const MonitorLayout normalized = layout.normalized();
  for (const Monitor& monitor : normalized.monitors()) require(inside(monitor.place, bounds(size)));
}

void arrange_on(const MonitorLayout& layout, std::uint8_t choice) {
  constexpr Size kSizes[]{{640, 480}, {1920, 1080}, {kMaxSide, 64}, {}};
  std::vector<ScreenInfo> screens;
  for (unsigned i = 0; i <= (choice & 0xFU); ++i) screens.push_back({kSizes[(i + choice) % 4], i > (choice >> 4U)});
  const Arrangement made = arrange(layout, screens);
  const OutputLayout output = made.output();
  const Rect desktop = bounds(output.monitors.size());
  require_disjoint(output.surfaces);
  for (const Rect& surface : output.surfaces) require(!surface.empty() && inside(surface, desktop));
  for (const Pane& pane : made.panes) require(!pane.screen || *pane.screen < screens.size());
  for (const auto& wish : wishes(layout, screens)) require(!wish || !wish->shown || wish->size.valid());
  gfx::Bytes message;
  gfx::lay_out(output, MonitorLayout::kMaxMonitors, message);
  require(message.size() < std::size_t{64} * 1024);
}

struct FreeSettings {
  void operator()(rdpSettings* settings) const { freerdp_settings_free(settings); }
};

rdpMonitor monitor_from(Input& in) {
  rdpMonitor monitor{};
  monitor.x = in.i32();
  monitor.y = in.i32();
  monitor.width = in.i32();
  monitor.height = in.i32();
  monitor.is_primary = in.u8() & 1U;
  monitor.attributes = {.physicalWidth = in.u32(),
                        .physicalHeight = in.u32(),
                        .orientation = in.u16(),
                        .desktopScaleFactor = in.u16(),
                        .deviceScaleFactor = in.u16()};
  return monitor;
}

tobari::Result<MonitorLayout> from_core_data(Input& in) {
  const std::unique_ptr<rdpSettings, FreeSettings> owner(freerdp_settings_new(FREERDP_SETTINGS_SERVER_MODE));
  rdpSettings* const settings = owner.get();
  const UINT32 count = in.u8() % 20U;  // FreeRDP reads no more than 16, we do not rely on it
  require(freerdp_settings_set_uint32(settings, FreeRDP_DesktopWidth, in.u32()) != FALSE);
  require(freerdp_settings_set_uint32(settings, FreeRDP_DesktopHeight, in.u32()) != FALSE);
  require(freerdp_settings_set_uint32(settings, FreeRDP_DesktopScaleFactor, in.u32()) != FALSE);
  if (count > 0) {
    require(freerdp_settings_set_pointer_len(settings, FreeRDP_MonitorDefArray, nullptr, count) != FALSE);
    require(freerdp_settings_set_uint32(settings, FreeRDP_MonitorCount, count) != FALSE);
    for (UINT32 i = 0; i < count; ++i) {
      const rdpMonitor monitor = monitor_from(in);
      require(freerdp_settings_set_pointer_array(settings, FreeRDP_MonitorDefArray, i, &monitor) != FALSE);
    }
  }
  auto layout = client_monitors(settings);
  if (layout) require(announce_monitors(*layout, settings));
  return layout;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  const std::uint8_t how = in.u8();
  const std::uint8_t screens = in.u8();
  MonitorLayout layout;
  if ((how & 1U) != 0) {
    auto read = from_core_data(in);
    if (read) layout = std::move(*read);
  } else {
    auto parsed = disp::parse_layout(in.rest());
    if (!parsed) return 0;
    require(parsed->layout.empty() != parsed->why.empty());
    layout = std::move(parsed->layout);
  }
  if (layout.empty()) return 0;
  require_sound(layout);
  arrange_on(layout, screens);
  const MonitorLayout granted = layout.limited(how >> 1U, std::uint64_t{how} << 16U);
  if (granted.empty()) return 0;
  require_sound(granted);
  arrange_on(granted, screens);
  return 0;
}
