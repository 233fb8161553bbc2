// SPDX-License-Identifier: GPL-3.0-or-later
// Opening a recording with a key file.
#pragma once

#include <filesystem>

#include <tobari/base/result.h>
#include <tobari/recording/recording.h>

namespace tobari::display::playback {

// Unlocked when `key` is not empty.
[[nodiscard]] Result<recording::Recording> open_recording(const std::filesystem::path& file,
                                                          const std::filesystem::path& key);

}  // namespace tobari::display::playback
