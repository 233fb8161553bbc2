// SPDX-License-Identifier: GPL-3.0-or-later
// A grey desktop whose pointer a test changes, as often as it likes.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include <tobari/display/framebuffer_source.h>

namespace tobari::display::testing {

class PointerDesktop final : public FramebufferSource {
 public:
  explicit PointerDesktop(Size size)
      : size_(size), pixels_(static_cast<std::size_t>(size.area()) * kBytesPerPixel, std::byte{0x80}) {}

  // A test's thread plays the source's own. Waits until the desktop is shown.
  void set(const CursorShape& shape) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return events_ != nullptr; });
    events_->on_cursor_shape(shape);
  }

  [[nodiscard]] Result<void> start(SourceEvents& events) override {
    events.on_surface(size_);
    {
      const std::scoped_lock lock(mutex_);
      events_ = &events;
    }
    changed_.notify_all();
    return {};
  }
  void stop() noexcept override {
    const std::scoped_lock lock(mutex_);
    events_ = nullptr;
  }
  [[nodiscard]] Result<FrameView> acquire(const Region& /*wanted*/) override {
    return FrameView{pixels_.data(), size_, static_cast<std::size_t>(size_.width) * kBytesPerPixel};
  }
  [[nodiscard]] Result<void> request_mode(const SourceMode& /*mode*/) override {
    return fail(Errc::kInvalidArgument, "it keeps its size");
  }
  [[nodiscard]] InputSink& input() noexcept override { return input_; }

 private:
  class NoInput final : public InputSink {
   public:
    void key(const KeyEvent& /*event*/) override {}
    void move(const PointerMove& /*event*/) override {}
    void button(const PointerButton& /*event*/) override {}
    void set_locks(const LockState& /*locks*/) override {}
    void release_all() override {}
  };

  Size size_;
  std::vector<std::byte> pixels_;
  NoInput input_;
  std::mutex mutex_;
  std::condition_variable changed_;
  SourceEvents* events_ = nullptr;
};

// One of many shapes that differ in every pixel, with every alpha in it.
inline CursorShape numbered_pointer(Size size, std::uint32_t number) {
  CursorShape shape{size, {size.width / 3, size.height / 4}, {}};
  const auto count = static_cast<std::uint32_t>(size.area());
  shape.argb.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::uint32_t alpha = i % 256;
    const std::uint32_t colour = (i * 2654435761U ^ number * 40503U) & 0xFFFFFF;
    shape.argb.push_back(alpha << 24 | (alpha == 0 ? 0 : colour));
  }
  return shape;
}

}  // namespace tobari::display::testing
