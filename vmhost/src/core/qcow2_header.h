// SPDX-License-Identifier: GPL-3.0-or-later
// What a qcow2 file says about other files (QEMU docs/interop/qcow2.rst). A guest can write its own disk but not the
// header of it; still nothing is started before its header is known to name exactly the files it should. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include <tobari/base/result.h>

#include "core/source_bytes.h"

namespace tobari::vmhost {

inline constexpr std::size_t kMaxQcow2HeaderBytes = std::size_t{64} * 1024;  // how much of the file to pass

inline constexpr std::uint32_t kMaxL1Entries = 4U << 20U;  // QEMU's own limit

struct Qcow2Header {
  std::string backing_file;         // empty: none
  std::string backing_format;       // from the header extension; empty: not stated, QEMU would probe
  std::uint64_t l1_at = 0;          // where the first table of its own data lies: all zero while there is none
  std::uint32_t l1_entries = 0;     // of 8 bytes; at most kMaxL1Entries
  std::uint64_t virtual_bytes = 0;  // that the guest sees
  std::uint32_t cluster_bits = 0;
  std::uint64_t incompatible = 0;  // features, as bits; 0 in version 2
};

// `bytes`: the beginning of the file. kInvalidArgument: no qcow2, malformed, encrypted, or with its data in another
// file.
[[nodiscard]] Result<Qcow2Header> parse_qcow2_header(std::span<const std::byte> bytes);

// A whole file from elsewhere. kInvalidArgument, as a sentence for people: it stands on another file, is damaged or cut
// short, or its header does not fit itself.
[[nodiscard]] Result<DiskFacts> examine_qcow2(const SourceBytes& file);

}  // namespace tobari::vmhost
