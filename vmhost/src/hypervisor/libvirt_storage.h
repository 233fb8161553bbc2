// SPDX-License-Identifier: GPL-3.0-or-later
// Storage pools of libvirt: what a configured line (core/storage_pool.h) means on this host.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include <tobari/base/result.h>

#include "core/storage_pool.h"

namespace tobari::vmhost {

// Afterwards the pool is there as the configuration says, runs, and is mounted at `mounted_at` where it is one of
// files. A pool of ours that says something else is defined anew unless it runs. kUnavailable: libvirt is away or has
// no driver for it, which the message says; kInvalidArgument: it cannot be had.
[[nodiscard]] Result<void> ensure_storage_pool(const std::string& libvirt_uri, std::string_view role,
                                               const StorageSpec& spec, const std::filesystem::path& mounted_at);

}  // namespace tobari::vmhost
