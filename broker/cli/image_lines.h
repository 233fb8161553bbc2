// SPDX-License-Identifier: GPL-3.0-or-later
// What the broker says of images, as lines for people. Pure.
#pragma once

#include <string>

#include "portal.h"

namespace tobari::cli {

// Of the answer to GET /images: one object a version, with what the table shows.
[[nodiscard]] Json version_lines(const Json& answer);
[[nodiscard]] std::string image_text(const Json& image);
[[nodiscard]] std::string version_text(const Json& version);
// "debian@3 importing 45.2 %: the disk is being converted"
[[nodiscard]] std::string progress_line(const Json& version);

}  // namespace tobari::cli
