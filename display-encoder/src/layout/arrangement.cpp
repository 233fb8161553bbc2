// SPDX-License-Identifier: GPL-3.0-or-later
#include "layout/arrangement.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <utility>

namespace tobari::display {
namespace {

constexpr Size kUnknown{1024, 768};      // of a screen of which nothing is known yet
constexpr Size kSmallestWish{640, 480};  // a desktop is not asked to be smaller than this to fit a grid
constexpr int kMaxPhysical = 10'000;     // millimetres that are believed
constexpr unsigned kMinScale = 100, kMaxScale = 500;

enum class Way : std::uint8_t { kOneForOne, kByMonitor, kGrid };

std::size_t required(std::span<const ScreenInfo> screens) {
  return static_cast<std::size_t>(std::ranges::count(screens, false, &ScreenInfo::spare));
}

Way way_of(const MonitorLayout& client, std::span<const ScreenInfo> screens) {
  const std::size_t needed = required(screens);
  if (needed <= 1 && client.monitors().size() <= 1) return Way::kOneForOne;
  return client.monitors().size() >= needed ? Way::kByMonitor : Way::kGrid;
}

// For each monitor the screen that it shows.
std::vector<std::optional<std::size_t>> assigned(const MonitorLayout& client, std::size_t screens) {
  const std::size_t monitors = client.monitors().size();
  std::vector<std::optional<std::size_t>> shown(monitors);
  std::size_t left = std::min(screens, monitors);
  std::size_t next = 0;
  for (std::size_t i = 0; i < monitors && left > 0; ++i) {
    const bool kept_for_primary = client.primary() > i && left == 1;
    if (kept_for_primary) continue;
    shown[i] = next++;
    --left;
  }
  return shown;
}

Rect centred(Size picture, const Rect& cell) {
  const int width = std::min(picture.width, cell.width);
  const int height = std::min(picture.height, cell.height);
  return {cell.x + (cell.width - width) / 2, cell.y + (cell.height - height) / 2, width, height};
}

Pane pane_of(std::optional<std::size_t> screen, const Rect& cell, std::span<const ScreenInfo> screens) {
  const bool known = screen && screens[*screen].size.valid();
  return {screen, cell, known ? centred(screens[*screen].size, cell) : cell};
}

// The size as one monitor can have it.
Size as_monitor(Size size) {
  Size fits{std::max(size.width, MonitorLayout::kMinSide), std::max(size.height, MonitorLayout::kMinSide)};
  fits.height = std::min(fits.height, static_cast<int>(MonitorLayout::kMaxPixels / fits.width));
  return fits;
}

Arrangement one_for_one(const MonitorLayout& client, std::span<const ScreenInfo> screens) {
  Size size = screens.front().size;
  if (!size.valid()) size = client.size();
  if (!size.valid()) return {};
  Monitor monitor = client.empty() ? Monitor{.place = {}, .physical = {}} : client.monitors().front();
  monitor.place = bounds(as_monitor(size));
  auto monitors = MonitorLayout::create({monitor});
  if (!monitors) return {};
  return {std::move(*monitors), {pane_of(0, monitor.place, screens)}};
}

Arrangement by_monitor(const MonitorLayout& client, std::span<const ScreenInfo> screens) {
  Arrangement arrangement{client, {}};
  const auto shown = assigned(client, screens.size());
  const MonitorLayout normalized = client.normalized();
  for (std::size_t i = 0; i < shown.size(); ++i) {
    arrangement.panes.push_back(pane_of(shown[i], normalized.monitors()[i].place, screens));
  }
  return arrangement;
}

struct Grid {
  int columns = 1;
  int rows = 1;
};

// As nearly square as the number allows: two side by side, four two by two.
Grid grid_of(std::size_t count) {
  Grid grid;
  while (std::cmp_less(grid.columns * grid.columns, count)) ++grid.columns;
  grid.rows = (static_cast<int>(count) + grid.columns - 1) / grid.columns;
  return grid;
}

Arrangement in_a_grid(std::span<const ScreenInfo> screens) {
  const std::size_t count = required(screens);
  const Grid grid = grid_of(count);
  const auto columns = static_cast<std::size_t>(grid.columns);
  std::vector<int> widths(columns, 0);
  std::vector<int> heights(static_cast<std::size_t>(grid.rows), 0);
  const auto size_of = [&screens](std::size_t i) { return screens[i].size.valid() ? screens[i].size : kUnknown; };
  for (std::size_t i = 0; i < count; ++i) {
    int& width = widths[i % columns];
    width = std::clamp(size_of(i).width, width, kMaxSide / grid.columns);
  }
  const long all_widths = std::accumulate(widths.begin(), widths.end(), 0L);
  const int highest = static_cast<int>(std::min<long>(kMaxSide, MonitorLayout::kMaxPixels / all_widths)) / grid.rows;
  for (std::size_t i = 0; i < count; ++i) {
    int& height = heights[i / columns];
    height = std::clamp(size_of(i).height, height, highest);
  }
  Arrangement arrangement;
  Rect desktop;
  for (std::size_t i = 0; i < count; ++i) {
    const auto column = static_cast<std::ptrdiff_t>(i % columns);
    const auto row = static_cast<std::ptrdiff_t>(i / columns);
    const Rect cell{std::accumulate(widths.begin(), widths.begin() + column, 0),
                    std::accumulate(heights.begin(), heights.begin() + row, 0), widths[i % columns],
                    heights[i / columns]};
    arrangement.panes.push_back(pane_of(i, cell, screens));
    desktop = unite(desktop, cell);
  }
  arrangement.monitors = MonitorLayout::single(as_monitor({desktop.width, desktop.height}));
  return arrangement;
}

// Scales win: a guest that is told of more dots an inch draws larger, which is what the client wants of it.
Size physical_of(const Monitor& monitor) {
  const unsigned scale = std::clamp(monitor.desktop_scale, kMinScale, kMaxScale);
  if (scale != kMinScale) {
    const auto at_96_dpi = [scale](int pixels) { return static_cast<int>(pixels * 25400L / (96L * scale) / 10); };
    return {at_96_dpi(monitor.place.width), at_96_dpi(monitor.place.height)};
  }
  const auto believed = [](int length) { return length >= 10 && length <= kMaxPhysical; };
  return believed(monitor.physical.width) && believed(monitor.physical.height) ? monitor.physical : Size{};
}

SourceMode mode_of(const Monitor& monitor) {
  return {{monitor.place.width, monitor.place.height}, physical_of(monitor), {monitor.place.x, monitor.place.y}};
}

}  // namespace

OutputLayout Arrangement::output() const {
  OutputLayout layout{monitors, {}};
  for (const Pane& pane : panes) layout.surfaces.push_back(pane.place);
  return layout;
}

Arrangement arrange(const MonitorLayout& client, std::span<const ScreenInfo> screens) {
  switch (way_of(client, screens)) {
    case Way::kOneForOne:
      return one_for_one(client, screens);
    case Way::kByMonitor:
      return by_monitor(client, screens);
    case Way::kGrid:
      break;
  }
  return in_a_grid(screens);
}

std::vector<std::optional<SourceMode>> wishes(const MonitorLayout& client, std::span<const ScreenInfo> screens) {
  std::vector<std::optional<SourceMode>> wanted(screens.size());
  if (client.empty()) return wanted;
  for (std::size_t i = 0; i < screens.size(); ++i) {
    if (screens[i].spare) wanted[i] = SourceMode{.size = {}, .physical = {}, .position = {}, .shown = false};
  }
  const MonitorLayout normalized = client.normalized();
  if (way_of(client, screens) != Way::kGrid) {
    const auto shown = assigned(client, screens.size());
    for (std::size_t i = 0; i < shown.size(); ++i) {
      if (shown[i]) wanted[*shown[i]] = mode_of(normalized.monitors()[i]);
    }
    return wanted;
  }
  const std::size_t count = required(screens);
  const Grid grid = grid_of(count);
  const Size cell{client.size().width / grid.columns, client.size().height / grid.rows};
  if (cell.width < kSmallestWish.width || cell.height < kSmallestWish.height) return wanted;
  for (std::size_t i = 0; i < count; ++i) wanted[i] = SourceMode{.size = cell, .physical = {}, .position = {}};
  return wanted;
}

}  // namespace tobari::display
