// SPDX-License-Identifier: GPL-3.0-or-later
// A desktop without a desktop: draws a named pattern and echoes input in it, so that everything behind the seam can be
// run and tested without an X server or a virtual machine.
#pragma once

#include <memory>
#include <string_view>

#include <tobari/display/framebuffer_source.h>

#include "capture/test_pattern.h"

namespace tobari::display {

// start() shows the pattern, an arrow as the pointer and, from then on, what the pattern does by itself. A pressed key
// or button inverts its echo cell (test_pattern.h); a release does not. request_mode() always works. acquire() copies,
// so a FrameView of this source is the consumer's alone and never changes while it is read.
class TestPatternSource final : public FramebufferSource {
 public:
  // kInvalidArgument: no such pattern (the message lists them), or a size that is not valid().
  [[nodiscard]] static Result<std::unique_ptr<TestPatternSource>> make(std::string_view name, Size size);
  ~TestPatternSource() override;

  [[nodiscard]] Result<void> start(SourceEvents& events) override;
  void stop() noexcept override;
  [[nodiscard]] Result<FrameView> acquire(const Region& wanted) override;
  [[nodiscard]] Result<void> request_mode(const SourceMode& mode) override;
  [[nodiscard]] InputSink& input() noexcept override;
  [[nodiscard]] AudioSource* audio() noexcept override;  // a tone (tone_source.h)

  // For tests: as if the desktop had died; on_lost() follows.
  void lose(std::string reason);

 private:
  class Impl;
  explicit TestPatternSource(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tobari::display
