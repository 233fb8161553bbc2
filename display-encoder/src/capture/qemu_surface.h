// SPDX-License-Identifier: GPL-3.0-or-later
// The current picture of a virtual machine between the D-Bus thread, which replaces it, and the consumer, which reads
// it.
#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/display/frame.h>
#include <tobari/display/region.h>

#include "capture/guarded_mapping.h"
#include "capture/qemu_scanout.h"

namespace tobari::display {

// A shared picture is handed out as it is. A copied one is copied once more by view(), because its rows change while
// the consumer reads; the lock is held for that copy, which QEMU does not wait for.
class QemuSurface {
 public:
  // D-Bus thread. Numbers are checked already; these check what the bytes must have. kPeerProtocol: they have not.
  [[nodiscard]] Result<void> share(int fd, const Scanout& scanout);
  [[nodiscard]] Result<void> replace(const Scanout& scanout, std::span<const std::byte> bytes);
  // `at` lies inside the surface; `bytes` holds its rows `stride` apart, from the pixel (skip.x, skip.y) on.
  [[nodiscard]] Result<void> update(const Rect& at, Point skip, std::size_t stride, std::span<const std::byte> bytes);
  void drop();

  [[nodiscard]] Size size() const;  // any thread; not valid() while there is none

  // Consumer. Valid until the next view(), whatever happens to the surface. kUnavailable: none yet. kPeerProtocol: the
  // memory behind it was taken away.
  [[nodiscard]] Result<FrameView> view(const Region& wanted);
  void rest() noexcept;  // gives back what is only held for view(); its last result is void

 private:
  struct Pixels {  // a picture of our own, rows without padding
    Size size;
    std::vector<std::byte> bytes;
    [[nodiscard]] std::size_t stride() const noexcept { return static_cast<std::size_t>(size.width) * kBytesPerPixel; }
  };

  [[nodiscard]] Result<FrameView> view_of_mapping();
  [[nodiscard]] FrameView view_of_copy(const Region& wanted);

  mutable std::mutex mutex_;
  Scanout scanout_;                                // of mapping_
  std::shared_ptr<const GuardedMapping> mapping_;  // either this
  std::unique_ptr<Pixels> copied_;                 // or this, or neither

  std::shared_ptr<const GuardedMapping> held_mapping_;  // the consumer's, until its next view()
  Pixels held_pixels_;
  bool held_is_current_ = false;  // held_pixels_ has every pixel of copied_ as it once was
};

}  // namespace tobari::display
