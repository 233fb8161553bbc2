// SPDX-License-Identifier: GPL-3.0-or-later
// What a VMDK file says about itself and about other files (VMware, Virtual Disk Format 5.0). Only those that are whole
// in one file are taken: their text descriptor names nothing but themselves. Pure.
#pragma once

#include <tobari/base/result.h>

#include "core/source_bytes.h"

namespace tobari::vmhost {

inline constexpr std::size_t kMaxVmdkDescriptorBytes = std::size_t{64} * 1024;

// kInvalidArgument, as a sentence for people: no VMDK, a part or a change of another one, its data elsewhere, cut
// short, or at odds with itself.
[[nodiscard]] Result<DiskFacts> examine_vmdk(const SourceBytes& file);

}  // namespace tobari::vmhost
