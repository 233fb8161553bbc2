// SPDX-License-Identifier: GPL-3.0-or-later
// The client's monitors, and what of its desktop is covered by which surface. Plain values; lengths are pixels unless a
// name says otherwise.
//
// Two coordinate systems meet here. A client places its monitors around the primary one's top left corner, so others
// may lie at negative coordinates (MS-RDPBCGR 2.2.1.3.6, MS-RDPEDISP 2.2.2.2). Everything else (surfaces, the pointer,
// repaints) counts from the top left of the rectangle around all of them: `normalized()`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/display/geometry.h>

namespace tobari::display {

// Degrees that the picture is turned clockwise; MS-RDPEDISP 2.2.2.2.1.
enum class Orientation : std::uint16_t {
  kLandscape = 0,
  kPortrait = 90,
  kLandscapeFlipped = 180,
  kPortraitFlipped = 270,
};

struct Monitor {
  Rect place{};  // as the client sees it: a monitor that stands upright is higher than wide
  bool primary = false;
  Orientation orientation = Orientation::kLandscape;
  Size physical{};               // millimetres; empty when the client does not say
  unsigned desktop_scale = 100;  // percent, 100 to 500: how large the client shows text
  unsigned device_scale = 100;   // percent: 100, 140 or 180
  friend bool operator==(const Monitor&, const Monitor&) = default;
};

// Empty, or 1 to kMaxMonitors monitors, exactly one of them primary, none overlapping another, in reading order (rows
// from the top, each from the left): the order in which screens are given to them.
class MonitorLayout {
 public:
  static constexpr std::size_t kMaxMonitors = 16;  // MS-RDPEDISP 2.2.2.1 allows no more than are offered
  static constexpr int kMinSide = 64;
  static constexpr int kMaxPosition = 32767;     // to either side
  static constexpr int kMaxDesktopSide = 32766;  // MS-RDPEGFX 2.2.2.14
  static constexpr long kMaxPixels = 16L * 3840 * 2160;

  MonitorLayout() = default;
  // Without a primary one the monitor at 0,0 or else the first becomes it; of several the first. kInvalidArgument: none
  // or too many, a side or a place out of range, an overlap, too many pixels; the message says which.
  [[nodiscard]] static Result<MonitorLayout> create(std::vector<Monitor> monitors);
  // One monitor of this size; empty when there is no such monitor.
  [[nodiscard]] static MonitorLayout single(Size size);

  [[nodiscard]] bool empty() const noexcept { return monitors_.empty(); }
  [[nodiscard]] std::span<const Monitor> monitors() const noexcept { return monitors_; }
  [[nodiscard]] std::size_t primary() const noexcept;  // index; 0 when empty
  [[nodiscard]] Size size() const noexcept;            // of the rectangle around all of them
  [[nodiscard]] long pixels() const noexcept;          // of the monitors, without the gaps between them

  // The same with that rectangle's top left at 0,0.
  [[nodiscard]] MonitorLayout normalized() const;
  // What may be used of it: the primary monitor, then the others in order while both limits hold. Empty when the
  // primary monitor alone is too large.
  [[nodiscard]] MonitorLayout limited(std::size_t max_monitors, std::uint64_t max_pixels) const;

  friend bool operator==(const MonitorLayout&, const MonitorLayout&) = default;

 private:
  explicit MonitorLayout(std::vector<Monitor> monitors) : monitors_(std::move(monitors)) {}
  std::vector<Monitor> monitors_;
};

// What a client is shown: surfaces, known by their index here, on the desktop that its monitors make. Surfaces lie
// inside that desktop and do not overlap; what none of them covers is black.
struct OutputLayout {
  MonitorLayout monitors;
  std::vector<Rect> surfaces;  // normalized coordinates
  friend bool operator==(const OutputLayout&, const OutputLayout&) = default;
};

}  // namespace tobari::display
