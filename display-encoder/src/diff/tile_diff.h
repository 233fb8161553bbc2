// SPDX-License-Identifier: GPL-3.0-or-later
// Keeps the picture as it was last taken for the client and finds what differs from it now.
//
// One pass over the damaged area compares and copies, so that every live pixel is read exactly once: the guest goes on
// drawing while we read, and whatever is encoded afterwards must come from picture(), never from the live view. The
// same pass lays the client's mark on: picture() has it, and so has whatever is compared, moved, hashed and encoded.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <tobari/display/frame.h>
#include <tobari/display/move.h>
#include <tobari/display/region.h>

#include "diff/move_search.h"
#include "diff/row_compare.h"
#include "watermark/screen_mark.h"

namespace tobari::display {

// Not thread safe; owned by the one thread that encodes.
class TileDiff {
 public:
  static constexpr int kTile = kTileSide;  // pixels; tiles are aligned to the surface's origin

  TileDiff() = default;

  // A surface of this size, with this mark on it, begins: the kept picture is black and the next update() reports all
  // that it is shown. `size` must be valid().
  void reset(Size size, std::shared_ptr<const ScreenMark> mark = nullptr);

  // Takes what changed inside `damage` into picture() and returns where that was: exact to a rectangle around the
  // changed pixels of each tile, neighbouring rectangles joined where that costs little. `live` has the size given to
  // reset(); `damage` may reach beyond it. The X byte is ignored. After reset() an area counts as changed when it is
  // shown for the first time.
  [[nodiscard]] Region update(const FrameView& live, const Region& damage);

  // Where a search for moves is worthwhile, given this damage; empty: nowhere. May be larger than the damage.
  [[nodiscard]] static Rect searchable(const Region& damage);

  // Looks for what has only moved inside `area` (of searchable(), inside the surface), moves it in picture() and
  // returns what was done, in order: whoever has the same picture does the same. What is wrong after that, also because
  // the guest went on drawing, update() finds; its damage must hold all of `area`. At most kMaxMoves. Searches less
  // often while nothing comes of it.
  static constexpr std::size_t kMaxMoves = 4;
  [[nodiscard]] std::vector<Move> follow_moves(const FrameView& live, const Rect& area);

  // The private copy. Valid until reset(); its contents change with update() and
  // follow_moves() only. Rows are 64-byte aligned.
  [[nodiscard]] FrameView picture() const noexcept;
  [[nodiscard]] Size size() const noexcept { return size_; }
  [[nodiscard]] const std::shared_ptr<const ScreenMark>& mark() const noexcept { return mark_; }

 private:
  [[nodiscard]] RowMark mark_of(int y) const noexcept { return mark_ ? mark_->row(y) : RowMark{}; }
  void copy(const FrameView& live, const Rect& rect);
  Region compare(const FrameView& live, const Rect& rect);
  void carry_out(const Move& move);

  // Searches that find nothing make the next ones rarer.
  class Patience {
   public:
    [[nodiscard]] bool rests();
    void nothing_found();
    void found() { *this = {}; }

   private:
    unsigned fruitless_ = 0;  // searches in a row
    unsigned to_skip_ = 0;    // before the next one
  };

  Size size_;
  std::shared_ptr<const ScreenMark> mark_;
  std::size_t stride_ = 0;
  std::vector<std::byte> storage_;  // with room for the alignment of its first row
  std::size_t first_row_ = 0;
  Region unseen_;                 // never taken since reset()
  std::vector<TileMarks> marks_;  // of one row of tiles
  MoveSearch search_;
  std::array<Patience, kMaxMoves> patience_;  // for a first move, for one more where one was found, and so on
};

}  // namespace tobari::display
