// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11_watcher.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <poll.h>
#include <utility>

#include <X11/extensions/Xdamage.h>
#include <X11/extensions/Xfixes.h>
#include <sys/eventfd.h>

#include <tobari/base/log.h>

#include "capture/cursor_alpha.h"

namespace tobari::display {

X11Watcher::X11Watcher(std::unique_ptr<X11Display> display, UniqueFd wake)
    : display_(std::move(display)), wake_(std::move(wake)) {}

Result<std::unique_ptr<X11Watcher>> X11Watcher::create(const std::string& display) {
  TOBARI_ASSIGN(auto connection, X11Display::open(display));
  UniqueFd wake(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail_errno(errno, "make an event descriptor");
  std::unique_ptr<X11Watcher> watcher(new X11Watcher(std::move(connection), std::move(wake)));
  TOBARI_TRY(watcher->find_extensions());
  return watcher;
}

Result<void> X11Watcher::find_extensions() {
  int error_base = 0;
  int major = 2;
  int minor = 0;
  if (XFixesQueryExtension(display_->get(), &cursor_event_, &error_base) == 0 ||
      XFixesQueryVersion(display_->get(), &major, &minor) == 0) {
    return fail(Errc::kInvalidArgument, "the X server has no XFIXES extension");
  }
  major = 1;
  minor = 1;
  if (XDamageQueryExtension(display_->get(), &damage_event_, &error_base) == 0 ||
      XDamageQueryVersion(display_->get(), &major, &minor) == 0) {
    return fail(Errc::kInvalidArgument, "the X server has no DAMAGE extension");
  }
  return {};
}

Result<void> X11Watcher::start(SourceEvents& events) {
  if (thread_.joinable() || stopping_) return fail(Errc::kInvalidArgument, "the source was started already");
  thread_ = std::jthread([this, &events] { run(events); });
  return {};
}

void X11Watcher::stop() noexcept {
  if (!thread_.joinable()) return;
  stopping_ = true;
  eventfd_write(wake_.get(), 1);
  display_->interrupt();  // it may be waiting for a reply
  thread_.join();
}

Size X11Watcher::size() const noexcept {
  const std::uint64_t packed = packed_size_.load(std::memory_order_relaxed);
  return {static_cast<int>(packed >> 32), static_cast<int>(packed & 0xFFFFFFFF)};
}

// Raw rectangles: no request has to go back for the next event to come, and the consumer merges and compares anyhow.
void X11Watcher::subscribe() {
  Display* const display = display_->get();
  XSelectInput(display, display_->root(), StructureNotifyMask);
  XFixesSelectCursorInput(display, display_->root(), XFixesDisplayCursorNotifyMask);
  XDamageCreate(display, display_->root(), XDamageReportRawRectangles);
}

void X11Watcher::run(SourceEvents& events) {
  subscribe();
  resized(display_->root_size(), events);
  send_cursor(events);
  while (!display_->broken() && !stopping_) {
    while (XPending(display_->get()) > 0) {
      XEvent event{};
      XNextEvent(display_->get(), &event);
      if (display_->broken()) break;
      handle(event, events);
      if (damage_.full()) flush_damage(events);
    }
    flush_damage(events);
    if (std::exchange(cursor_changed_, false)) {
      send_cursor(events);  // a round trip, which may bring further events
    } else if (!wait_for_server()) {
      break;
    }
  }
  if (stopping_) return;
  log::warning("display source lost", {{"reason", "the X server is gone"}});
  events.on_lost(Error{Errc::kUnavailable, "the X server is gone", __FILE__, __LINE__});
}

bool X11Watcher::wait_for_server() const {
  std::array<pollfd, 2> waiting{{{display_->fd(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
  while (poll(waiting.data(), waiting.size(), -1) < 0) {
    if (errno != EINTR) return false;
  }
  return waiting[1].revents == 0 && (waiting[0].revents & (POLLERR | POLLNVAL)) == 0;
}

void X11Watcher::handle(const XEvent& event, SourceEvents& events) {
  if (event.type == damage_event_ + XDamageNotify) {
    XDamageNotifyEvent notify{};
    std::copy_n(reinterpret_cast<const char*>(&event), sizeof notify, reinterpret_cast<char*>(&notify));
    const Rect rect{notify.area.x, notify.area.y, notify.area.width, notify.area.height};
    damage_.add(intersect(rect, bounds(size())));
  } else if (event.type == cursor_event_ + XFixesCursorNotify) {
    cursor_changed_ = true;  // several in a row are fetched once
  } else if (event.type == ConfigureNotify && event.xconfigure.window == display_->root()) {
    resized({event.xconfigure.width, event.xconfigure.height}, events);
  }
}

void X11Watcher::resized(Size now, SourceEvents& events) {
  if (!now.valid() || now == size()) return;
  packed_size_ = static_cast<std::uint64_t>(now.width) << 32 | static_cast<std::uint32_t>(now.height);
  damage_.clear();
  events.on_surface(now);
}

void X11Watcher::flush_damage(SourceEvents& events) {
  if (!damage_.empty() && !stopping_) events.on_damage(damage_.rects());
  damage_.clear();
}

void X11Watcher::send_cursor(SourceEvents& events) {
  XFixesCursorImage* const image = display_->broken() ? nullptr : XFixesGetCursorImage(display_->get());
  if (image == nullptr) return;
  CursorShape shape{{image->width, image->height}, {image->xhot, image->yhot}, {}};
  if (shape.size.width <= kMaxCursorSide && shape.size.height <= kMaxCursorSide) {
    // An unsigned long each, whatever its size.
    const auto area = static_cast<std::size_t>(shape.size.area());
    shape.argb.reserve(area);
    for (std::size_t i = 0; i < area; ++i) shape.argb.push_back(static_cast<std::uint32_t>(image->pixels[i]));
  }
  XFree(image);
  if (stopping_ || shape.argb.empty()) return;
  unpremultiply(shape.argb);
  // Programs hide the pointer by giving it an empty picture.
  const bool visible = std::ranges::any_of(shape.argb, [](std::uint32_t pixel) { return pixel >> 24 != 0; });
  if (visible && cursor_ != shape) {
    cursor_ = std::move(shape);
    events.on_cursor_shape(*cursor_);
  }
  if (cursor_visible_ != visible) {
    cursor_visible_ = visible;
    events.on_cursor_visible(visible);
  }
}

}  // namespace tobari::display
