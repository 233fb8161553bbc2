// SPDX-License-Identifier: GPL-3.0-or-later
// The mark of one client session, for each of its screens: made once, repeated over the screen from its top left, the
// same as long as the session lasts. Pure.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "watermark/mark_row.h"

namespace tobari::display {

// Immutable; may be shared between threads.
class ScreenMark {
 public:
  // `text`: what is to be seen; empty: nothing. `number`: what is to be hidden (watermark/mark_number.h). Null when
  // both are absent.
  [[nodiscard]] static std::shared_ptr<const ScreenMark> make(std::string_view text,
                                                              std::optional<std::uint64_t> number);

  // What lies on row `y`; valid as long as this is.
  [[nodiscard]] RowMark row(int y) const noexcept;

  // Every pixel has a mark of its own place, so that nothing that moves on the screen moves on the wire.
  [[nodiscard]] bool covers_everything() const noexcept { return !raise_.empty(); }

 private:
  ScreenMark() = default;
  void draw(std::string_view text);
  void hide(std::uint64_t number);

  std::vector<std::uint32_t> raise_;  // a row for each row of the pattern's cells
  std::vector<std::uint32_t> ink_;    // the rows that have any, one after the other
  std::vector<int> ink_rows_;         // where each row of a period is in ink_; -1: no ink
  int ink_period_ = 0;
};

}  // namespace tobari::display
