// SPDX-License-Identifier: GPL-3.0-or-later
// What an allowed channel may carry (limits), and what a session owes in return (obligations), as values.
//
// One law joins them: everything that a rule states holds, whichever other rules apply. So limits only ever get
// narrower, obligations only ever more, and the order of rules does not matter.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tobari::policy {

enum class Format : std::uint8_t { kText, kRtf, kHtml, kImage, kFiles };
inline constexpr std::array<std::string_view, 5> kFormatNames{"text", "rtf", "html", "image", "files"};

class FormatSet {
 public:
  constexpr FormatSet() noexcept = default;  // none
  [[nodiscard]] static constexpr FormatSet all() noexcept {
    FormatSet set;
    set.bits_ = (1U << kFormatNames.size()) - 1;
    return set;
  }
  constexpr void add(Format format) noexcept { bits_ |= bit(format); }
  constexpr void keep(FormatSet others) noexcept { bits_ &= others.bits_; }
  [[nodiscard]] constexpr bool has(Format format) const noexcept { return (bits_ & bit(format)) != 0; }
  [[nodiscard]] constexpr bool empty() const noexcept { return bits_ == 0; }
  friend bool operator==(const FormatSet&, const FormatSet&) = default;

 private:
  static constexpr unsigned bit(Format format) noexcept { return 1U << static_cast<unsigned>(format); }
  unsigned bits_ = 0;
};
// Nothing when there is no format of that name.
[[nodiscard]] std::optional<Format> find_format(std::string_view name) noexcept;

// Of one direction: a channel's name says which. Absent: no limit. A transfer beyond a limit is refused whole.
struct Limits {
  FormatSet formats = FormatSet::all();               // of what has formats; the clipboard
  std::optional<std::uint64_t> bytes_per_transfer{};  // at least 1, like the others
  std::optional<std::uint64_t> bytes_per_day{};       // of one user, over all sessions
  std::optional<std::uint64_t> bytes_per_second{};

  // Both hold from now on.
  void tighten(const Limits& other);
  friend bool operator==(const Limits&, const Limits&) = default;
};

// kOptional: a session goes on when its recording fails. kRequired: it ends.
enum class Recording : std::uint8_t { kNone, kOptional, kRequired };

struct Obligations {
  bool visible_watermark = false;
  bool invisible_watermark = false;
  Recording recording = Recording::kNone;
  std::optional<std::chrono::seconds> idle_timeout{};      // without a key or a pointer
  std::optional<std::chrono::seconds> absolute_timeout{};  // from the session's begin
  std::vector<std::string> notices{};                      // shown before the desktop is; no text twice
  std::optional<std::uint32_t> max_monitors{};
  std::optional<std::uint64_t> max_pixels{};  // of all monitors together

  // Both hold from now on.
  void add(const Obligations& other);
  friend bool operator==(const Obligations&, const Obligations&) = default;
};

}  // namespace tobari::policy
