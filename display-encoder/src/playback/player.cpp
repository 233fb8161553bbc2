// SPDX-License-Identifier: GPL-3.0-or-later
#include "playback/player.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "playback/gfx_commands.h"
#include "playback/pointer_image.h"
#include "rdp/wire.h"

namespace tobari::display::playback {

using recording::Event;
using recording::EventType;
using recording::Recording;

Result<void> Player::seek(std::uint64_t time_us) {
  TOBARI_ASSIGN(const auto points, recording_.points());
  next_chunk_ = Recording::first();
  for (const recording::Point& point : points) {
    if (point.time_us > time_us) break;
    if ((point.flags & recording::kStart) != 0) next_chunk_ = point.offset;
  }
  screen_.reset();
  events_.clear();
  left_ = recording::Events({});
  next_.reset();
  chunks_read_ = 0;
  return play_until(time_us);
}

Result<bool> Player::load() {
  while (!next_) {
    TOBARI_ASSIGN(next_, left_.next());
    if (next_) break;
    auto chunk = recording_.read(next_chunk_);
    if (!chunk && chunk.error().code == Errc::kNotFound) return false;
    if (!chunk) return std::unexpected(chunk.error());
    ++chunks_read_;
    next_chunk_ = chunk->next;
    if ((chunk->head.flags & recording::kEnd) != 0) return false;
    starts_anew_ = (chunk->head.flags & recording::kStart) != 0;
    events_ = std::move(chunk->events);
    left_ = recording::Events(events_);
  }
  return true;
}

Result<std::optional<std::uint64_t>> Player::next_us() {
  TOBARI_ASSIGN(const bool more, load());
  return more ? std::optional(next_->time_us) : std::nullopt;
}

Result<void> Player::play_until(std::uint64_t time_us) {
  for (;;) {
    TOBARI_ASSIGN(const bool more, load());
    if (!more || next_->time_us > time_us) return {};
    const Event event = *std::exchange(next_, std::nullopt);
    TOBARI_TRY(carry_out(event));
  }
}

Result<void> Player::carry_out(const Event& event) {
  if (std::exchange(starts_anew_, false)) screen_.reset();
  switch (event.type) {
    case EventType::kGraphics:
      ++changes_;
      return screen_.show(event.data);
    case EventType::kPointerShape: {
      ++changes_;
      TOBARI_ASSIGN(pointer_, parse_pointer(event.data));
      return {};
    }
    case EventType::kPointerPlace: {
      ++changes_;
      WireReader in(event.data);
      pointer_place_ = {in.i32(), in.i32()};
      pointer_visible_ = in.u8() != 0;
      return {};
    }
    default:
      return {};  // of a newer version, or for others
  }
}

void Player::picture(Canvas& onto, bool pointer) const {
  screen_.compose(onto);
  if (pointer && pointer_visible_) draw_pointer(pointer_, pointer_place_, onto);
}

namespace {

// What a chunk's first layout says, when the index does not know it.
Result<Size> desktop_in(const Recording& recording, std::uint64_t offset) {
  TOBARI_ASSIGN(const auto chunk, recording.read(offset));
  recording::Events events(chunk.events);
  for (;;) {
    TOBARI_ASSIGN(const auto event, events.next());
    if (!event) return Size{};
    if (event->type != EventType::kGraphics) continue;
    GfxCommands commands(event->data);
    for (;;) {
      TOBARI_ASSIGN(const auto command, commands.next());
      if (!command) break;
      if (const auto* reset = std::get_if<ResetGraphics>(&*command)) return reset->size;
    }
  }
}

}  // namespace

Result<Size> largest_desktop(const Recording& recording, std::uint64_t from_us, std::uint64_t to_us) {
  TOBARI_ASSIGN(const auto points, recording.points());
  Size before;
  Size largest;
  for (const recording::Point& point : points) {
    if (point.time_us > to_us) break;
    Size size{point.width, point.height};
    if (!size.valid()) {
      TOBARI_ASSIGN(size, desktop_in(recording, point.offset));
    }
    if (point.time_us <= from_us) before = size;
    largest = {std::max(largest.width, size.width), std::max(largest.height, size.height)};
    if (point.time_us <= from_us) largest = before;
  }
  return largest;
}

}  // namespace tobari::display::playback
