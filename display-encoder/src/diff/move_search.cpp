// SPDX-License-Identifier: GPL-3.0-or-later
#include "diff/move_search.h"

#include <algorithm>
#include <cstring>

namespace tobari::display {

namespace {

constexpr int kStep = 8;         // of all rows this one is looked at, and a spot has so many: one of them is met
constexpr int kMaxSpots = 16;    // where anchors of the new picture are taken from
constexpr int kSpotMargin = 64;  // pixels that a spot has to the left and right of its block
constexpr int kProof = 64;       // pixels that must be equal around an anchor
constexpr std::size_t kProbes = 16;
constexpr int kMinVotes = 3;
constexpr int kMaxAlike = 4;
constexpr int kMaxProofs = 32768;

// Most comparisons end early: not one loop, but chunks.
bool equal_colours(const std::byte* a, const std::byte* b, int count) {
  constexpr int kChunk = 8;
  for (; count > kChunk; count -= kChunk, a += kChunk * kBytesPerPixel, b += kChunk * kBytesPerPixel) {
    if (!equal_colours(a, b, kChunk)) return false;
  }
  std::uint32_t difference = 0;
  for (int i = 0; i < count; ++i) {
    std::uint32_t first = 0;
    std::uint32_t second = 0;
    std::memcpy(&first, a + static_cast<std::size_t>(i) * kBytesPerPixel, sizeof first);
    std::memcpy(&second, b + static_cast<std::size_t>(i) * kBytesPerPixel, sizeof second);
    difference |= first ^ second;
  }
  return (difference & 0x00FFFFFFu) == 0;
}

// Whether what surrounds an anchor is equal too, as far as both pictures reach.
bool proven(const ShownPicture& live, Point now, const FrameView& kept, Point before) {
  const int left = std::min({(kProof - kAnchorWidth) / 2, now.x, before.x});
  const int count = std::min({kProof, live.size.width - now.x + left, kept.size.width - before.x + left});
  return equal_colours(live.at(now.x - left, now.y), kept.at(before.x - left, before.y), count);
}

}  // namespace

bool MoveSearch::promising(const ShownPicture& live, const FrameView& kept, const Rect& area) {
  changed_.clear();
  const int columns = (area.width + kScanBlock - 1) / kScanBlock;
  equal_.resize(static_cast<std::size_t>(columns));
  for (int y = area.y; y < area.bottom(); y += kStep) {
    equal_blocks(live.at(area.x, y), kept.at(area.x, y), area.width, equal_.data());
    for (int column = 0; column < columns; ++column) {
      if (equal_[static_cast<std::size_t>(column)] == 0) changed_.push_back({area.x + column * kScanBlock, y});
    }
  }
  return estimated_change() >= kMinChanged;
}

long MoveSearch::estimated_change() const noexcept { return static_cast<long>(changed_.size()) * kScanBlock * kStep; }

// Of places that look alike a few are enough, or text with its few letters would be compared for ever.
void MoveSearch::remember(std::uint32_t hash, int x, int y) {
  if (seen_count_ >= kMaxSeen) return;
  int alike = 0;
  for (std::size_t probe = 0; probe < kProbes; ++probe) {
    Seen& slot = seen_[((hash >> 8) + probe) % kSeenSlots];
    if (slot.x == x && slot.y == y) return;  // spots may overlap
    if (slot.x >= 0 && slot.hash == hash && ++alike == kMaxAlike) return;
    if (slot.x >= 0) continue;
    slot = {hash, static_cast<std::int16_t>(x), static_cast<std::int16_t>(y)};
    ++seen_count_;
    return;
  }
}

void MoveSearch::learn_spot(const ShownPicture& live, const Rect& spot) {
  for (int y = spot.y; y < spot.bottom(); ++y) {
    find_anchors(live.at(spot.x, y), spot.width, anchors_);
    for (std::size_t i = 0; i < anchors_.count; ++i) {
      remember(anchors_.hash[i], spot.x + static_cast<int>(anchors_.at[i]), y);
    }
  }
}

void MoveSearch::learn(const ShownPicture& live, const Rect& area) {
  seen_.assign(kSeenSlots, {});
  seen_count_ = 0;
  const std::size_t spots = std::min<std::size_t>(kMaxSpots, changed_.size());
  for (std::size_t i = 0; i < spots; ++i) {
    // From the middle of equal parts: the first and last places are most likely to be newly uncovered.
    const Point at = changed_[(2 * i + 1) * changed_.size() / (2 * spots)];
    learn_spot(live, intersect(area, {at.x - kSpotMargin, at.y, kScanBlock + 2 * kSpotMargin, kStep}));
  }
}

void MoveSearch::vote_for(Point by) {
  const auto hash = static_cast<std::uint32_t>(by.x) * 0x9E3779B1u + static_cast<std::uint32_t>(by.y) * 0x85EBCA77u;
  for (std::size_t probe = 0; probe < kProbes; ++probe) {
    Votes& slot = votes_[((hash >> 16) + probe) % kVoteSlots];
    if (slot.count > 0 && slot.by != by) continue;
    slot.by = by;
    ++slot.count;
    return;
  }
}

void MoveSearch::vote_row(const ShownPicture& live, const FrameView& kept, const Rect& row) {
  find_anchors(kept.at(row.x, row.y), row.width, anchors_);
  for (std::size_t i = 0; i < anchors_.count; ++i) {
    const std::uint32_t hash = anchors_.hash[i];
    const Point before{row.x + static_cast<int>(anchors_.at[i]), row.y};
    for (std::size_t probe = 0; probe < kProbes; ++probe) {
      const Seen& seen = seen_[((hash >> 8) + probe) % kSeenSlots];
      if (seen.x < 0) break;
      if (seen.hash != hash) continue;
      const Point now{seen.x, seen.y};
      const Point by{now.x - before.x, now.y - before.y};
      if (by == Point{}) continue;
      if (--proofs_ < 0) return;
      if (proven(live, now, kept, before)) vote_for(by);
    }
  }
}

// From top to bottom several times, because proofs may run out before the rows do.
void MoveSearch::vote(const ShownPicture& live, const FrameView& kept, const Rect& area) {
  constexpr int kPasses = 4;
  votes_.assign(kVoteSlots, {});
  proofs_ = kMaxProofs;
  for (int pass = 0; pass < kPasses; ++pass) {
    for (int y = area.y + kStep / 2 + pass * kStep; y < area.bottom() && proofs_ > 0; y += kPasses * kStep) {
      vote_row(live, kept, {area.x, y, area.width, 1});
    }
  }
}

std::array<MoveSearch::Votes, MoveSearch::kMaxCandidates> MoveSearch::candidates() const {
  std::array<Votes, kMaxCandidates> best{};
  std::ranges::partial_sort_copy(votes_, best, [](const Votes& a, const Votes& b) { return a.count > b.count; });
  return best;
}

std::optional<Move> MoveSearch::find(const ShownPicture& live, const FrameView& kept, const Rect& area) {
  const long enough = std::max(kMinGain, estimated_change() / kMinShare);
  // A scroll goes on as it began.
  if (last_ != Point{}) {
    const MoveExtent::Found again = extent_.find(live, kept, area, last_, enough);
    if (again.gain >= estimated_change() / 2) return Move{again.to, last_};
  }
  learn(live, area);
  if (seen_count_ == 0) return std::nullopt;
  vote(live, kept, area);
  Move best;
  long most = enough - 1;
  int top = 0;
  for (const Votes& candidate : candidates()) {
    top = std::max(top, candidate.count);
    if (candidate.count < kMinVotes || candidate.count * 4 < top) break;
    const MoveExtent::Found found = extent_.find(live, kept, area, candidate.by, most + 1);
    if (found.gain > most) {
      most = found.gain;
      best = {found.to, candidate.by};
    }
    if (most >= estimated_change() / 2) break;
  }
  if (best.to.empty()) return std::nullopt;
  last_ = best.by;
  return best;
}

}  // namespace tobari::display
