// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/graphics_channel.h"

#include <string_view>
#include <utility>

#include "rdp/disp_pdu.h"
#include "rdp/gfx_layout.h"

namespace tobari::display {
namespace {
constexpr std::string_view kPipelineName = "Microsoft::Windows::RDS::Graphics";
// A frame's buffers are kept for the next frame, but not if it was an unusually large one.
constexpr std::size_t kKeptBytes = std::size_t{512} * 1024;

void recycle(gfx::Bytes& buffer) {
  if (buffer.capacity() > kKeptBytes) gfx::Bytes().swap(buffer);
  buffer.clear();
}
}  // namespace

std::size_t GraphicsChannel::flush() {
  segments_.wrap(message_, wrapped_);
  dvc_.send(pipeline_, wrapped_);
  const std::size_t bytes = wrapped_.size();
  recycle(message_);
  recycle(wrapped_);
  return bytes;
}

void GraphicsChannel::set_layout(const OutputLayout& layout) {
  if (!ready_) return;
  for (const std::uint16_t id : std::exchange(video_surfaces_, {})) gfx::delete_surface(id, message_);
  gfx::lay_out(layout, surfaces_, message_);
  surfaces_ = layout.surfaces.size();
  flush();
}

std::size_t GraphicsChannel::send(FrameId id, std::size_t surface, const EncodedFrame& frame) {
  if (surface >= surfaces_) return 0;
  const auto number = static_cast<std::uint16_t>(surface);
  for (const EncodedRect& rect : frame.rects) {
    if (rect.codec == Codec::kVideoSurface) video_surfaces_.insert(gfx::video_surface(number));
  }
  gfx::frame(number, id, frame, message_);
  segments_.set_line(frame.line_rate, frame.refines);
  return flush();
}

void GraphicsChannel::reopen() {
  segments_ = SegmentedWriter();
  dvc_.create(++pipeline_, kPipelineName);
}

void GraphicsChannel::close_resize() {
  if (std::exchange(resize_, false)) dvc_.close(kDisplayControl);
}

void GraphicsChannel::close_audio() {
  if (audio_ == nullptr) return;
  dvc_.close(kAudio);
  std::exchange(audio_, nullptr)->close();
}

void GraphicsChannel::on_dvc_ready() {
  dvc_.create(pipeline_, kPipelineName);
  if (resize_) dvc_.create(kDisplayControl, "Microsoft::Windows::RDS::DisplayControl");
  if (audio_ != nullptr) dvc_.create(kAudio, snd::kChannelName);
}

void GraphicsChannel::send_audio(std::span<const std::byte> message) { dvc_.send(kAudio, message); }

void GraphicsChannel::on_dvc_open(std::uint32_t id, bool open) {
  if (id == kAudio) {
    if (audio_ == nullptr) return;  // closed meanwhile
    return open ? audio_->open(*this) : audio_->close();
  }
  if (id == kDisplayControl) {
    if (!open || !resize_) return;  // a client without dynamic resolution says no: nothing is lost
    std::vector<std::byte> caps;
    disp::caps(caps);
    dvc_.send(kDisplayControl, caps);
    return;
  }
  if (open || id != pipeline_) return;  // the client advertises its capabilities next
  surfaces_ = 0;
  video_surfaces_.clear();
  if (std::exchange(ready_, false)) {
    events_.on_graphics_closed();
  } else {
    events_.on_graphics_refused();
  }
}

Result<void> GraphicsChannel::on_dvc_data(std::uint32_t id, std::span<const std::byte> data) {
  if (id == kAudio) return audio_ != nullptr ? audio_->receive(data) : Result<void>{};
  if (id == kDisplayControl) {
    TOBARI_ASSIGN(const auto parsed, disp::parse_layout(data));
    if (parsed.layout.empty()) {
      events_.on_absurd_layout(parsed.why);
    } else {
      events_.on_layout(parsed.layout);
    }
    return {};
  }
  TOBARI_ASSIGN(const auto messages, gfx::parse(data));
  for (const gfx::ClientMessage& message : messages) TOBARI_TRY(on_message(message));
  return {};
}

Result<void> GraphicsChannel::on_message(const gfx::ClientMessage& message) {
  if (const auto* caps = std::get_if<gfx::CapsAdvertise>(&message)) return on_caps(*caps);
  if (!ready_) return fail(Errc::kPeerProtocol, "graphics message before the capabilities");
  if (const auto* ack = std::get_if<gfx::FrameAcknowledge>(&message)) {
    if (ack->frame != gfx::kBackgroundFrame) events_.on_graphics_ack(ack->frame);
    if (ack->queue_depth == gfx::kSuspendAcks) events_.on_graphics_acks_suspended();
  } else if (std::holds_alternative<gfx::CacheImportOffer>(message)) {
    gfx::cache_import_reply(message_);
    flush();
  }
  return {};
}

Result<void> GraphicsChannel::on_caps(const gfx::CapsAdvertise& caps) {
  const auto choice = gfx::choose(caps);
  if (!choice) return fail(Errc::kPeerProtocol, "no known version of the graphics pipeline");
  // Advertising again means that the client dropped every surface (MS-RDPEGFX 1.7); it was confirmed before.
  surfaces_ = 0;
  video_surfaces_.clear();
  ready_ = true;
  gfx::caps_confirm(choice->set, message_);
  flush();
  events_.on_graphics_ready(choice->codecs);
  return {};
}

}  // namespace tobari::display
