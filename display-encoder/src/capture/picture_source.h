// SPDX-License-Identifier: GPL-3.0-or-later
// A container's screen as a desktop, through its picture port (installer/guest/picture/PROTOCOL.md).
#pragma once

#include <memory>

#include <tobari/base/unique_fd.h>
#include <tobari/display/framebuffer_source.h>

namespace tobari::display {

// The picture is the X server's own memory, mapped read-only and never copied before it is compared. Not X11Source,
// because what shows a desktop has neither network nor files (src/cell), and because the desktop's X server is hostile:
// this parses four kinds of packets, Xlib a protocol that trusts its server.
class PictureSource final : public FramebufferSource {
 public:
  // `connection`: a connected socket of packets. Nothing is read from it before start().
  [[nodiscard]] static Result<std::unique_ptr<PictureSource>> create(UniqueFd connection);
  ~PictureSource() override;

  [[nodiscard]] Result<void> start(SourceEvents& events) override;
  void stop() noexcept override;
  [[nodiscard]] Result<FrameView> acquire(const Region& wanted) override;
  void rest() noexcept override;
  [[nodiscard]] Result<void> request_mode(const SourceMode& mode) override;
  [[nodiscard]] InputSink& input() noexcept override;

 private:
  class Impl;
  explicit PictureSource(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tobari::display
