// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <filesystem>

#include <tobari/base/result.h>

#include "core/disk_room.h"

namespace tobari::vmhost {

// Everything in the folder counts, half-made images too. They grow no more, so nothing is promised.
[[nodiscard]] Result<RoomUse> images_room(const std::filesystem::path& images_dir);

}  // namespace tobari::vmhost
