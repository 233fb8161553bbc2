// SPDX-License-Identifier: GPL-3.0-or-later
// VDI files of VirtualBox (QEMU block/vdi.c has the layout). Pure.
#pragma once

#include <tobari/base/result.h>

#include "core/source_bytes.h"

namespace tobari::vmhost {

// kInvalidArgument, as a sentence for people: no VDI, a difference to another one, cut short, or at odds with itself.
[[nodiscard]] Result<DiskFacts> examine_vdi(const SourceBytes& file);

}  // namespace tobari::vmhost
