// SPDX-License-Identifier: GPL-3.0-or-later
// The desktop's picture: one buffer, written by the session's thread and painted from by the GUI thread, never copied.
// Changes are state, not a queue: damage adds up until somebody looks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>

#include <QImage>
#include <QRegion>
#include <QSize>

namespace tobari::client {

class Frame {
 public:
  static constexpr int kMaxSide = 8192;  // of either side; a server that wants more is refused

  // --- the writing thread
  // New, black pixels of this size. False when the size is out of range or there is no memory; nothing changed then.
  [[nodiscard]] bool resize(QSize size);
  [[nodiscard]] std::byte* pixels() { return pixels_.get(); }  // 0xffRRGGBB words, rows of stride() bytes
  [[nodiscard]] std::uint32_t stride() const { return static_cast<std::uint32_t>(size_.width()) * 4U; }
  // Pixels are written between these two only. Both are harmless when out of turn.
  void begin_update();
  // True when the reader has to be told: it has taken everything that was damaged before.
  [[nodiscard]] bool end_update(const QRegion& damage);

  // --- any thread
  // `look` gets the picture while nothing writes to it; it must not keep it.
  void read(const std::function<void(const QImage&)>& look) const;
  [[nodiscard]] QRegion take_damage();  // in pixels of the picture
  [[nodiscard]] QSize size() const;

 private:
  struct Free {
    void operator()(std::byte* memory) const noexcept;
  };

  mutable std::mutex mutex_;
  bool updating_ = false;  // of the writing thread: holds mutex_
  std::unique_ptr<std::byte, Free> pixels_;
  QSize size_{0, 0};
  QRegion damage_;
};

}  // namespace tobari::client
