// SPDX-License-Identifier: GPL-3.0-or-later
// Files of QEMU's disk format: made by qemu-img, looked at by ourselves. Blocks.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <tobari/base/result.h>

#include "core/qcow2_header.h"

namespace tobari::vmhost {

// Without a shell; its complaints go to our standard error.
[[nodiscard]] Result<void> run_qemu_img(std::vector<std::string> arguments);

[[nodiscard]] Result<Qcow2Header> qcow2_header_of(const std::filesystem::path& file);

// Durable, 0600, and under its real name: what has that is whole.
[[nodiscard]] Result<void> finish_file(const std::string& fresh, const std::filesystem::path& real);

// There is so little room that this is why something could not be written.
[[nodiscard]] bool is_full(const std::filesystem::path& folder);

}  // namespace tobari::vmhost
