// SPDX-License-Identifier: GPL-3.0-or-later
// The one screen of an Xvfb: its size, and the file in which it lies.
#pragma once

#include <algorithm>
#include <fcntl.h>
#include <memory>
#include <string>

#include <X11/Xlib.h>
#include <X11/extensions/Xrandr.h>

#include "protocol.h"

namespace tobari::guest::picture {

struct FreeRandr {
  void operator()(XRRScreenResources* p) const { XRRFreeScreenResources(p); }
  void operator()(XRROutputInfo* p) const { XRRFreeOutputInfo(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, FreeRandr>;

class XvfbScreen {
 public:
  // `file`: open for writing.
  XvfbScreen(Display* display, int file, const Layout& layout)
      : display_(display), root_(DefaultRootWindow(display)), file_(file), layout_(layout) {}

  [[nodiscard]] int width() const { return width_; }
  [[nodiscard]] int height() const { return height_; }
  [[nodiscard]] const Layout& layout() const { return layout_; }

  // Its size is another one, perhaps. What lies outside of it is given back: a small screen has the memory of one.
  void changed() {
    read_size();
    for (const auto& [from, to] : outside(layout_, width_, height_)) {
      static_cast<void>(fallocate(file_, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(from),
                                  static_cast<off_t>(to - from)));
    }
  }

  void resize(int width, int height) {
    width = std::clamp(width, 1, layout_.width);
    height = std::clamp(height, 1, layout_.height);
    const Owned<XRRScreenResources> resources(XRRGetScreenResourcesCurrent(display_, root_));
    if (!resources || resources->noutput < 1) return;
    RROutput output = resources->outputs[0];
    const Owned<XRROutputInfo> info(XRRGetOutputInfo(display_, resources.get(), output));
    if (!info || info->crtc == None) return;
    const RRMode mode = mode_of(*resources, *info, output, static_cast<unsigned>(width), static_cast<unsigned>(height));
    const auto set_screen = [this](int to_width, int to_height) {
      XRRSetScreenSize(display_, root_, to_width, to_height, std::max(1, to_width * 254 / 960),
                       std::max(1, to_height * 254 / 960));
    };
    // The screen holds the picture before and after: it grows first and shrinks last.
    read_size();
    XGrabServer(display_);
    set_screen(std::max(width, width_), std::max(height, height_));
    XRRSetCrtcConfig(display_, resources.get(), info->crtc, CurrentTime, 0, 0, mode, RR_Rotate_0, &output, 1);
    set_screen(width, height);
    XUngrabServer(display_);
    XSync(display_, False);
  }

 private:
  void read_size() {
    Window root = 0;
    int x = 0, y = 0;
    unsigned width = 0, height = 0, border = 0, depth = 0;
    XGetGeometry(display_, root_, &root, &x, &y, &width, &height, &border, &depth);
    width_ = std::clamp(static_cast<int>(width), 1, layout_.width);
    height_ = std::clamp(static_cast<int>(height), 1, layout_.height);
  }

  RRMode mode_of(XRRScreenResources& resources, const XRROutputInfo& info, RROutput output, unsigned width,
                 unsigned height) const {
    for (int i = 0; i < info.nmode; ++i) {
      for (int j = 0; j < resources.nmode; ++j) {
        const XRRModeInfo& mode = resources.modes[j];
        if (mode.id == info.modes[i] && mode.width == width && mode.height == height) return mode.id;
      }
    }
    std::string name = "tobari-" + std::to_string(width) + "x" + std::to_string(height);
    XRRModeInfo mode{};
    mode.width = width;
    mode.height = height;
    mode.hSyncStart = width + 8;  // no monitor will ever see them
    mode.hSyncEnd = width + 16;
    mode.hTotal = width + 32;
    mode.vSyncStart = height + 2;
    mode.vSyncEnd = height + 4;
    mode.vTotal = height + 8;
    mode.dotClock = static_cast<unsigned long>(mode.hTotal) * mode.vTotal * 60;
    mode.name = name.data();
    mode.nameLength = static_cast<unsigned>(name.size());
    const RRMode id = XRRCreateMode(display_, root_, &mode);
    XRRAddOutputMode(display_, output, id);
    XSync(display_, False);
    return id;
  }

  Display* const display_;
  const Window root_;
  const int file_;
  const Layout layout_;
  int width_ = 0;
  int height_ = 0;
};

}  // namespace tobari::guest::picture
