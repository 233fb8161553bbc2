// SPDX-License-Identifier: GPL-3.0-or-later
// What a display process that a hostile client has taken over would try first.
#pragma once

#include <span>

#include "outside.h"

namespace tobari::display::testing {

// A set of walls.
enum Walls : unsigned { kNone = 0, kNameSpaces = 1, kLandlock = 2, kSystemCalls = 4, kAll = 7 };

struct Escape {
  const char* name;
  // 0: it got out. An errno: it was refused.
  int (*attempt)(const Outside& outside);
  bool open_without_walls;  // succeeds for any process of the display's user, so that its failing says something
  unsigned held_by;         // the walls of which each alone stops it
};

std::span<const Escape> escapes();

}  // namespace tobari::display::testing
