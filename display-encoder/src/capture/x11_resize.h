// SPDX-License-Identifier: GPL-3.0-or-later
// Another size for an X display through RandR 1.2. Internal to capture.
#pragma once

#include "capture/x11_display.h"

namespace tobari::display {

// Shows the screen in that size on its first active output, with a mode of the output's when one fits and a new one
// otherwise. Best effort: whether it worked is seen by the root window's size.
void resize_x11(X11Display& display, Size size);

}  // namespace tobari::display
