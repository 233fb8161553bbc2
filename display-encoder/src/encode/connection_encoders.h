// SPDX-License-Identifier: GPL-3.0-or-later
// Encoders whose state the client keeps once a connection, not once a surface: the encoders of all surfaces share them.
#pragma once

#include "encode/clear_encoder.h"

namespace tobari::display {

struct ConnectionEncoders {
  ClearEncoder clear;
};

}  // namespace tobari::display
