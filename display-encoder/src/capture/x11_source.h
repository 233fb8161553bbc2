// SPDX-License-Identifier: GPL-3.0-or-later
// Any X display as a desktop: Xvfb, Xorg, what a container runs.
#pragma once

#include <memory>
#include <string>

#include <tobari/display/framebuffer_source.h>

namespace tobari::display {

// Damage through XDamage on a thread and connection of its own; pixels through XShm on the consumer's thread and a
// second connection, straight into one shared segment. Pixels that acquire() was not asked for keep what they were.
class X11Source final : public FramebufferSource {
 public:
  // `display` as XOpenDisplay takes it (":0"). kUnavailable: nobody answers there. kInvalidArgument: it answers, but is
  // not 24 bit deep with 32 bits a pixel, little endian, or lacks DAMAGE, XFIXES, MIT-SHM or XTEST; the message says
  // which.
  [[nodiscard]] static Result<std::unique_ptr<X11Source>> create(const std::string& display);
  ~X11Source() override;

  [[nodiscard]] Result<void> start(SourceEvents& events) override;
  void stop() noexcept override;
  [[nodiscard]] Result<FrameView> acquire(const Region& wanted) override;
  void rest() noexcept override;
  [[nodiscard]] Result<void> request_mode(const SourceMode& mode) override;
  [[nodiscard]] InputSink& input() noexcept override;

 private:
  class Impl;
  explicit X11Source(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tobari::display
