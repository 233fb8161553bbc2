// SPDX-License-Identifier: GPL-3.0-or-later
// VHD (Microsoft, Virtual Hard Disk Image Format Specification 1.0), fixed and dynamic; and VHDX ([MS-VHDX]). Pure.
#pragma once

#include <tobari/base/result.h>

#include "core/source_bytes.h"

namespace tobari::vmhost {

// Both: kInvalidArgument, as a sentence for people: no such file, a difference to another one, left open by a machine
// that was killed, cut short, damaged, or at odds with itself.
[[nodiscard]] Result<DiskFacts> examine_vhd(const SourceBytes& file);
[[nodiscard]] Result<DiskFacts> examine_vhdx(const SourceBytes& file);

// As VHDX uses it (Castagnoli); of a header whose own field counts as zero.
[[nodiscard]] std::uint32_t crc32c(std::span<const std::byte> bytes) noexcept;

}  // namespace tobari::vmhost
