// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/monitor_settings.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace tobari::display {
namespace {

unsigned scale_or_none(std::uint32_t percent, std::uint32_t most) {
  return percent >= 100 && percent <= most ? percent : 100;
}

int millimetres(std::uint32_t value) {
  return static_cast<int>(std::min<std::uint32_t>(value, std::numeric_limits<std::int16_t>::max()));
}

Orientation orientation_of(std::uint32_t degrees) {
  switch (degrees) {
    case std::to_underlying(Orientation::kPortrait):
      return Orientation::kPortrait;
    case std::to_underlying(Orientation::kLandscapeFlipped):
      return Orientation::kLandscapeFlipped;
    case std::to_underlying(Orientation::kPortraitFlipped):
      return Orientation::kPortraitFlipped;
    default:
      return Orientation::kLandscape;
  }
}

Monitor from_settings(const rdpMonitor& monitor) {
  const MONITOR_ATTRIBUTES& a = monitor.attributes;
  return {.place = {monitor.x, monitor.y, monitor.width, monitor.height},
          .primary = monitor.is_primary != 0,
          .orientation = orientation_of(a.orientation),
          .physical = {millimetres(a.physicalWidth), millimetres(a.physicalHeight)},
          .desktop_scale = scale_or_none(a.desktopScaleFactor, 500),
          .device_scale = scale_or_none(a.deviceScaleFactor, 180)};
}

rdpMonitor to_settings(const Monitor& monitor, std::size_t index) {
  rdpMonitor out{};
  out.x = monitor.place.x;
  out.y = monitor.place.y;
  out.width = monitor.place.width;
  out.height = monitor.place.height;
  out.is_primary = monitor.primary ? 1 : 0;
  out.orig_screen = static_cast<UINT32>(index);
  out.attributes = {.physicalWidth = static_cast<UINT32>(monitor.physical.width),
                    .physicalHeight = static_cast<UINT32>(monitor.physical.height),
                    .orientation = std::to_underlying(monitor.orientation),
                    .desktopScaleFactor = monitor.desktop_scale,
                    .deviceScaleFactor = monitor.device_scale};
  return out;
}

}  // namespace

Result<MonitorLayout> client_monitors(const rdpSettings* settings) {
  const UINT32 count = std::min(freerdp_settings_get_uint32(settings, FreeRDP_MonitorCount),
                                freerdp_settings_get_uint32(settings, FreeRDP_MonitorDefArraySize));
  std::vector<Monitor> monitors;
  for (UINT32 i = 0; i < count; ++i) {
    const auto* monitor =
        static_cast<const rdpMonitor*>(freerdp_settings_get_pointer_array(settings, FreeRDP_MonitorDefArray, i));
    if (monitor != nullptr) monitors.push_back(from_settings(*monitor));
  }
  if (monitors.empty()) {
    Monitor only;
    only.place = {0, 0, static_cast<int>(freerdp_settings_get_uint32(settings, FreeRDP_DesktopWidth)),
                  static_cast<int>(freerdp_settings_get_uint32(settings, FreeRDP_DesktopHeight))};
    only.orientation = orientation_of(freerdp_settings_get_uint16(settings, FreeRDP_DesktopOrientation));
    only.desktop_scale = scale_or_none(freerdp_settings_get_uint32(settings, FreeRDP_DesktopScaleFactor), 500);
    only.device_scale = scale_or_none(freerdp_settings_get_uint32(settings, FreeRDP_DeviceScaleFactor), 180);
    monitors.push_back(only);
  }
  return MonitorLayout::create(std::move(monitors));
}

bool announce_size(Size size, rdpSettings* settings) {
  return freerdp_settings_set_uint32(settings, FreeRDP_DesktopWidth, static_cast<UINT32>(size.width)) != FALSE &&
         freerdp_settings_set_uint32(settings, FreeRDP_DesktopHeight, static_cast<UINT32>(size.height)) != FALSE;
}

bool announce_monitors(const MonitorLayout& layout, rdpSettings* settings) {
  if (!announce_size(layout.size(), settings)) return false;
  if (freerdp_settings_get_uint32(settings, FreeRDP_MonitorCount) == 0) return true;
  const auto count = static_cast<UINT32>(layout.monitors().size());
  if (count > freerdp_settings_get_uint32(settings, FreeRDP_MonitorDefArraySize)) return false;
  for (UINT32 i = 0; i < count; ++i) {
    const rdpMonitor monitor = to_settings(layout.monitors()[i], i);
    if (freerdp_settings_set_pointer_array(settings, FreeRDP_MonitorDefArray, i, &monitor) == FALSE) return false;
  }
  return freerdp_settings_set_uint32(settings, FreeRDP_MonitorCount, count) != FALSE;
}

}  // namespace tobari::display
