// SPDX-License-Identifier: GPL-3.0-or-later
// What a pool's image is at the moment. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/result.h>

#include "store/state_store.h"

namespace tobari::broker::control {

// From what a pool or an administrator names to what a desktop is made of: "debian" is the version of it that is
// published, "debian@3" that version, and a name that the catalogue does not have is an image that was put onto hosts
// by hand. kNotFound, as a sentence for people: nothing of it is published, or there is no such version;
// kInvalidArgument: nothing new is made from it.
[[nodiscard]] Result<std::string> image_of(const Reader& reader, std::string_view wanted);

// Pools that make desktops, `image` being what they are made of now; without those of which none can be made.
[[nodiscard]] Result<std::vector<Pool>> pools_as_made(const Reader& reader);
// The same of pools that were read.
[[nodiscard]] Result<void> resolve_images(const Reader& reader, std::vector<Pool>& pools);

}  // namespace tobari::broker::control
