// SPDX-License-Identifier: GPL-3.0-or-later
#include "watermark/screen_mark.h"

#include <algorithm>
#include <cstddef>

#include <tobari/watermark/mark_pattern.h>

#include "drawing/canvas.h"

namespace tobari::display {
namespace {

using watermark::kPatternCell;
using watermark::kPatternCells;
using watermark::kPatternPeriod;

constexpr std::uint32_t kInk = 0x00FFFFFFu;
constexpr std::uint32_t kRaised = 0x00010101u * watermark::kPatternStep;

// The text: characters of 12x16 pixels, a line every 192 rows, every second one moved by half of what it repeats over.
// Far enough apart to be read past, near enough that no window of some size is without one.
constexpr int kScale = 2;
constexpr int kCharacterWidth = 6 * kScale;
constexpr int kCharacterHeight = 8 * kScale;
constexpr int kLineDistance = 192;
constexpr int kGap = 160;  // at least, between the texts of a line

}  // namespace

std::shared_ptr<const ScreenMark> ScreenMark::make(std::string_view text, std::optional<std::uint64_t> number) {
  if (text.empty() && !number) return nullptr;
  const std::shared_ptr<ScreenMark> mark(new ScreenMark());
  if (!text.empty()) mark->draw(text);
  if (number) mark->hide(*number);
  return mark;
}

void ScreenMark::draw(std::string_view text) {
  const int width = static_cast<int>(text.size()) * kCharacterWidth;
  ink_period_ = (width + kGap + kMarkPiece - 1) / kMarkPiece * kMarkPiece;
  Canvas canvas({2 * ink_period_, 2 * kLineDistance});
  constexpr int kTop = (kLineDistance - kCharacterHeight) / 2;
  canvas.text({kGap / 2, kTop}, text, kScale, kInk);
  // Drawn twice, so that what is cut off at the right comes in at the left.
  for (const int left : {-ink_period_ / 2, ink_period_ / 2}) {
    canvas.text({kGap / 2 + left, kLineDistance + kTop}, text, kScale, kInk);
  }
  ink_rows_.assign(static_cast<std::size_t>(canvas.size().height), -1);
  for (int y = 0; y < canvas.size().height; ++y) {
    const std::uint32_t* const row = canvas.row(y);
    const std::uint32_t* const end = row + ink_period_;
    if (std::find(row, end, kInk) == end) continue;
    ink_rows_[static_cast<std::size_t>(y)] = static_cast<int>(ink_.size()) / ink_period_;
    ink_.insert(ink_.end(), row, end);
  }
}

void ScreenMark::hide(std::uint64_t number) {
  const watermark::MarkPattern pattern(number);
  raise_.reserve(std::size_t{kPatternPeriod} * kPatternCells);
  for (int row = 0; row < kPatternCells; ++row) {
    for (int x = 0; x < kPatternPeriod; ++x) raise_.push_back(pattern.raised(x / kPatternCell, row) ? kRaised : 0);
  }
}

RowMark ScreenMark::row(int y) const noexcept {
  RowMark mark;
  if (!raise_.empty()) {
    mark.raise = raise_.data() + static_cast<std::ptrdiff_t>(y / kPatternCell % kPatternCells) * kPatternPeriod;
    mark.raise_period = kPatternPeriod;
  }
  if (!ink_rows_.empty()) {
    const int ink_row = ink_rows_[static_cast<std::size_t>(y) % ink_rows_.size()];
    if (ink_row >= 0) mark.ink = ink_.data() + static_cast<std::ptrdiff_t>(ink_row) * ink_period_;
    mark.ink_period = ink_period_;
  }
  return mark;
}

}  // namespace tobari::display
