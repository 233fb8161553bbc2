// SPDX-License-Identifier: GPL-3.0-or-later
// The client's mouse pointer. Keeps what it should be, so that a client that starts anew gets it.
#pragma once

#include <optional>

#include <freerdp/freerdp.h>

#include <tobari/display/frame.h>

#include "rdp/pointer_masks.h"

namespace tobari::display {

class PointerOutput {
 public:
  void set_shape(rdpContext* context, const std::optional<CursorShape>& shape);
  void set_visible(rdpContext* context, bool visible);
  // The client is ready, or ready again: it knows nothing of what was sent before.
  void begin(rdpContext* context);

 private:
  void show(rdpContext* context);
  void send_shape(rdpContext* context, const CursorShape& shape);

  std::optional<CursorShape> shape_;
  bool visible_ = true;
  std::optional<PointerCache> cache_;  // none before begin()
  int largest_side_ = kMaxNewPointerSide;
};

}  // namespace tobari::display
