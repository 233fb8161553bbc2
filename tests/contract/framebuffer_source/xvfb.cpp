// SPDX-License-Identifier: GPL-3.0-or-later
#include "contract/framebuffer_source/xvfb.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <format>
#include <unistd.h>
#include <vector>

#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/cursorfont.h>

#include <tobari/base/unique_fd.h>

namespace tobari::display {

struct Xvfb::Client {
  ~Client() {
    if (display != nullptr) XCloseDisplay(display);
  }
  Display* display = nullptr;
  Window window = 0;
};

Xvfb::Xvfb(Child server, std::string name, std::unique_ptr<Client> client)
    : server_(std::move(server)), name_(std::move(name)), client_(std::move(client)) {}

Xvfb::~Xvfb() = default;

Result<std::unique_ptr<Xvfb>> Xvfb::start(Size size, int depth, const std::string& framebuffer_folder) {
  std::array<int, 2> pipe_fds{};
  if (pipe2(pipe_fds.data(), O_CLOEXEC) != 0) return fail_errno(errno, "make a pipe");
  const UniqueFd readable(pipe_fds[0]);
  UniqueFd writable(pipe_fds[1]);
  std::vector<std::string> command{"Xvfb",      "-displayfd", std::to_string(writable.get()),
                                   "-screen",   "0",          std::format("{}x{}x{}", size.width, size.height, depth),
                                   "-nolisten", "tcp",        "-noreset",
                                   "-ac"};
  if (!framebuffer_folder.empty()) command.insert(command.end(), {"-fbdir", framebuffer_folder});
  TOBARI_ASSIGN(Child server, Child::start(command, writable.get()));
  writable.reset();
  std::string number;
  std::array<char, 16> chunk{};
  while (!number.ends_with('\n')) {
    const ssize_t got = read(readable.get(), chunk.data(), chunk.size());
    if (got <= 0) return fail(Errc::kNotFound, "Xvfb does not start; is it installed?");
    number.append(chunk.data(), static_cast<std::size_t>(got));
  }
  number.pop_back();
  auto client = std::make_unique<Client>();
  client->display = XOpenDisplay((":" + number).c_str());
  if (client->display == nullptr) return fail(Errc::kUnavailable, "Xvfb does not answer");
  // A test that kills the server must not die of it.
  XSetIOErrorExitHandler(client->display, [](Display* display, void* /*data*/) { XUnlockDisplay(display); }, nullptr);
  return std::unique_ptr<Xvfb>(new Xvfb(std::move(server), ":" + number, std::move(client)));
}

void Xvfb::freeze(bool frozen) { ::kill(server_.pid(), frozen ? SIGSTOP : SIGCONT); }

void Xvfb::fill(const Rect& rect, std::uint32_t rgb) {
  Display* const display = client_->display;
  const GC gc = DefaultGC(display, DefaultScreen(display));
  XSetForeground(display, gc, rgb);
  XSetSubwindowMode(display, gc, IncludeInferiors);
  XFillRectangle(display, DefaultRootWindow(display), gc, rect.x, rect.y, static_cast<unsigned>(rect.width),
                 static_cast<unsigned>(rect.height));
  XSync(display, False);
}

void Xvfb::fill_many(int count) {
  Display* const display = client_->display;
  const GC gc = DefaultGC(display, DefaultScreen(display));
  for (int i = 0; i < count; ++i) {
    XSetForeground(display, gc, static_cast<unsigned long>(i) * 2654435761UL & 0xFFFFFF);
    XFillRectangle(display, DefaultRootWindow(display), gc, i * 7 % 600, i * 13 % 440, 20, 20);
  }
  XSync(display, False);
}

Picture Xvfb::picture() {
  Display* const display = client_->display;
  XGrabServer(display);  // the screen may be about to get another size
  XWindowAttributes attributes{};
  XGetWindowAttributes(display, DefaultRootWindow(display), &attributes);
  XImage* const image = XGetImage(display, DefaultRootWindow(display), 0, 0, static_cast<unsigned>(attributes.width),
                                  static_cast<unsigned>(attributes.height), AllPlanes, ZPixmap);
  XUngrabServer(display);
  XSync(display, False);
  Picture picture{{attributes.width, attributes.height}, {}};
  for (int y = 0; y < attributes.height; ++y) {
    for (int x = 0; x < attributes.width; ++x) {
      picture.rgb.push_back(static_cast<std::uint32_t>(XGetPixel(image, x, y) & 0xFFFFFF));
    }
  }
  XDestroyImage(image);
  return picture;
}

void Xvfb::watch_input() {
  Display* const display = client_->display;
  const Window root = DefaultRootWindow(display);
  client_->window = XCreateSimpleWindow(display, root, 0, 0, kMaxSide, kMaxSide, 0, 0, 0x203040);
  XSelectInput(display, client_->window,
               KeyPressMask | KeyReleaseMask | ButtonPressMask | ButtonReleaseMask | PointerMotionMask | ExposureMask);
  XMapWindow(display, client_->window);
  XEvent event{};
  do {
    XNextEvent(display, &event);
  } while (event.type != Expose);
  XSetInputFocus(display, client_->window, RevertToPointerRoot, CurrentTime);
  XSync(display, False);
}

Xvfb::Input Xvfb::next_input() {
  XEvent event{};
  while (true) {
    XNextEvent(client_->display, &event);
    switch (event.type) {
      case KeyPress:
      case KeyRelease:
        return {event.type,
                event.xkey.keycode,
                event.xkey.state,
                XLookupKeysym(&event.xkey, 0),
                {event.xkey.x_root, event.xkey.y_root}};
      case ButtonPress:
      case ButtonRelease:
        return {event.type, event.xbutton.button, event.xbutton.state, 0, {event.xbutton.x_root, event.xbutton.y_root}};
      case MotionNotify:
        return {event.type, 0, event.xmotion.state, 0, {event.xmotion.x_root, event.xmotion.y_root}};
      default:
        break;
    }
  }
}

void Xvfb::set_cursor(bool empty) {
  Display* const display = client_->display;
  const Window root = DefaultRootWindow(display);
  Cursor cursor = 0;
  if (empty) {
    const Pixmap blank = XCreatePixmap(display, root, 1, 1, 1);
    XColor black{};
    const GC gc = XCreateGC(display, blank, 0, nullptr);
    XSetForeground(display, gc, 0);
    XFillRectangle(display, blank, gc, 0, 0, 1, 1);
    cursor = XCreatePixmapCursor(display, blank, blank, &black, &black, 0, 0);
    XFreeGC(display, gc);
    XFreePixmap(display, blank);
  } else {
    cursor = XCreateFontCursor(display, XC_crosshair);
  }
  XDefineCursor(display, root, cursor);
  XFreeCursor(display, cursor);
  XSync(display, False);
}

}  // namespace tobari::display
