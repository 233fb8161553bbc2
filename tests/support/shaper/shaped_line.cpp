// SPDX-License-Identifier: GPL-3.0-or-later
#include "shaper/shaped_line.h"

#include <algorithm>

namespace tobari::testing {
namespace {

constexpr std::size_t kSmallestSegment = 1448;  // what an Ethernet frame carries
constexpr std::size_t kLargestSegment = std::size_t{64} * 1024;
constexpr std::uint64_t kSegmentsASecond = 2000;  // on a fast line: finer is no use to anybody

}  // namespace

std::size_t ShapedLine::segment_bytes() const {
  return std::clamp(static_cast<std::size_t>(shape_.bits_a_second / 8 / kSegmentsASecond), kSmallestSegment,
                    kLargestSegment);
}

ShapedLine::Duration ShapedLine::time_for(std::size_t bytes) const {
  const double seconds = static_cast<double>(bytes) * 8 / static_cast<double>(shape_.bits_a_second);
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

std::size_t ShapedLine::room(Time now) const {
  std::size_t waiting = 0;
  for (auto s = segments_.rbegin(); s != segments_.rend() && s->leaves > line_time(now); ++s) waiting += s->bytes;
  const double under_way =
      std::chrono::duration<double>(shape_.one_way).count() * static_cast<double>(shape_.bits_a_second) / 8;
  const std::size_t all = shape_.queue_bytes + static_cast<std::size_t>(under_way);  // also when nobody takes it
  return std::min(shape_.queue_bytes - std::min(shape_.queue_bytes, waiting), all - std::min(all, held()));
}

void ShapedLine::push(std::span<const std::byte> bytes, Time now) {
  bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  for (std::size_t left = bytes.size(); left > 0;) {
    const std::size_t part = std::min(left, segment_bytes());
    free_at_ = std::max(free_at_, line_time(now)) + time_for(part);
    segments_.push_back({part, free_at_, free_at_ + shape_.one_way});
    left -= part;
  }
}

void ShapedLine::take(Time now, std::size_t most, std::vector<std::byte>& out) {
  if (stalled()) return;
  while (most > 0 && !segments_.empty() && segments_.front().arrives <= now) {
    const std::size_t part = std::min(most, segments_.front().bytes);
    const auto from = bytes_.begin() + static_cast<std::ptrdiff_t>(taken_);
    out.insert(out.end(), from, from + static_cast<std::ptrdiff_t>(part));
    taken_ += part;
    most -= part;
    segments_.front().bytes -= part;
    if (segments_.front().bytes == 0) segments_.pop_front();
  }
  if (taken_ > bytes_.size() / 2) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(taken_));
    taken_ = 0;
  }
}

std::optional<ShapedLine::Time> ShapedLine::next_arrival() const {
  if (stalled() || segments_.empty()) return std::nullopt;
  return segments_.front().arrives;
}

void ShapedLine::stall(Time now) {
  if (!stalled()) stalled_at_ = now;
}

void ShapedLine::resume(Time now) {
  if (!stalled()) return;
  const Duration late = now - *stalled_at_;
  for (Segment& segment : segments_) {
    if (segment.leaves > *stalled_at_) segment.leaves += late;
    if (segment.arrives > *stalled_at_) segment.arrives += late;
  }
  if (free_at_ > *stalled_at_) free_at_ += late;
  stalled_at_.reset();
}

}  // namespace tobari::testing
