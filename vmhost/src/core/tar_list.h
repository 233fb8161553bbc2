// SPDX-License-Identifier: GPL-3.0-or-later
// What lies where in a tar archive (POSIX ustar, GNU's large sizes), as an OVA is one. Nothing is unpacked. Pure.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <tobari/base/result.h>

#include "core/source_bytes.h"

namespace tobari::vmhost {

inline constexpr std::size_t kMaxTarMembers = 64;

struct TarMember {
  std::string name;
  std::uint64_t at = 0;  // its bytes
  std::uint64_t size = 0;
};

// Plain files only, in their order. kInvalidArgument, as a sentence for people: no tar archive, damaged, cut short, too
// many members, or written in a way that is not read here.
[[nodiscard]] Result<std::vector<TarMember>> list_tar(const SourceBytes& file);

}  // namespace tobari::vmhost
