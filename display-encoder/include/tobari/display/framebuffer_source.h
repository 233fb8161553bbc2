// SPDX-License-Identifier: GPL-3.0-or-later
// The seam to whatever shows a desktop: a QEMU virtual machine, an X display, a test pattern.
//
// Contract. start() once; then, on a thread of the source's own, on_surface() first (the size; everything is damaged),
// on_damage() whenever pixels may have changed and on_surface() again when the size changed. The events only note and
// wake somebody: they must not block, because a source's thread may be what a virtual machine waits for. The one
// consumer calls acquire() on its own thread, whenever it is ready for pixels: nothing is copied for a consumer that is
// not. stop() ends everything: when it returns no event is running or will come. After on_lost() nothing comes any
// more.
#pragma once

#include <memory>
#include <span>

#include <tobari/base/result.h>
#include <tobari/display/audio_source.h>
#include <tobari/display/frame.h>
#include <tobari/display/input.h>
#include <tobari/display/region.h>

namespace tobari::display {

// How a consumer would like a source to be. What a source cannot do of it, it leaves out.
struct SourceMode {
  Size size{};
  Size physical{};    // millimetres; empty: 96 dots an inch
  Point position{};   // among the heads of one machine
  bool shown = true;  // false: nobody looks at this head, and the machine may switch it off
  friend bool operator==(const SourceMode&, const SourceMode&) = default;
};

class SourceEvents {
 public:
  virtual void on_surface(Size size) = 0;
  virtual void on_damage(std::span<const Rect> rects) = 0;     // an upper bound, inside the surface
  virtual void on_cursor_shape(const CursorShape& shape) = 0;  // only when it changed
  virtual void on_cursor_visible(bool visible) = 0;
  virtual void on_lost(const Error& reason) = 0;  // last call of all

 protected:
  ~SourceEvents() = default;
};

class FramebufferSource {
 public:
  virtual ~FramebufferSource() = default;

  [[nodiscard]] virtual Result<void> start(SourceEvents& events) = 0;
  virtual void stop() noexcept = 0;

  // Brings the pixels of `wanted` up to date and returns the whole surface; pixels outside `wanted` may be old. Valid
  // until the next acquire() or stop(), even if the surface is replaced meanwhile. Whoever draws may go on drawing:
  // read every pixel once, and expect damage for what changed under the read. kUnavailable: no surface yet.
  [[nodiscard]] virtual Result<FrameView> acquire(const Region& wanted) = 0;

  // The consumer needs no pixels for a while: memory that only makes reading quick may be given back. The view of the
  // last acquire() is void. On the consumer's thread.
  virtual void rest() noexcept {}

  // Asks for another mode; a later on_surface() confirms its size (or not: a source that cannot says kInvalidArgument).
  [[nodiscard]] virtual Result<void> request_mode(const SourceMode& mode) = 0;
  [[nodiscard]] Result<void> request_size(Size size) {
    return request_mode({.size = size, .physical = {}, .position = {}});
  }

  [[nodiscard]] virtual InputSink& input() noexcept = 0;                   // lives as long as the source
  [[nodiscard]] virtual AudioSource* audio() noexcept { return nullptr; }  // as well; null: it has no sound
};

}  // namespace tobari::display
