// SPDX-License-Identifier: GPL-3.0-or-later
// What qemu-img is told and what it says. Formats are always stated, files are never anything but files. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/image_source.h"

namespace tobari::vmhost {

// For --image-opts: the disk as it lies in `file`, by its format's driver and no other.
[[nodiscard]] std::string image_options(const ImageSource& source, std::string_view file);

// The whole command that makes a qcow2 file `to` of it, which stands on nothing, and says how far it is.
[[nodiscard]] std::vector<std::string> convert_command(const ImageSource& source, std::string_view file,
                                                       std::string_view to);
// Looks whether its tables lead where they should: a file that was cut short reads as zeros otherwise.
[[nodiscard]] std::vector<std::string> check_command(const ImageSource& source, std::string_view file);
// What it answers beside 0 when there is nothing against the disk: 3, clusters that nobody uses; 63, a format that it
// cannot check.
inline constexpr int kCheckedStatuses[] = {3, 63};

// An empty one.
[[nodiscard]] std::vector<std::string> create_command(std::string_view to, std::uint64_t bytes);

// The newest "(12.34/100%)" in what it has said, in thousandths.
[[nodiscard]] std::optional<std::uint32_t> progress_in(std::string_view output);

}  // namespace tobari::vmhost
