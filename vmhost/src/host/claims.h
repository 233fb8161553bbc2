// SPDX-License-Identifier: GPL-3.0-or-later
// What display processes say, cut to a size that may be passed on: they parse hostile bytes. Pure.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>

#include "tobari/display_control.pb.h"

namespace tobari::vmhost {

inline constexpr std::size_t kMaxClaimedText = 256;

// Never half a character: text that is no UTF-8 would make the whole message unreadable to the broker.
[[nodiscard]] inline std::string bounded(const std::string& text) {
  std::size_t size = std::min(text.size(), kMaxClaimedText);
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) --size;
  return text.substr(0, size);
}

[[nodiscard]] inline wire::Session bounded(wire::Session session) {
  session.set_client_address(bounded(session.client_address()));
  session.set_client_name(bounded(session.client_name()));
  session.set_detail(bounded(session.detail()));
  return session;
}

}  // namespace tobari::vmhost
