// SPDX-License-Identifier: GPL-3.0-or-later
// A guest image that is right in everything that a host checks, and empty.
#pragma once

#include <filesystem>
#include <string>

#include <tobari/base/result.h>

namespace tobari::vmhost {

inline constexpr const char* kSmallImage = "small";

// images/NAME, unless it is there.
[[nodiscard]] Result<void> make_small_image(const std::filesystem::path& images, const std::string& name);

}  // namespace tobari::vmhost
