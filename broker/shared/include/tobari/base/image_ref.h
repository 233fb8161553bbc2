// SPDX-License-Identifier: GPL-3.0-or-later
// How an image is named. "debian@3" is version 3 of the catalogue's image "debian"; "debian" alone is, for a pool,
// whatever version is published, and on a host an image that was put there by hand. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <format>
#include <optional>
#include <string>
#include <string_view>

namespace tobari {

inline constexpr std::uint32_t kMaxImageVersion = 999'999'999;
inline constexpr std::size_t kMaxImageRefBytes = 64 + 1 + 9;

struct ImageRef {
  std::string name;
  std::uint32_t version = 0;  // 0: none is named

  [[nodiscard]] std::string str() const { return version == 0 ? name : std::format("{}@{}", name, version); }
  friend bool operator==(const ImageRef&, const ImageRef&) = default;
};

// Nothing: it is neither form. What the name itself may be made of is asked elsewhere.
[[nodiscard]] inline std::optional<ImageRef> parse_image_ref(std::string_view text) {
  const std::size_t mark = text.find('@');
  if (text.empty() || mark == 0 || text.size() > kMaxImageRefBytes) return std::nullopt;
  if (mark == std::string_view::npos) return ImageRef{std::string(text), 0};
  const std::string_view digits = text.substr(mark + 1);
  if (digits.empty() || digits.size() > 9 || digits.front() == '0') return std::nullopt;
  std::uint32_t version = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9') return std::nullopt;
    version = version * 10 + static_cast<std::uint32_t>(c - '0');
  }
  return ImageRef{std::string(text.substr(0, mark)), version};
}

}  // namespace tobari
