// SPDX-License-Identifier: GPL-3.0-or-later
// The hostile client's side of the clipboard channel (MS-RDPECLIP): copies, pastes, also what it was never offered, and
// says what it wants about lengths. One thread, within the client's.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <tobari/policy/limits.h>

#include "clipboard_contents.h"
#include "rogue.h"

namespace tobari::leak {

inline constexpr std::uint32_t kFileList = 0xC0F2;
[[nodiscard]] std::uint32_t format_id(policy::Format format) noexcept;  // as the server numbers them

class PlayedClipboard {
 public:
  explicit PlayedClipboard(Rogue& client);  // which must outlive it

  void copies(policy::Format format, Bytes windows);
  void copies_files();
  void asks(std::uint32_t id);                      // for what the desktop has
  void asks_for_file_contents();                    // 2.2.5.3
  void pushes_file_contents(const Bytes& payload);  // 2.2.5.4
  void lies_about_length(std::uint32_t length);     // in its next answer, of which one piece comes only

  [[nodiscard]] bool greeted() const noexcept { return greeted_; }
  [[nodiscard]] bool offered(std::uint32_t id) const { return offered_.contains(id); }
  [[nodiscard]] bool answered() const noexcept { return answered_; }
  [[nodiscard]] const Bytes* given() const noexcept { return granted_ ? &given_ : nullptr; }  // null: refused
  [[nodiscard]] std::size_t asked() const noexcept { return asked_; }                         // how often, for anything

 private:
  void take(std::span<const std::byte> message);
  void announce(std::uint32_t id, std::string_view name);
  void give(std::uint32_t id);
  void send(unsigned type, unsigned flags, const Bytes& body);

  Rogue& client_;
  Bytes in_;
  bool greeted_ = false;
  bool answered_ = false;
  std::set<std::uint32_t> offered_;
  std::uint32_t has_ = 0;
  Bytes content_;
  std::optional<std::uint32_t> claimed_;
  bool granted_ = false;
  Bytes given_;
  std::size_t asked_ = 0;
};

}  // namespace tobari::leak
