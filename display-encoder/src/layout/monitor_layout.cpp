// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <format>
#include <iterator>

#include <tobari/display/monitor.h>

namespace tobari::display {
namespace {

Result<void> check(const Monitor& monitor) {
  const Rect& p = monitor.place;
  const auto side_fits = [](int side) { return side >= MonitorLayout::kMinSide && side <= kMaxSide; };
  if (!side_fits(p.width) || !side_fits(p.height)) {
    return fail(Errc::kInvalidArgument, std::format("a monitor of {}x{} pixels", p.width, p.height));
  }
  const auto position_fits = [](int v) {
    return v >= -MonitorLayout::kMaxPosition && v <= MonitorLayout::kMaxPosition;
  };
  if (!position_fits(p.x) || !position_fits(p.y)) {
    return fail(Errc::kInvalidArgument, std::format("a monitor at {},{}", p.x, p.y));
  }
  return {};
}

Rect around(std::span<const Monitor> monitors) {
  Rect box;
  for (const Monitor& monitor : monitors) box = unite(box, monitor.place);
  return box;
}

// Rows: the topmost monitor begins one, and whose middle is beside it belongs to it.
std::vector<Monitor> in_reading_order(std::vector<Monitor> left) {
  std::vector<Monitor> ordered;
  while (!left.empty()) {
    const Rect top = std::ranges::min_element(left, {}, [](const Monitor& m) { return m.place.y; })->place;
    const auto later = std::ranges::stable_partition(left, [&top](const Monitor& m) {
      const int middle = m.place.y + m.place.height / 2;
      return m.place == top || (middle >= top.y && middle < top.bottom());
    });
    const auto row_start = static_cast<std::ptrdiff_t>(ordered.size());
    std::move(left.begin(), later.begin(), std::back_inserter(ordered));
    left.erase(left.begin(), later.begin());
    std::ranges::stable_sort(ordered.begin() + row_start, ordered.end(), {},
                             [](const Monitor& m) { return m.place.x; });
  }
  return ordered;
}

void choose_primary(std::vector<Monitor>& monitors) {
  auto primary = std::ranges::find_if(monitors, &Monitor::primary);
  if (primary == monitors.end()) {
    primary = std::ranges::find_if(monitors, [](const Monitor& m) { return m.place.x == 0 && m.place.y == 0; });
  }
  if (primary == monitors.end()) primary = monitors.begin();
  for (auto it = monitors.begin(); it != monitors.end(); ++it) it->primary = it == primary;
}

}  // namespace

Result<MonitorLayout> MonitorLayout::create(std::vector<Monitor> monitors) {
  if (monitors.empty() || monitors.size() > kMaxMonitors) {
    return fail(Errc::kInvalidArgument, std::format("{} monitors", monitors.size()));
  }
  for (const Monitor& monitor : monitors) TOBARI_TRY(check(monitor));
  for (std::size_t i = 0; i < monitors.size(); ++i) {
    for (std::size_t j = i + 1; j < monitors.size(); ++j) {
      if (!intersect(monitors[i].place, monitors[j].place).empty()) {
        return fail(Errc::kInvalidArgument, "monitors that overlap");
      }
    }
  }
  choose_primary(monitors);
  MonitorLayout layout(in_reading_order(std::move(monitors)));
  const Size size = layout.size();
  if (size.width > kMaxDesktopSide || size.height > kMaxDesktopSide) {
    return fail(Errc::kInvalidArgument, std::format("a desktop of {}x{} pixels", size.width, size.height));
  }
  if (layout.pixels() > kMaxPixels) {
    return fail(Errc::kInvalidArgument, std::format("a desktop of {} pixels", layout.pixels()));
  }
  return layout;
}

MonitorLayout MonitorLayout::single(Size size) {
  auto made = create({{.place = bounds(size), .primary = true}});
  return made ? std::move(*made) : MonitorLayout{};
}

std::size_t MonitorLayout::primary() const noexcept {
  const auto found = std::ranges::find_if(monitors_, &Monitor::primary);
  return found == monitors_.end() ? 0 : static_cast<std::size_t>(found - monitors_.begin());
}

Size MonitorLayout::size() const noexcept {
  const Rect box = around(monitors_);
  return {box.width, box.height};
}

long MonitorLayout::pixels() const noexcept {
  long sum = 0;
  for (const Monitor& monitor : monitors_) sum += monitor.place.area();
  return sum;
}

MonitorLayout MonitorLayout::normalized() const {
  const Rect box = around(monitors_);
  MonitorLayout shifted(monitors_);
  for (Monitor& monitor : shifted.monitors_) {
    monitor.place.x -= box.x;
    monitor.place.y -= box.y;
  }
  return shifted;
}

MonitorLayout MonitorLayout::limited(std::size_t max_monitors, std::uint64_t max_pixels) const {
  std::vector<bool> taken(monitors_.size(), false);
  std::size_t count = 0;
  std::uint64_t pixels = 0;
  const auto take = [&](std::size_t i) {
    const auto more = static_cast<std::uint64_t>(monitors_[i].place.area());
    if (taken[i] || count >= max_monitors || more > max_pixels - pixels) return;
    taken[i] = true;
    ++count;
    pixels += more;
  };
  if (empty()) return {};
  take(primary());
  if (count == 0) return {};
  for (std::size_t i = 0; i < monitors_.size(); ++i) take(i);
  std::vector<Monitor> kept;
  for (std::size_t i = 0; i < monitors_.size(); ++i) {
    if (taken[i]) kept.push_back(monitors_[i]);
  }
  return MonitorLayout(std::move(kept));
}

}  // namespace tobari::display
