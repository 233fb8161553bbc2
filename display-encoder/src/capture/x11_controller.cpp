// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11_controller.h"

#include <algorithm>
#include <array>
#include <utility>

#include <X11/XKBlib.h>
#include <X11/extensions/XTest.h>
#include <X11/extensions/Xrandr.h>
#include <X11/keysym.h>

#include "capture/key_codes.h"
#include "capture/x11_resize.h"

namespace tobari::display {
namespace {

// X counts the wheel's notches as buttons 4 to 7; by Button.
constexpr std::array<unsigned, 9> kButtons{1, 2, 3, 4, 5, 8, 9, 6, 7};

}  // namespace

Result<std::unique_ptr<X11Controller>> X11Controller::create(const std::string& display) {
  TOBARI_ASSIGN(auto connection, X11Display::open(display));
  std::unique_ptr<X11Controller> controller(new X11Controller(std::move(connection)));
  TOBARI_TRY(controller->find_extensions());
  return controller;
}

Result<void> X11Controller::find_extensions() {
  Display* const display = display_->get();
  int event_base = 0;
  int error_base = 0;
  int major = 0;
  int minor = 0;
  if (XTestQueryExtension(display, &event_base, &error_base, &major, &minor) == 0) {
    return fail(Errc::kInvalidArgument, "the X server has no XTEST extension");
  }
  XTestGrabControl(display, True);  // input must arrive even while a program has grabbed the server
  Size smallest;
  Size largest;
  if (XRRQueryExtension(display, &event_base, &error_base) != 0 &&
      XRRGetScreenSizeRange(display, display_->root(), &smallest.width, &smallest.height, &largest.width,
                            &largest.height) != 0) {
    smallest_ = smallest;
    largest_ = largest;
  }
  return {};
}

void X11Controller::start() {
  {
    const std::lock_guard lock(mutex_);
    running_ = true;
  }
  thread_ = std::jthread([this](const std::stop_token& token) { run(token); });
}

void X11Controller::stop() noexcept {
  {
    const std::lock_guard lock(mutex_);
    running_ = false;
    queue_.clear();
  }
  if (!thread_.joinable()) return;
  thread_.request_stop();
  display_->interrupt();
  thread_.join();
}

template <class Event>
void X11Controller::push(const Event& event) {
  const std::lock_guard lock(mutex_);
  if (!running_) return;
  queue_.push(event);
  if (!queue_.empty()) wake_.notify_one();
}

void X11Controller::release_all() {
  const std::lock_guard lock(mutex_);
  queue_.release_all();
  if (!queue_.empty()) wake_.notify_one();
}

Result<void> X11Controller::request_size(Size size) {
  if (!size.valid()) return fail(Errc::kInvalidArgument, "not a size that a desktop can have");
  if (!largest_ || size.width > largest_->width || size.height > largest_->height || size.width < smallest_->width ||
      size.height < smallest_->height) {
    return fail(Errc::kInvalidArgument, "the X server cannot have that size");
  }
  const std::lock_guard lock(mutex_);
  if (!running_) return fail(Errc::kUnavailable, "the display is not there");
  wanted_size_ = size;
  wake_.notify_one();
  return {};
}

void X11Controller::run(const std::stop_token& token) {
  while (!token.stop_requested() && !display_->broken()) {
    std::optional<InputEvent> event;
    std::optional<Size> size;
    bool more = false;
    {
      std::unique_lock lock(mutex_);
      if (!wake_.wait(lock, token, [this] { return !queue_.empty() || wanted_size_.has_value(); })) return;
      size = std::exchange(wanted_size_, std::nullopt);
      if (!queue_.empty()) event = queue_.pop();
      more = !queue_.empty();
    }
    if (size.has_value()) resize_x11(*display_, *size);
    if (event.has_value()) send(*event);
    if (!more) XFlush(display_->get());
  }
  const std::lock_guard lock(mutex_);  // the server is gone
  running_ = false;
  queue_.clear();
}

void X11Controller::send(const InputEvent& event) {
  Display* const display = display_->get();
  if (const auto* key = std::get_if<KeyEvent>(&event)) {
    send_key(*key);
  } else if (const auto* move = std::get_if<PointerMove>(&event)) {
    XTestFakeMotionEvent(display, DefaultScreen(display), std::clamp(move->position.x, 0, kMaxSide),
                         std::clamp(move->position.y, 0, kMaxSide), CurrentTime);
  } else if (const auto* button = std::get_if<PointerButton>(&event)) {
    XTestFakeButtonEvent(display, kButtons.at(static_cast<std::size_t>(button->button)), button->pressed ? True : False,
                         CurrentTime);
  } else if (const auto* locks = std::get_if<LockState>(&event)) {
    send_locks(*locks);
  }
}

// The server repeats a held key by itself; the client's repetitions on top would double it.
void X11Controller::send_key(const KeyEvent& event) {
  const auto code = x11_key_code(event.scancode, event.extended);
  if (!code.has_value() || down_.test(*code) == event.pressed) return;
  down_.set(*code, event.pressed);
  XTestFakeKeyEvent(display_->get(), *code, event.pressed ? True : False, CurrentTime);
}

void X11Controller::send_locks(const LockState& locks) {
  Display* const display = display_->get();
  const unsigned num = XkbKeysymToModifiers(display, XK_Num_Lock);
  const unsigned scroll = XkbKeysymToModifiers(display, XK_Scroll_Lock);  // 0 in most layouts: then it has no state
  const unsigned values = (locks.caps ? LockMask : 0U) | (locks.num ? num : 0U) | (locks.scroll ? scroll : 0U);
  XkbLockModifiers(display, XkbUseCoreKbd, LockMask | num | scroll, values);
}

}  // namespace tobari::display
