// SPDX-License-Identifier: GPL-3.0-or-later
// tobari-picture LISTENER FILE WIDTH HEIGHT: gives the screen of Xvfb, which keeps it in FILE, to whoever connects to
// the listening descriptor LISTENER, and does to it what they say (PROTOCOL.md). Begins with a screen of that size, and
// writes a line when it is there. Sleeps until something happens.
#include <algorithm>
#include <array>
#include <bitset>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <optional>
#include <poll.h>
#include <signal.h>
#include <span>
#include <unistd.h>
#include <utility>

#include <X11/XKBlib.h>
#include <X11/Xlib.h>
#include <X11/extensions/XTest.h>
#include <X11/extensions/Xdamage.h>
#include <X11/extensions/Xfixes.h>
#include <X11/extensions/Xrandr.h>
#include <X11/keysym.h>
#include <sys/socket.h>

#include "protocol.h"
#include "xvfb_screen.h"

namespace tobari::guest::picture {
namespace {

int fail(const char* what) {
  std::fprintf(stderr, "tobari-picture: %s: %s\n", what, std::strerror(errno));
  return 1;
}

// X's numbers of the buttons, by the protocol's.
constexpr std::array<unsigned, 9> kButtons{1, 2, 3, 4, 5, 8, 9, 6, 7};

class Desktop {
 public:
  Desktop(Display* display, int listener, int file, int shown_file, const Layout& layout)
      : display_(display),
        root_(DefaultRootWindow(display)),
        listener_(listener),
        shown_file_(shown_file),
        screen_(display, file, layout) {}

  bool find_extensions() {
    int error = 0, major = 2, minor = 0;
    if (XFixesQueryExtension(display_, &cursor_event_, &error) == 0 ||
        XFixesQueryVersion(display_, &major, &minor) == 0) {
      return false;
    }
    major = minor = 1;
    if (XDamageQueryExtension(display_, &damage_event_, &error) == 0 ||
        XDamageQueryVersion(display_, &major, &minor) == 0) {
      return false;
    }
    int event = 0;
    return XTestQueryExtension(display_, &event, &error, &major, &minor) != 0 &&
           XRRQueryExtension(display_, &event, &error) != 0;
  }

  void begin(int width, int height) {
    XSelectInput(display_, root_, StructureNotifyMask);
    XFixesSelectCursorInput(display_, root_, XFixesDisplayCursorNotifyMask);
    XDamageCreate(display_, root_, XDamageReportRawRectangles);
    XTestGrabControl(display_, True);  // input arrives even while a program has grabbed the server
    screen_.resize(width, height);
    surface_changed();
  }

  int run() {
    while (true) {
      handle_x();
      std::array<pollfd, 3> waiting{{{ConnectionNumber(display_), POLLIN, 0},
                                     {listener_, POLLIN, 0},
                                     {viewer_, static_cast<short>(POLLIN | (unsent() ? POLLOUT : 0)), 0}}};
      if (poll(waiting.data(), viewer_ < 0 ? 2 : 3, -1) < 0 && errno != EINTR) return fail("poll");
      if (waiting[1].revents != 0) accept_one();
      if (viewer_ >= 0 && waiting[2].fd == viewer_ && waiting[2].revents != 0) talk();
    }
  }

 private:
  // ---- the screen
  // Again while there is something in Xlib's queue: what asks the server reads events into it, which poll() cannot see.
  void handle_x() {
    do {
      while (XPending(display_) > 0) {
        XEvent event;
        XNextEvent(display_, &event);
        handle_event(event);
      }
      XFlush(display_);
      flush();
    } while (XEventsQueued(display_, QueuedAlready) > 0);
  }

  void handle_event(const XEvent& event) {
    if (event.type == damage_event_ + XDamageNotify) {
      XDamageNotifyEvent notify;
      std::memcpy(&notify, &event, sizeof notify);
      if (viewer_ >= 0) damage_.add({notify.area.x, notify.area.y, notify.area.width, notify.area.height});
    } else if (event.type == cursor_event_ + XFixesCursorNotify) {
      pointer_due_ = viewer_ >= 0;
    } else if (event.type == ConfigureNotify && event.xconfigure.window == root_) {
      surface_changed();
    }
  }

  void surface_changed() {
    screen_.changed();
    surface_due_ = true;
    damage_.clear();
  }

  // ---- whoever shows it
  void accept_one() {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) return;
    hang_up();
    viewer_ = fd;
    surface_due_ = pointer_due_ = true;
    told_shown_.reset();
    flush();
  }

  void hang_up() {
    if (viewer_ >= 0) close(viewer_);
    viewer_ = -1;
    damage_.clear();
    for (unsigned code = 0; code < keys_.size(); ++code) press_key(code, false);
    for (std::size_t button = 0; button < kButtons.size(); ++button) press_button(button, false);
    XFlush(display_);
  }

  [[nodiscard]] bool unsent() const { return surface_due_ || pointer_due_ || shown_due_ || !damage_.empty(); }

  void flush() {
    if (viewer_ < 0) return;
    send_what_is_due();
    if (std::exchange(gone_, false)) hang_up();
  }

  // State, not a queue: what could not be sent is sent as it is by then.
  void send_what_is_due() {
    if (surface_due_ && send_surface()) surface_due_ = false;
    if (surface_due_) return;
    if (pointer_due_) look_at_pointer();
    if (shown_due_ && send_packet({kPointerShown, told_shown_.value_or(false) ? 1 : 0})) shown_due_ = false;
    if (!damage_.empty() && send_packet(damage_.packet())) damage_.clear();
  }

  bool send_surface() {
    const Layout& layout = screen_.layout();
    return send_packet({kSurface, kVersion, screen_.width(), screen_.height(), static_cast<std::int32_t>(layout.stride),
                        static_cast<std::int32_t>(layout.offset), layout.width, layout.height},
                       shown_file_);
  }

  void look_at_pointer() {
    XFixesCursorImage* const image = XFixesGetCursorImage(display_);
    if (image == nullptr) return;
    const bool fits =
        image->width <= kMaxPointerSide && image->height <= kMaxPointerSide && image->width > 0 && image->height > 0;
    Packet packet{kPointer, image->width, image->height, std::min<int>(image->xhot, image->width - 1),
                  std::min<int>(image->yhot, image->height - 1)};
    bool visible = false;
    const std::size_t area = fits ? std::size_t{image->width} * image->height : 0;
    for (std::size_t i = 0; i < area; ++i) {
      packet.push_back(straight(static_cast<std::uint32_t>(image->pixels[i])));
      visible = visible || packet.back() != 0;
    }
    XFree(image);
    // Programs hide the pointer by giving it an empty picture.
    if (visible && !send_packet(packet)) return;
    pointer_due_ = false;
    if (fits && std::exchange(told_shown_, visible) != visible) shown_due_ = true;
  }

  bool send_packet(const Packet& packet, int descriptor = -1) {
    Packet copy = packet;
    iovec part{copy.data(), copy.size() * sizeof(std::int32_t)};
    union {
      cmsghdr header;
      char bytes[CMSG_SPACE(sizeof(int))];
    } control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (descriptor >= 0) {
      message.msg_control = control.bytes;
      message.msg_controllen = sizeof control.bytes;
      cmsghdr* const header = CMSG_FIRSTHDR(&message);
      header->cmsg_level = SOL_SOCKET;
      header->cmsg_type = SCM_RIGHTS;
      header->cmsg_len = CMSG_LEN(sizeof(int));
      std::memcpy(CMSG_DATA(header), &descriptor, sizeof descriptor);
    }
    if (sendmsg(viewer_, &message, MSG_NOSIGNAL | MSG_DONTWAIT) >= 0) return true;
    if (errno != EAGAIN && errno != EINTR) gone_ = true;
    return false;
  }

  void talk() {
    std::array<std::int32_t, 8> numbers{};
    while (!gone_) {
      const ssize_t got = recv(viewer_, numbers.data(), sizeof numbers, MSG_DONTWAIT);
      if (got < 0 && (errno == EAGAIN || errno == EINTR)) break;
      if (got <= 0) gone_ = true;
      if (got > 0) handle(std::span(numbers).first(static_cast<std::size_t>(got) / sizeof(std::int32_t)));
    }
    if (std::exchange(gone_, false)) return hang_up();
    XFlush(display_);
    flush();
  }

  // ---- what it is told
  void handle(std::span<const std::int32_t> said) {
    if (said.size() == 3 && said[0] == kKey && said[1] > 8 && said[1] < 256) {
      press_key(static_cast<unsigned>(said[1]), said[2] != 0);
    } else if (said.size() == 3 && said[0] == kMove) {
      XTestFakeMotionEvent(display_, DefaultScreen(display_), std::clamp(said[1], 0, screen_.width() - 1),
                           std::clamp(said[2], 0, screen_.height() - 1), CurrentTime);
    } else if (said.size() == 3 && said[0] == kButton && said[1] >= 0 && said[1] < 9) {
      press_button(static_cast<std::size_t>(said[1]), said[2] != 0);
    } else if (said.size() == 2 && said[0] == kLocks) {
      set_locks(static_cast<unsigned>(said[1]));
    } else if (said.size() == 3 && said[0] == kSize) {
      screen_.resize(said[1], said[2]);
    }
  }

  // The server repeats a held key by itself; the client's repetitions on top would double it.
  void press_key(unsigned code, bool down) {
    if (keys_.test(code) == down) return;
    keys_.set(code, down);
    XTestFakeKeyEvent(display_, code, down ? True : False, CurrentTime);
  }

  void press_button(std::size_t button, bool down) {
    if (buttons_.test(button) == down) return;
    buttons_.set(button, down);
    XTestFakeButtonEvent(display_, kButtons[button], down ? True : False, CurrentTime);
  }

  void set_locks(unsigned locks) {
    const unsigned num = XkbKeysymToModifiers(display_, XK_Num_Lock);
    const unsigned scroll = XkbKeysymToModifiers(display_, XK_Scroll_Lock);  // 0 in most layouts: it has no state then
    const unsigned values =
        ((locks & 1U) != 0 ? scroll : 0U) | ((locks & 2U) != 0 ? num : 0U) | ((locks & 4U) != 0 ? LockMask : 0U);
    XkbLockModifiers(display_, XkbUseCoreKbd, LockMask | num | scroll, values);
  }

  Display* const display_;
  const Window root_;
  const int listener_;
  const int shown_file_;  // the screen's file, for reading only: what is handed out
  XvfbScreen screen_;
  int damage_event_ = 0;
  int cursor_event_ = 0;
  int viewer_ = -1;
  bool gone_ = false;
  bool surface_due_ = false;
  bool pointer_due_ = false;
  bool shown_due_ = false;
  std::optional<bool> told_shown_;
  Waiting damage_;
  std::bitset<256> keys_;
  std::bitset<kButtons.size()> buttons_;
};

int ignore_error(Display*, XErrorEvent*) { return 0; }

int serve(char** arguments) {
  signal(SIGPIPE, SIG_IGN);
  const int listener = std::atoi(arguments[1]);
  const int file = open(arguments[2], O_RDWR | O_CLOEXEC);
  const int shown_file = open(arguments[2], O_RDONLY | O_CLOEXEC);
  std::array<unsigned char, kHeaderBytes> header{};
  if (file < 0 || shown_file < 0 || pread(file, header.data(), header.size(), 0) != ssize_t{kHeaderBytes}) {
    return fail(arguments[2]);
  }
  const auto layout = layout_of(header);
  if (!layout) {
    std::fprintf(stderr, "tobari-picture: %s is no screen of Xvfb with 32 bits a pixel\n", arguments[2]);
    return 1;
  }
  if (fcntl(listener, F_SETFL, O_NONBLOCK) != 0 || fcntl(listener, F_SETFD, FD_CLOEXEC) != 0) return fail("listener");
  Display* const display = XOpenDisplay(nullptr);
  if (display == nullptr) {
    std::fputs("tobari-picture: no X display; start it inside the desktop session\n", stderr);
    return 1;
  }
  XSetErrorHandler(ignore_error);
  Desktop desktop(display, listener, file, shown_file, *layout);
  if (!desktop.find_extensions()) {
    std::fputs("tobari-picture: the X server lacks DAMAGE, XFIXES, RANDR or XTEST\n", stderr);
    return 1;
  }
  desktop.begin(std::atoi(arguments[3]), std::atoi(arguments[4]));
  if (write(STDOUT_FILENO, "ready\n", 6) < 0) return fail("standard output");
  return desktop.run();
}

}  // namespace
}  // namespace tobari::guest::picture

int main(int argc, char** argv) {
  if (argc != 5) {
    std::fputs("usage: tobari-picture LISTENER FILE WIDTH HEIGHT\n", stderr);
    return 2;
  }
  return tobari::guest::picture::serve(argv);
}
