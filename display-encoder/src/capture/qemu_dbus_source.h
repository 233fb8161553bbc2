// SPDX-License-Identifier: GPL-3.0-or-later
// A QEMU virtual machine as a desktop, through its D-Bus display (QEMU: docs/interop/dbus-display.rst).
#pragma once

#include <memory>
#include <vector>

#include <tobari/base/unique_fd.h>
#include <tobari/display/framebuffer_source.h>

namespace tobari::display {

// Everything that QEMU says is served on one thread of its own, at once and without a lock that the consumer holds
// while it works, because QEMU's main loop waits for some of it. With virtio-gpu the picture is QEMU's own memory,
// mapped read-only; with devices that cannot share it, what QEMU sends is copied once.
class QemuDbusSource final : public FramebufferSource {
 public:
  struct Options {
    unsigned console = 0;  // /org/qemu/Display1/Console_N
  };

  // The heads of one machine, by the number of their console; they share `connection`, and one thread starts and stops
  // all of them. A console that the machine does not have is lost when it is started.
  [[nodiscard]] static Result<std::vector<std::unique_ptr<QemuDbusSource>>> create_heads(UniqueFd connection,
                                                                                         unsigned heads);

  // `connection`: a socket to the VM's D-Bus display, as virDomainOpenGraphicsFD or QMP getfd + add_client give it.
  // Nothing is said on it before start().
  [[nodiscard]] static Result<std::unique_ptr<QemuDbusSource>> create(UniqueFd connection, const Options& options);
  ~QemuDbusSource() override;

  [[nodiscard]] Result<void> start(SourceEvents& events) override;
  void stop() noexcept override;
  [[nodiscard]] Result<FrameView> acquire(const Region& wanted) override;
  void rest() noexcept override;
  [[nodiscard]] Result<void> request_mode(const SourceMode& mode) override;  // the guest decides whether it follows
  [[nodiscard]] InputSink& input() noexcept override;
  [[nodiscard]] AudioSource* audio() noexcept override;

 private:
  class Impl;
  explicit QemuDbusSource(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tobari::display
