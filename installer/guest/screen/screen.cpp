// SPDX-License-Identifier: GPL-3.0-or-later
// tobari-screen follow READY: keeps the X screen equal to the monitors that the host shows (the preferred mode of each
//   connector, left to right), paints the background, and creates the file READY once the desktop is up.
// tobari-screen paint READY: the same without moving monitors, where somebody else says how large the screen is.
// tobari-screen resize W H: gives the first connected output that size; the host's next change wins.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <X11/Xatom.h>
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/extensions/Xrandr.h>

#include "backdrop.h"

namespace tobari::guest {
namespace {

struct Free {
  void operator()(Display* p) const { XCloseDisplay(p); }
  void operator()(XRRScreenResources* p) const { XRRFreeScreenResources(p); }
  void operator()(XRROutputInfo* p) const { XRRFreeOutputInfo(p); }
  void operator()(XRRCrtcInfo* p) const { XRRFreeCrtcInfo(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

// One monitor as it should be.
struct Head {
  RROutput output;
  RRCrtc crtc;
  RRMode mode;
  int x, width, height;
  bool operator==(const Head&) const = default;
};

const XRRModeInfo* find_mode(const XRRScreenResources& resources, RRMode id) {
  for (int i = 0; i < resources.nmode; ++i) {
    if (resources.modes[i].id == id) return &resources.modes[i];
  }
  return nullptr;
}

class Screen {
 public:
  explicit Screen(Display* display) : display_(display), root_(DefaultRootWindow(display)) {}

  Owned<XRRScreenResources> resources() const {
    return Owned<XRRScreenResources>(XRRGetScreenResourcesCurrent(display_, root_));
  }

  // Every connected output in its preferred mode, left to right in the order of the connectors.
  std::vector<Head> preferred(XRRScreenResources& resources) const {
    std::vector<Head> heads;
    int x = 0;
    for (int i = 0; i < resources.noutput; ++i) {
      const Owned<XRROutputInfo> info(XRRGetOutputInfo(display_, &resources, resources.outputs[i]));
      if (!info || info->connection != RR_Connected || info->nmode == 0) continue;
      const auto* mode = find_mode(resources, info->modes[0]);
      const RRCrtc crtc = free_crtc(*info, heads);
      if (mode == nullptr || crtc == None) continue;
      heads.push_back(
          {resources.outputs[i], crtc, mode->id, x, static_cast<int>(mode->width), static_cast<int>(mode->height)});
      x += static_cast<int>(mode->width);
    }
    return heads;
  }

  void apply(XRRScreenResources& resources, const std::vector<Head>& heads) const {
    int width = 0;
    int height = 0;
    for (const auto& head : heads) {
      width = std::max(width, head.x + head.width);
      height = std::max(height, head.height);
    }
    if (width == 0) return;  // no monitor at all: keep the last picture
    XGrabServer(display_);   // one change for everybody else, not a sequence of half-done ones
    for (int i = 0; i < resources.ncrtc; ++i) {
      const Owned<XRRCrtcInfo> now(XRRGetCrtcInfo(display_, &resources, resources.crtcs[i]));
      if (!now || now->mode == None) continue;
      const bool wanted = std::ranges::any_of(heads, [&](const Head& head) { return head.crtc == resources.crtcs[i]; });
      const bool fits =
          now->x + static_cast<int>(now->width) <= width && now->y + static_cast<int>(now->height) <= height;
      if (!wanted || !fits) set_crtc(resources, resources.crtcs[i], 0, None, nullptr);
    }
    // Millimetres for 96 dots per inch, whatever the monitor says: text keeps its size.
    XRRSetScreenSize(display_, root_, width, height, width * 254 / 960, height * 254 / 960);
    for (const auto& head : heads) {
      RROutput output = head.output;
      set_crtc(resources, head.crtc, head.x, head.mode, &output);
    }
    XUngrabServer(display_);
    XSync(display_, False);
  }

  // A mode of that size for the output: an existing one, or a new one (a virtual monitor has no timing to obey).
  RRMode mode_of_size(XRRScreenResources& resources, RROutput output, unsigned width, unsigned height) const {
    const Owned<XRROutputInfo> info(XRRGetOutputInfo(display_, &resources, output));
    for (int i = 0; info && i < info->nmode; ++i) {
      const auto* mode = find_mode(resources, info->modes[i]);
      if (mode != nullptr && mode->width == width && mode->height == height) return mode->id;
    }
    const auto name = "tobari-" + std::to_string(width) + "x" + std::to_string(height);
    for (int i = 0; i < resources.nmode; ++i) {
      if (resources.modes[i].name == name) {
        XRRAddOutputMode(display_, output, resources.modes[i].id);
        return resources.modes[i].id;
      }
    }
    auto text = name;
    XRRModeInfo mode{};
    mode.width = width;
    mode.height = height;
    mode.hSyncStart = width + 48;
    mode.hSyncEnd = width + 80;
    mode.hTotal = width + 160;
    mode.vSyncStart = height + 3;
    mode.vSyncEnd = height + 8;
    mode.vTotal = height + 30;
    mode.dotClock = static_cast<unsigned long>(mode.hTotal) * mode.vTotal * 60;
    mode.name = text.data();
    mode.nameLength = static_cast<unsigned>(text.size());
    const RRMode id = XRRCreateMode(display_, root_, &mode);
    XRRAddOutputMode(display_, output, id);
    return id;
  }

  void paint() {
    Window ignored_root = None;
    int x = 0, y = 0;
    unsigned width = 0, height = 0, border = 0, depth = 0;
    XGetGeometry(display_, root_, &ignored_root, &x, &y, &width, &height, &border, &depth);
    if (width == painted_width_ && height == painted_height_) return;
    painted_width_ = width;
    painted_height_ = height;

    auto backdrop = draw_backdrop(static_cast<int>(width), static_cast<int>(height));
    XImage* image = XCreateImage(display_, DefaultVisual(display_, 0), depth, ZPixmap, 0,
                                 reinterpret_cast<char*>(backdrop.pixels.data()), width, height, 32, 0);
    const Pixmap pixmap = XCreatePixmap(display_, root_, width, height, depth);
    XPutImage(display_, pixmap, DefaultGC(display_, 0), image, 0, 0, 0, 0, width, height);
    image->data = nullptr;  // the pixels are the vector's
    XDestroyImage(image);
    // Panels that are translucent look the background up under these names.
    for (const char* name : {"_XROOTPMAP_ID", "ESETROOT_PMAP_ID"}) {
      XChangeProperty(display_, root_, XInternAtom(display_, name, False), XA_PIXMAP, 32, PropModeReplace,
                      reinterpret_cast<const unsigned char*>(&pixmap), 1);
    }
    XSetWindowBackgroundPixmap(display_, root_, pixmap);
    XClearWindow(display_, root_);
    if (pixmap_ != None) XFreePixmap(display_, pixmap_);
    pixmap_ = pixmap;
    XFlush(display_);
  }

 private:
  RRCrtc free_crtc(const XRROutputInfo& info, const std::vector<Head>& heads) const {
    const auto taken = [&](RRCrtc crtc) {
      return std::ranges::any_of(heads, [&](const Head& head) { return head.crtc == crtc; });
    };
    if (info.crtc != None && !taken(info.crtc)) return info.crtc;
    for (int i = 0; i < info.ncrtc; ++i) {
      if (!taken(info.crtcs[i])) return info.crtcs[i];
    }
    return None;
  }

  void set_crtc(XRRScreenResources& resources, RRCrtc crtc, int x, RRMode mode, RROutput* output) const {
    XRRSetCrtcConfig(display_, &resources, crtc, CurrentTime, x, 0, mode, RR_Rotate_0, output,
                     output == nullptr ? 0 : 1);
  }

  Display* display_;
  Window root_;
  unsigned painted_width_ = 0;
  unsigned painted_height_ = 0;
  Pixmap pixmap_ = None;
};

// The first numbers of a window's property; none when it is not set.
std::vector<unsigned long> property(Display* display, Window window, const char* name, Atom type) {
  constexpr long kMost = 256;
  Atom found = None;
  int format = 0;
  unsigned long count = 0, left = 0;
  unsigned char* data = nullptr;
  XGetWindowProperty(display, window, XInternAtom(display, name, False), 0, kMost, False, type, &found, &format, &count,
                     &left, &data);
  std::vector<unsigned long> numbers;
  const auto* first = reinterpret_cast<const unsigned long*>(data);
  if (format == 32) numbers.assign(first, first + count);
  if (data != nullptr) XFree(data);
  return numbers;
}

// The desktop is up when a window has the keyboard and the window manager shows the panel.
bool is_up(Display* display) {
  const Window root = DefaultRootWindow(display);
  const auto active = property(display, root, "_NET_ACTIVE_WINDOW", XA_WINDOW);
  if (active.empty() || active[0] == None) return false;
  const Atom dock = XInternAtom(display, "_NET_WM_WINDOW_TYPE_DOCK", False);
  return std::ranges::any_of(property(display, root, "_NET_CLIENT_LIST", XA_WINDOW), [&](Window window) {
    return std::ranges::contains(property(display, window, "_NET_WM_WINDOW_TYPE", XA_ATOM), dock);
  });
}

int ignore_error(Display*, XErrorEvent*) { return 0; }  // an output may vanish between question and request

int follow(Display* display, const char* ready, bool moves) {
  int first_event = 0, ignored = 0;
  if (!XRRQueryExtension(display, &first_event, &ignored)) return 1;
  const Window root = DefaultRootWindow(display);
  XRRSelectInput(display, root, RRScreenChangeNotifyMask | RROutputChangeNotifyMask);
  XSelectInput(display, root, PropertyChangeMask);

  Screen screen(display);
  std::vector<Head> shown;
  bool monitors_changed = true;
  bool announced = false;
  while (true) {
    if (monitors_changed) {
      monitors_changed = false;
      const auto resources = screen.resources();
      // Compared with what was applied, not with what is: so a size chosen by `resize` stays until the host's next.
      const auto heads = moves ? screen.preferred(*resources) : std::vector<Head>();
      if (heads != shown) {
        shown = heads;
        screen.apply(*resources, heads);
      }
      screen.paint();
    }
    do {
      XEvent event;
      XNextEvent(display, &event);
      if (event.type == first_event + RRScreenChangeNotify || event.type == first_event + RRNotify) {
        XRRUpdateConfiguration(&event);
        monitors_changed = true;
      } else if (event.type == PropertyNotify && !announced && is_up(display)) {
        announced = true;
        const int file = open(ready, O_CREAT | O_WRONLY | O_CLOEXEC, 0644);
        if (file >= 0) close(file);
      }
    } while (XPending(display) > 0);
  }
}

int resize(Display* display, unsigned width, unsigned height) {
  Screen screen(display);
  auto resources = screen.resources();
  auto heads = screen.preferred(*resources);
  if (heads.empty()) return 1;
  const RRMode mode = screen.mode_of_size(*resources, heads[0].output, width, height);
  resources = screen.resources();  // with the new mode
  const int wider = static_cast<int>(width) - heads[0].width;
  heads[0].mode = mode;
  heads[0].width = static_cast<int>(width);
  heads[0].height = static_cast<int>(height);
  for (std::size_t i = 1; i < heads.size(); ++i) heads[i].x += wider;
  screen.apply(*resources, heads);
  const Owned<XRRCrtcInfo> now(XRRGetCrtcInfo(display, resources.get(), heads[0].crtc));
  return now && now->width == width && now->height == height ? 0 : 1;
}

int run(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  const bool following = (what == "follow" || what == "paint") && argc == 3;
  const bool resizing = what == "resize" && argc == 4;
  if (!following && !resizing) {
    std::fputs("usage: tobari-screen follow READY | tobari-screen paint READY | tobari-screen resize W H\n", stderr);
    return 2;
  }
  const Owned<Display> display(XOpenDisplay(nullptr));
  if (!display) {
    std::fputs("tobari-screen: no X display; start it inside the desktop session\n", stderr);
    return 1;
  }
  XSetErrorHandler(ignore_error);
  if (following) return follow(display.get(), argv[2], what == "follow");
  return resize(display.get(), static_cast<unsigned>(std::strtoul(argv[2], nullptr, 10)),
                static_cast<unsigned>(std::strtoul(argv[3], nullptr, 10)));
}

}  // namespace
}  // namespace tobari::guest

int main(int argc, char** argv) { return tobari::guest::run(argc, argv); }
