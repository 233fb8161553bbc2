// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/copy_commands.h"

namespace tobari::display {

EncodedRect copy_command(const Move& move) {
  EncodedRect command;
  command.codec = Codec::kCopy;
  command.rect = move.to;
  command.from = {move.from().x, move.from().y};
  return command;
}

Region carry_along(Region& region, const Move& move) {
  Region arrived;
  if (region.empty()) return arrived;
  for (const Rect& rect : region.rects()) {
    Rect part = intersect(rect, move.from());
    part.x += move.by.x;
    part.y += move.by.y;
    arrived.add(part);
  }
  region.subtract(move.to);
  region.add(arrived);
  return arrived;
}

}  // namespace tobari::display
