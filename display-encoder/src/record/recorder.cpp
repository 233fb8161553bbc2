// SPDX-License-Identifier: GPL-3.0-or-later
// What the session's threads tell. The way to the host: recorder_host.cpp.
#include "record/recorder.h"

#include <algorithm>
#include <cerrno>
#include <format>
#include <utility>

#include <sys/eventfd.h>

#include <tobari/display/display_transport.h>

#include "rdp/gfx_layout.h"
#include "rdp/gfx_pdu.h"
#include "rdp/wire.h"
#include "record/whole_picture.h"

namespace tobari::display {

using recording::EventType;

namespace {

// Kept for the next frame, but not after an unusually large one.
constexpr std::size_t kKeptScratch = std::size_t{512} * 1024;

std::int64_t wall_ms() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(SystemClock().wall().time_since_epoch()).count();
}

std::uint16_t side(int length) { return static_cast<std::uint16_t>(std::clamp(length, 0, 0xFFFF)); }

}  // namespace

Result<std::shared_ptr<Recorder>> Recorder::create(RecorderOptions options, UniqueFd host) {
  // The time of the header is that of the ticket; the client's is in the first event.
  TOBARI_ASSIGN(recording::Sealer sealer, recording::Sealer::create(options.reader, options.session, wall_ms()));
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail_errno(errno, "make an eventfd");
  return std::make_shared<Recorder>(std::move(options), std::move(sealer), std::move(host), std::move(wake));
}

Recorder::Recorder(RecorderOptions options, recording::Sealer sealer, UniqueFd host, UniqueFd wake)
    : options_(std::move(options)), sealer_(std::move(sealer)), host_(std::move(host)), wake_(std::move(wake)) {}

bool Recorder::busy() {
  const std::scoped_lock lock(mutex_);
  return state_ == State::kRecording || state_ == State::kEnding;
}

void Recorder::wake() noexcept { static_cast<void>(::eventfd_write(wake_.get(), 1)); }

std::uint64_t Recorder::time_us(Time now) const {
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now - begun_).count());
}

std::optional<Recorder::Time> Recorder::oldest() const {
  if (!on_the_way_.empty()) return on_the_way_.front().since;
  if (!closed_.empty()) return closed_.front().since;
  if (!open_.events.empty()) return open_.since;
  return std::nullopt;
}

void Recorder::close_chunk() {
  if (open_.events.empty()) return;
  closed_.push_back(std::exchange(open_, {}));
  wake();
}

void Recorder::begin_chunk(std::uint8_t flags, Size desktop) {
  close_chunk();
  open_.note.flags = flags;
  open_.note.width = side(desktop.width);
  open_.note.height = side(desktop.height);
}

void Recorder::append(EventType type, recording::View data) {
  if (state_ != State::kRecording) return;
  const Time now = SystemClock().now();
  const std::size_t size = data.size() + recording::kEventHeadBytes;
  if (open_.events.size() + size > recording::kMaxContent) close_chunk();
  if (open_.events.empty()) {
    open_.since = now;
    open_.note.time_us = time_us(now);
    wake();  // so that it is known when it is due
  }
  recording::put_event(type, time_us(now), data, open_.events);
  waiting_ += size;
  since_start_ += size;
  if (open_.events.size() >= options_.limits.flush_bytes) close_chunk();
}

// ---- ShownTap

void Recorder::begin(const ClientInfo& client, const Admitted& admitted, std::function<void(const Error&)> failed) {
  {
    const std::scoped_lock lock(mutex_);
    if (state_ != State::kIdle) return;
    state_ = State::kRecording;
    failed_ = std::move(failed);
    begun_ = started_at_ = SystemClock().now();
    recording::Bytes about;
    recording::put_about({{"session", admitted.session_id},
                          {"user", admitted.grant.user},
                          {"desktop", admitted.grant.desktop_id},
                          {"client_address", client.address},
                          {"client_name", client.name},
                          {"signed_in_ms", std::to_string(wall_ms())}},
                         about);
    append(EventType::kAbout, about);
    since_start_ = 0;
  }
  thread_ = std::jthread([this] { run(); });
}

void Recorder::end(const std::string& reason) {
  const std::scoped_lock lock(mutex_);
  if (state_ == State::kIdle) state_ = State::kDone;
  if (state_ != State::kRecording) return;
  close_chunk();
  state_ = State::kEnding;
  ending_ = reason;
  finish_by_ = SystemClock().now() + options_.limits.finish_within;
  wake();
}

bool Recorder::holds() {
  if (!options_.required) return false;
  const std::scoped_lock lock(mutex_);
  if (state_ != State::kRecording) return state_ != State::kEnding;
  // The file is there, and the audit knows of it, before anything is seen.
  if (!header_kept_ || waiting_ > options_.limits.waiting_bytes) return true;
  const auto since = oldest();
  return since && SystemClock().now() - *since > options_.limits.unrecorded;
}

void Recorder::put_layout(const OutputLayout& layout, std::size_t former) {
  scratch_.clear();
  gfx::lay_out(layout, former, scratch_);
  append(EventType::kGraphics, scratch_);
  surfaces_ = layout.surfaces.size();
}

void Recorder::on_layout(const OutputLayout& layout, bool anew) {
  const std::scoped_lock lock(mutex_);
  begin_chunk(anew ? recording::kStart | recording::kLayout : recording::kLayout, layout.monitors.size());
  put_layout(layout, anew ? 0 : surfaces_);
  if (!anew) return;
  put_pointer();
  since_start_ = 0;
  started_at_ = SystemClock().now();
}

void Recorder::on_frame(std::uint32_t id, std::size_t surface, const EncodedFrame& frame) {
  scratch_.clear();
  gfx::frame(static_cast<std::uint16_t>(surface), id, frame, scratch_);
  const std::scoped_lock lock(mutex_);
  append(EventType::kGraphics, scratch_);
  if (scratch_.capacity() > kKeptScratch) recording::Bytes().swap(scratch_);
}

void Recorder::on_pointer(const std::optional<CursorShape>& shape, bool visible) {
  const std::scoped_lock lock(mutex_);
  pointer_shape_ = shape;
  pointer_visible_ = visible;
  put_pointer();
}

void Recorder::put_pointer() {
  scratch_.clear();
  WireWriter writer(scratch_);
  if (pointer_shape_) {
    const CursorShape& shape = *pointer_shape_;
    for (const int value : {shape.size.width, shape.size.height, shape.hotspot.x, shape.hotspot.y}) {
      writer.u16(static_cast<unsigned>(value));
    }
    for (const std::uint32_t pixel : shape.argb) writer.u32(pixel);
  }
  append(EventType::kPointerShape, scratch_);
  pointer_place_.reset();
}

void Recorder::on_pointer_place(Point place) {
  if (pointer_place_ == place) return;
  scratch_.clear();
  WireWriter writer(scratch_);
  writer.u32(static_cast<unsigned>(place.x));
  writer.u32(static_cast<unsigned>(place.y));
  writer.u8(pointer_visible_ ? 1U : 0U);
  const std::scoped_lock lock(mutex_);
  pointer_place_ = place;
  append(EventType::kPointerPlace, scratch_);
}

ShownTap::Wish Recorder::wishes() {
  const std::scoped_lock lock(mutex_);
  if (state_ != State::kRecording || since_start_ == 0) return Wish::kNothing;
  const RecorderLimits& limits = options_.limits;
  if (since_start_ >= std::max(limits.busy_bytes, limits.busy_times * last_start_)) return Wish::kNow;
  const bool much = since_start_ >= std::max(limits.idle_bytes, limits.idle_times * last_start_);
  return much || SystemClock().now() - started_at_ >= limits.longest_without ? Wish::kWhenIdle : Wish::kNothing;
}

void Recorder::start_anew(const OutputLayout& layout, std::span<const FrameView> pictures) {
  const std::scoped_lock lock(mutex_);
  begin_chunk(recording::kStart, layout.monitors.size());
  since_start_ = 0;
  put_layout(layout, 0);
  put_pointer();
  for (std::size_t i = 0; i < pictures.size(); ++i) {
    encode_whole(pictures[i], [this, i](const EncodedFrame& frame) {
      scratch_.clear();
      gfx::frame(static_cast<std::uint16_t>(i), gfx::kBackgroundFrame, frame, scratch_);
      append(EventType::kGraphics, scratch_);
    });
  }
  last_start_ = std::exchange(since_start_, 0);
  started_at_ = SystemClock().now();
}

}  // namespace tobari::display
