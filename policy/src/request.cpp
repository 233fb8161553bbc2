// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/request.h>

#include <charconv>

#include "hex.h"

namespace tobari::policy {

std::optional<ClientVersion> ClientVersion::parse(std::string_view text) noexcept {
  ClientVersion version;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (std::uint32_t& part : version.parts) {
    const auto [next, error] = std::from_chars(at, end, part);
    if (error != std::errc{}) return std::nullopt;
    if (next == end) return version;
    if (*next != '.') return std::nullopt;
    at = next + 1;
  }
  return std::nullopt;  // more than four
}

std::optional<Sha256Bytes> parse_sha256(std::string_view text) {
  Sha256Bytes out{};
  const bool colons = text.size() == out.size() * 3 - 1;
  if (!colons && text.size() != out.size() * 2) return std::nullopt;
  const std::size_t step = colons ? 3 : 2;
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto byte = parse_hex(text.substr(i * step, 2), 2);
    if (!byte || (colons && i > 0 && text[i * step - 1] != ':')) return std::nullopt;
    out[i] = static_cast<std::uint8_t>(*byte);
  }
  return out;
}

}  // namespace tobari::policy
