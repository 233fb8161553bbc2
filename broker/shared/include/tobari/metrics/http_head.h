// SPDX-License-Identifier: GPL-3.0-or-later
// The head of an HTTP/1.x request (RFC 9112), as much of it as a server of three fixed pages needs. Pure; `bytes` is
// what a stranger sent.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include <tobari/base/result.h>

namespace tobari::metrics {

inline constexpr std::size_t kMaxHeadBytes = 8 * 1024;
inline constexpr std::size_t kMaxHeadLines = 100;
inline constexpr std::size_t kMaxTargetBytes = 512;

struct RequestHead {
  std::string method;
  std::string path;  // without the query
};

// nullopt: the head is not whole yet. kPeerProtocol: it never will be one; a body, which no request here has, included.
[[nodiscard]] Result<std::optional<RequestHead>> parse_request_head(std::string_view bytes);

}  // namespace tobari::metrics
