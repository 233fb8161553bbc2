// SPDX-License-Identifier: GPL-3.0-or-later
// All periods of the pattern that a picture shows, laid on top of each other, and what they say.
#pragma once

#include <array>

#include "alignment.h"
#include "mark_code.h"

namespace tobari::watermark {

// The code's signs, as far as the picture tells them: for decode_number().
[[nodiscard]] std::array<float, kCodeBits> folded(const Plane& flat, const Homography& map);

}  // namespace tobari::watermark
