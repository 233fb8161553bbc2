// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11_display.h"

#include <map>
#include <mutex>
#include <utility>

#include <sys/socket.h>

namespace tobari::display {
namespace {

// Xlib's handlers are the process's; this finds the connection that one is called for.
std::mutex displays_mutex;
std::map<Display*, X11Display*>& displays() {
  static std::map<Display*, X11Display*> all;
  return all;
}
int (*previous_error_handler)(Display*, XErrorEvent*) = nullptr;

// Xlib's own handler exits. Without it Xlib calls the connection's exit handler next: ours goes on, and what others
// have (exit, by default) stays as it is.
int on_io_error(Display* /*display*/) { return 0; }

}  // namespace

int X11Display::on_error(Display* display, XErrorEvent* event) {
  const std::lock_guard lock(displays_mutex);
  const auto found = displays().find(display);
  if (found == displays().end()) return previous_error_handler(display, event);
  found->second->error_ = event->error_code;
  return 0;
}

void X11Display::on_io_error_exit(Display* display, void* self) {
  static_cast<X11Display*>(self)->broken_ = true;
  // Xlib holds the connection's user lock here, because it expects the process to end, and would keep it for good: the
  // next call from another thread, XCloseDisplay at the latest, would wait for it for ever.
  XUnlockDisplay(display);
}

Result<std::unique_ptr<X11Display>> X11Display::open(const std::string& name) {
  static std::once_flag once;
  std::call_once(once, [] {
    XInitThreads();
    previous_error_handler = XSetErrorHandler(on_error);
    XSetIOErrorHandler(on_io_error);
  });
  std::unique_ptr<X11Display> result(new X11Display());
  result->display_ = XOpenDisplay(name.c_str());
  if (result->display_ == nullptr) return fail(Errc::kUnavailable, "no X server answers at " + name);
  XSetIOErrorExitHandler(result->display_, on_io_error_exit, result.get());
  const std::lock_guard lock(displays_mutex);
  displays().emplace(result->display_, result.get());
  return result;
}

X11Display::~X11Display() {
  if (display_ == nullptr) return;
  XCloseDisplay(display_);  // may still meet an error, so the handlers know it until here
  const std::lock_guard lock(displays_mutex);
  displays().erase(display_);
}

void X11Display::interrupt() noexcept { ::shutdown(fd(), SHUT_RDWR); }

int X11Display::sync() noexcept {
  if (!broken_) XSync(display_, False);
  return take_error();
}

Size X11Display::root_size() {
  Window root = 0;
  int x = 0;
  int y = 0;
  unsigned width = 0;
  unsigned height = 0;
  unsigned border = 0;
  unsigned depth = 0;
  if (broken_ || XGetGeometry(display_, this->root(), &root, &x, &y, &width, &height, &border, &depth) == 0) return {};
  return {static_cast<int>(width), static_cast<int>(height)};
}

}  // namespace tobari::display
