// SPDX-License-Identifier: GPL-3.0-or-later
// A source with a panel of figures in its top right corner, for whoever tunes a display (tobari-display --stats). It
// copies what is shown, so it costs a copy of the damage; without the option it does not exist.
//
// The panel changes at most once in a period and only while a client looks; what is drawn under it meanwhile is no
// change.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tobari/display/display_stats.h>
#include <tobari/display/framebuffer_source.h>

#include "drawing/canvas.h"

namespace tobari::display {

class StatsOverlaySource final : public FramebufferSource, private SourceEvents {
 public:
  // Of the display since it began; called on a thread of this source's, must not wait for it. Outlives the source.
  using Stats = std::function<DisplayStats()>;
  static constexpr std::chrono::milliseconds kPeriod{1000};

  StatsOverlaySource(std::unique_ptr<FramebufferSource> shown, Stats stats, std::chrono::milliseconds period = kPeriod)
      : shown_(std::move(shown)), stats_(std::move(stats)), period_(period) {}
  ~StatsOverlaySource() override { stop(); }

  [[nodiscard]] Result<void> start(SourceEvents& events) override;
  void stop() noexcept override;
  [[nodiscard]] Result<FrameView> acquire(const Region& wanted) override;
  [[nodiscard]] Result<void> request_mode(const SourceMode& mode) override { return shown_->request_mode(mode); }
  [[nodiscard]] InputSink& input() noexcept override { return shown_->input(); }
  [[nodiscard]] AudioSource* audio() noexcept override { return shown_->audio(); }
  void rest() noexcept override { shown_->rest(); }

 private:
  void on_surface(Size size) override;
  void on_damage(std::span<const Rect> rects) override;
  void on_cursor_shape(const CursorShape& shape) override;
  void on_cursor_visible(bool visible) override;
  void on_lost(const Error& reason) override;

  // Passes an event on, none after on_lost(). The lock is held over it: nobody who takes events calls us from there.
  template <class Event>
  void pass(Event event);
  void run(const std::stop_token& stop);
  void tick(DisplayStats& before);
  [[nodiscard]] Rect place() const noexcept;  // of the panel, with the lock held
  void draw_panel(const std::vector<std::string>& lines);

  const std::unique_ptr<FramebufferSource> shown_;
  const Stats stats_;
  const std::chrono::milliseconds period_;

  std::mutex mutex_;
  SourceEvents* events_ = nullptr;  // null: before the start, after the end
  Size surface_;
  std::vector<std::string> lines_;
  std::optional<Canvas> panel_;
  bool panel_changed_ = false;

  std::mutex asleep_;
  std::condition_variable_any wake_;

  std::optional<Canvas> picture_;  // the consumer's
  std::jthread thread_;            // last: it uses the others
};

}  // namespace tobari::display
