// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11_resize.h"

#include <algorithm>
#include <format>
#include <memory>
#include <span>
#include <string>

#include <X11/extensions/Xrandr.h>

namespace tobari::display {
namespace {

struct Free {
  void operator()(XRRScreenResources* p) const noexcept { XRRFreeScreenResources(p); }
  void operator()(XRROutputInfo* p) const noexcept { XRRFreeOutputInfo(p); }
  void operator()(XRRCrtcInfo* p) const noexcept { XRRFreeCrtcInfo(p); }
};
using Resources = std::unique_ptr<XRRScreenResources, Free>;
using Output = std::unique_ptr<XRROutputInfo, Free>;
using Crtc = std::unique_ptr<XRRCrtcInfo, Free>;

int millimetres(int pixels) noexcept { return std::max(1, pixels * 254 / 960); }  // at 96 dpi

// One output shows the desktop; several would need a layout that nobody asked for.
RROutput first_active_output(Display* display, const Resources& resources, Output& info) {
  for (int i = 0; i < resources->noutput; ++i) {
    info.reset(XRRGetOutputInfo(display, resources.get(), resources->outputs[i]));
    if (info != nullptr && info->connection != RR_Disconnected && info->crtc != 0) return resources->outputs[i];
  }
  return 0;
}

RRMode mode_of_size(const Resources& resources, const Output& output, Size size) {
  for (const RRMode id : std::span(output->modes, static_cast<std::size_t>(output->nmode))) {
    for (const XRRModeInfo& mode : std::span(resources->modes, static_cast<std::size_t>(resources->nmode))) {
      if (mode.id == id && static_cast<int>(mode.width) == size.width && static_cast<int>(mode.height) == size.height) {
        return id;
      }
    }
  }
  return 0;
}

// Timings that only have to be consistent: no monitor will ever see them.
RRMode make_mode(X11Display& display, RROutput output, Size size) {
  std::string name = std::format("tobari-{}x{}", size.width, size.height);
  XRRModeInfo mode{};
  mode.width = static_cast<unsigned>(size.width);
  mode.height = static_cast<unsigned>(size.height);
  mode.hSyncStart = mode.width + 8;
  mode.hSyncEnd = mode.width + 16;
  mode.hTotal = mode.width + 32;
  mode.vSyncStart = mode.height + 2;
  mode.vSyncEnd = mode.height + 4;
  mode.vTotal = mode.height + 8;
  mode.dotClock = 60UL * mode.hTotal * mode.vTotal;
  mode.name = name.data();
  mode.nameLength = static_cast<unsigned>(name.size());
  const RRMode id = XRRCreateMode(display.get(), display.root(), &mode);
  if (display.take_error() != 0) return 0;
  XRRAddOutputMode(display.get(), output, id);
  return display.sync() == 0 ? id : 0;
}

}  // namespace

void resize_x11(X11Display& connection, Size size) {
  Display* const display = connection.get();
  const Size before = connection.root_size();
  const Resources resources(XRRGetScreenResourcesCurrent(display, connection.root()));
  if (before == size || resources == nullptr) return;
  Output info;
  const RROutput output = first_active_output(display, resources, info);
  if (output == 0) return;
  const Crtc crtc(XRRGetCrtcInfo(display, resources.get(), info->crtc));
  if (crtc == nullptr) return;
  RRMode mode = mode_of_size(resources, info, size);
  if (mode == 0) mode = make_mode(connection, output, size);
  if (mode == 0) return;

  // The screen must hold the picture before and after: it grows first and shrinks last.
  const auto set_screen = [&](Size to) {
    XRRSetScreenSize(display, connection.root(), to.width, to.height, millimetres(to.width), millimetres(to.height));
  };
  XGrabServer(display);
  set_screen({std::max(before.width, size.width), std::max(before.height, size.height)});
  RROutput shown = output;
  const Status status =
      XRRSetCrtcConfig(display, resources.get(), info->crtc, CurrentTime, 0, 0, mode, crtc->rotation, &shown, 1);
  set_screen(status == RRSetConfigSuccess && connection.take_error() == 0 ? size : before);
  XUngrabServer(display);
  connection.sync();
}

}  // namespace tobari::display
