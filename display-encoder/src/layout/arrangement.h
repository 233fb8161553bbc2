// SPDX-License-Identifier: GPL-3.0-or-later
// Which screen is shown where: from the client's monitors and the sizes that screens have to panes. Pure.
//
// Three ways. One screen for one monitor: the client's desktop becomes as large as the screen is. At least as many
// monitors as screens: a screen a monitor in reading order (the primary monitor is never left without one), and the
// monitors left over have an empty pane. Fewer monitors than screens: one desktop with the screens in a grid.
//
// A screen may be a spare head of a virtual machine: it is shown when there is a monitor for it, and otherwise left
// out.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include <tobari/display/framebuffer_source.h>
#include <tobari/display/monitor.h>

namespace tobari::display {

struct ScreenInfo {
  Size size;           // not valid: nothing of it is known yet
  bool spare = false;  // shown only when there is a monitor for it
};

struct Pane {
  std::optional<std::size_t> screen;  // index; none: nobody's
  Rect cell;                          // what of the desktop is this pane's; normalized coordinates
  Rect place;                         // what its picture covers: in the middle, cut off at the right and bottom
  friend bool operator==(const Pane&, const Pane&) = default;
};

struct Arrangement {
  MonitorLayout monitors;
  std::vector<Pane> panes;
  [[nodiscard]] OutputLayout output() const;
  friend bool operator==(const Arrangement&, const Arrangement&) = default;
};

// `client`: its monitors as far as they may be used; empty: as large as the screens are. `screens`: 1 to kMaxMonitors
// that are no spares, and spares after them.
[[nodiscard]] Arrangement arrange(const MonitorLayout& client, std::span<const ScreenInfo> screens);

// What to ask each screen for, by index; none: let it be as it is.
[[nodiscard]] std::vector<std::optional<SourceMode>> wishes(const MonitorLayout& client,
                                                            std::span<const ScreenInfo> screens);

}  // namespace tobari::display
