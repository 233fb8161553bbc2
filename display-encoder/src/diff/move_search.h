// SPDX-License-Identifier: GPL-3.0-or-later
// Finds where pixels went: compares what is to be shown with what the client has and looks for one displacement, in any
// direction and of any length, that explains much of the difference.
//
// Places that the new picture singles out by itself (find_anchors) are looked up in every eighth row of the old one;
// each that is found votes for a displacement, and the ones with most votes are measured (MoveExtent). What was
// found last is tried first.
//
// The answer is a hint: the live picture may change while it is read, and whoever follows the hint compares afterwards.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <tobari/display/frame.h>
#include <tobari/display/move.h>

#include "diff/move_extent.h"
#include "diff/row_scan.h"
#include "diff/shown_picture.h"

namespace tobari::display {

// Keeps its buffers between calls. Not thread safe.
class MoveSearch {
 public:
  // Smaller differences are cheaper sent than sought.
  static constexpr long kMinChanged = 8192;  // pixels, estimated
  // A copy that makes fewer pixels right is not worth its command.
  static constexpr long kMinGain = 2048;
  // Nor is one that explains less than this part of the difference.
  static constexpr long kMinShare = 16;

  // Whether so much of `area` differs that find() is worth trying. Looks at every eighth row.
  [[nodiscard]] bool promising(const ShownPicture& live, const FrameView& kept, const Rect& area);

  // After promising() with the same arguments. `to` lies inside the area, where it came from inside the picture.
  [[nodiscard]] std::optional<Move> find(const ShownPicture& live, const FrameView& kept, const Rect& area);

 private:
  struct Seen {  // an anchor of the live picture
    std::uint32_t hash = 0;
    std::int16_t x = -1;  // -1: free
    std::int16_t y = 0;
  };
  struct Votes {
    Point by;
    int count = 0;  // 0: free
  };
  static constexpr std::size_t kSeenSlots = 4096;
  static constexpr std::size_t kMaxSeen = 1536;
  static constexpr std::size_t kVoteSlots = 1024;
  static constexpr std::size_t kMaxCandidates = 4;

  void learn(const ShownPicture& live, const Rect& area);
  void learn_spot(const ShownPicture& live, const Rect& spot);
  void remember(std::uint32_t hash, int x, int y);
  void vote_row(const ShownPicture& live, const FrameView& kept, const Rect& row);
  void vote(const ShownPicture& live, const FrameView& kept, const Rect& area);
  void vote_for(Point by);
  [[nodiscard]] std::array<Votes, kMaxCandidates> candidates() const;
  [[nodiscard]] long estimated_change() const noexcept;

  std::vector<std::uint8_t> equal_;
  std::vector<Point> changed_;  // blocks that differ in a row that was looked at; in pixels, of the picture
  Anchors anchors_;
  std::vector<Seen> seen_;
  std::size_t seen_count_ = 0;
  int proofs_ = 0;  // that are still allowed
  std::vector<Votes> votes_;
  MoveExtent extent_;
  Point last_{};  // found; (0, 0): none
};

}  // namespace tobari::display
