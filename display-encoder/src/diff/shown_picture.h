// SPDX-License-Identifier: GPL-3.0-or-later
// The live picture as it will be shown, for looking at it here and there: rows with a mark are made when they are first
// asked for. What changes meanwhile may be seen old or new; whoever looks wants a hint.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include <tobari/display/frame.h>

#include "watermark/screen_mark.h"

namespace tobari::display {

// Lives no longer than what it looks at. Not thread safe.
class ShownPicture {
 public:
  ShownPicture(const FrameView& live) noexcept : size(live.size), live_(live) {}  // without a mark
  ShownPicture(const FrameView& live, const ScreenMark* mark) : size(live.size), live_(live), mark_(mark) {
    if (mark_ != nullptr) rows_.resize(static_cast<std::size_t>(live.size.height));
  }

  const Size size;

  // Valid to the end of the row, as long as this is.
  [[nodiscard]] const std::byte* at(int x, int y) const {
    if (mark_ == nullptr) return live_.at(x, y);
    const RowMark mark = mark_->row(y);
    if (mark.empty()) return live_.at(x, y);
    return made(y, mark) + static_cast<std::size_t>(x) * kBytesPerPixel;
  }

 private:
  [[nodiscard]] const std::byte* made(int y, const RowMark& mark) const {
    auto& row = rows_[static_cast<std::size_t>(y)];
    if (!row) {
      row = std::make_unique_for_overwrite<std::byte[]>(static_cast<std::size_t>(size.width) * kBytesPerPixel);
      mark_row(live_.row(y), row.get(), 0, size.width, mark);
    }
    return row.get();
  }

  FrameView live_;
  const ScreenMark* mark_ = nullptr;
  mutable std::vector<std::unique_ptr<std::byte[]>> rows_;
};

}  // namespace tobari::display
