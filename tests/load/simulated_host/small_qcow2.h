// SPDX-License-Identifier: GPL-3.0-or-later
// The beginning of a qcow2 file (QEMU docs/interop/qcow2.rst) that names what it stands on and holds nothing: all that
// a host looks at. No QEMU could use it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace tobari::vmhost {

// `base`: what it stands on, another qcow2 file; empty: nothing.
[[nodiscard]] inline std::string small_qcow2(std::string_view base) {
  constexpr std::uint32_t kBackingFormat = 0xe2792aca;
  constexpr std::uint32_t kHeaderBytes = 104;
  constexpr std::uint32_t kTableAt = 4096;  // one entry, zero
  std::string bytes;
  const auto add = [&bytes](std::uint64_t value, std::size_t size) {
    while (size > 0) bytes += static_cast<char>((value >> (8 * --size)) & 0xffU);
  };
  // The name comes behind the extensions: one of 16 bytes, and their end.
  const std::uint64_t name_at = base.empty() ? 0 : kHeaderBytes + 16 + 8;
  add(0x514649fb, 4);
  add(3, 4);
  add(name_at, 8);
  add(base.size(), 4);
  add(16, 4);           // clusters of 64 KiB
  add(8ULL << 20U, 8);  // size of the disk
  add(0, 4);            // not encrypted
  add(1, 4);            // entries of the table
  add(kTableAt, 8);
  add(2 * kTableAt, 8);  // reference counts
  add(1, 4);
  add(0, 4);  // no snapshots
  add(0, 8);
  add(0, 8);  // features: none
  add(0, 8);
  add(0, 8);
  add(4, 4);  // 16 bits a reference count
  add(kHeaderBytes, 4);
  if (!base.empty()) {
    add(kBackingFormat, 4);
    add(5, 4);
    bytes += "qcow2";
    add(0, 3);
  }
  add(0, 8);
  bytes += base;
  if (bytes.size() < 3 * kTableAt) bytes.resize(3 * kTableAt, '\0');
  return bytes;
}

}  // namespace tobari::vmhost
