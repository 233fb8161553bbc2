// SPDX-License-Identifier: GPL-3.0-or-later
// Pixels of an X display through MIT-SHM, on the consumer's thread. Internal to capture.
#pragma once

#include <memory>
#include <string>

#include <tobari/display/frame.h>
#include <tobari/display/region.h>

#include "capture/row_bands.h"
#include "capture/x11_display.h"

namespace tobari::display {

class X11Grabber {
 public:
  // Fails with kInvalidArgument where the display's pixels are not ours (depth, byte order, no MIT-SHM).
  [[nodiscard]] static Result<std::unique_ptr<X11Grabber>> create(const std::string& display);
  ~X11Grabber();
  X11Grabber(const X11Grabber&) = delete;
  X11Grabber& operator=(const X11Grabber&) = delete;

  // `size`: of the surface as the events have it. Should the display have another by now, the picture has that one.
  [[nodiscard]] Result<FrameView> grab(const Region& wanted, Size size);

  void rest() noexcept;  // gives the segment's pages back until the next grab()

  void interrupt() noexcept { display_->interrupt(); }

 private:
  class Segment;
  explicit X11Grabber(std::unique_ptr<X11Display> display);
  [[nodiscard]] Result<void> check_format() const;
  [[nodiscard]] Result<void> use_size(Size size);
  [[nodiscard]] bool fetch(const Band& band);

  std::unique_ptr<X11Display> display_;
  std::unique_ptr<Segment> segment_;
};

}  // namespace tobari::display
