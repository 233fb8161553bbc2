// SPDX-License-Identifier: GPL-3.0-or-later
// What tests of whole sessions share.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>

#include "drawing/canvas.h"
#include "session/display_session.h"
#include "watermark/screen_mark.h"

namespace tobari::display {

// Hears everything and says nothing.
class QuietObserver : public SessionObserver {
 public:
  void on_client_connected(const ClientInfo& /*client*/, const Admitted& /*admitted*/) override {}
  void on_client_closed(const ClientLabel& /*client*/, const Admitted* /*admitted*/, const Error& /*reason*/) override {
  }
  void on_source_lost(std::size_t /*screen*/, const Error& /*reason*/) override {}
};

// Keeps why a client's session ended: the client itself is gone then.
class EndObserver final : public QuietObserver {
 public:
  void on_client_closed(const ClientLabel& /*client*/, const Admitted* /*admitted*/, const Error& reason) override {
    const std::scoped_lock lock(mutex_);
    reason_ = reason.message;
    ended_.notify_all();
  }
  [[nodiscard]] std::string wait() {
    std::unique_lock lock(mutex_);
    ended_.wait_for(lock, std::chrono::seconds(20), [this] { return !reason_.empty(); });
    return reason_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  std::string reason_;
};

// As a client is shown it whose invisible mark carries this number.
[[nodiscard]] inline Canvas marked_canvas(const Canvas& canvas, std::uint64_t number) {
  const auto mark = ScreenMark::make("", number);
  Canvas shown = canvas;
  for (int y = 0; y < canvas.size().height; ++y) {
    mark_row(canvas.view().row(y), reinterpret_cast<std::byte*>(shown.row(y)), 0, canvas.size().width, mark->row(y));
  }
  return shown;
}

[[nodiscard]] inline ClientInfo client_of(Size desktop) { return {"fake", "name", MonitorLayout::single(desktop)}; }

}  // namespace tobari::display
