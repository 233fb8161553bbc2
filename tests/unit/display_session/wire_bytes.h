// SPDX-License-Identifier: GPL-3.0-or-later
// Protocol messages for tests: bytes as they are on the wire.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "rdp/wire.h"

namespace tobari::display::testing {

using Bytes = std::vector<std::byte>;

inline Bytes bytes(std::initializer_list<int> values) {
  Bytes out;
  for (const int v : values) out.push_back(static_cast<std::byte>(v));
  return out;
}

inline void append(Bytes& to, const Bytes& from) { to.insert(to.end(), from.begin(), from.end()); }

inline bool holds(const Bytes& packet, std::string_view text) {
  return std::string_view(reinterpret_cast<const char*>(packet.data()), packet.size()).find(text) !=
         std::string_view::npos;
}

// RDPGFX_CAPS_ADVERTISE with these versions and flags.
inline Bytes advertise(std::initializer_list<std::pair<std::uint32_t, std::uint32_t>> sets) {
  Bytes out;
  WireWriter w(out);
  w.u16(0x12U);
  w.u16(0U);
  w.u32(8 + 2 + sets.size() * 12);
  w.u16(sets.size());
  for (const auto& [version, flags] : sets) {
    w.u32(version);
    w.u32(4U);
    w.u32(flags);
  }
  return out;
}

}  // namespace tobari::display::testing
