// SPDX-License-Identifier: GPL-3.0-or-later
// Xlib, without the macro that has the name of one of our types. Internal to capture.
#pragma once

#include <X11/Xlib.h>

#undef CursorShape
