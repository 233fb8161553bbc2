// SPDX-License-Identifier: GPL-3.0-or-later
#include "stats/stats_overlay_source.h"

#include <algorithm>
#include <cstring>

#include "stats/stats_text.h"

namespace tobari::display {
namespace {

constexpr int kScale = 2;
constexpr Size kCell{6 * kScale, 9 * kScale};
constexpr int kBorder = 8;
constexpr Size kPanel{30 * kCell.width + 2 * kBorder, 5 * kCell.height + 2 * kBorder};
constexpr std::uint32_t kPaper = 0x101418;
constexpr std::uint32_t kInk = 0xE8E0C8;

void copy(const FrameView& from, Point at, const Rect& part, Canvas& to) {
  for (int y = 0; y < part.height; ++y) {
    std::memcpy(to.row(part.y + y) + part.x, from.at(at.x, at.y + y),
                static_cast<std::size_t>(part.width) * kBytesPerPixel);
  }
}

}  // namespace

template <class Event>
void StatsOverlaySource::pass(Event event) {
  const std::scoped_lock lock(mutex_);
  if (events_ != nullptr) event(*events_);
}

Result<void> StatsOverlaySource::start(SourceEvents& events) {
  if (thread_.joinable()) return fail(Errc::kInvalidArgument, "the source is started already");
  {
    const std::scoped_lock lock(mutex_);
    events_ = &events;
  }
  if (auto started = shown_->start(*this); !started) {
    const std::scoped_lock lock(mutex_);
    events_ = nullptr;
    return started;
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  return {};
}

void StatsOverlaySource::stop() noexcept {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  shown_->stop();
}

void StatsOverlaySource::on_surface(Size size) {
  pass([this, size](SourceEvents& to) {
    surface_ = size;
    panel_changed_ = panel_.has_value();
    to.on_surface(size);
  });
}

void StatsOverlaySource::on_damage(std::span<const Rect> rects) {
  pass([rects](SourceEvents& to) { to.on_damage(rects); });
}

void StatsOverlaySource::on_cursor_shape(const CursorShape& shape) {
  pass([&shape](SourceEvents& to) { to.on_cursor_shape(shape); });
}

void StatsOverlaySource::on_cursor_visible(bool visible) {
  pass([visible](SourceEvents& to) { to.on_cursor_visible(visible); });
}

void StatsOverlaySource::on_lost(const Error& reason) {
  pass([this, &reason](SourceEvents& to) {
    events_ = nullptr;
    to.on_lost(reason);
  });
}

void StatsOverlaySource::run(const std::stop_token& stop) {
  DisplayStats before = stats_();
  std::unique_lock lock(asleep_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, period_, [] { return false; });
    if (!stop.stop_requested()) tick(before);
  }
}

void StatsOverlaySource::tick(DisplayStats& before) {
  DisplayStats now = stats_();
  const DisplayStats window = now.since(before);
  before = std::move(now);
  if (!window.connected) return;
  const std::vector<std::string> lines = overlay_lines(window);
  pass([this, &lines](SourceEvents& to) {
    if (lines == lines_ || !surface_.valid()) return;
    lines_ = lines;
    draw_panel(lines);
    const Rect damage = place();
    to.on_damage({&damage, 1});
  });
}

Rect StatsOverlaySource::place() const noexcept {
  return intersect({surface_.width - kPanel.width, 0, kPanel.width, kPanel.height}, bounds(surface_));
}

void StatsOverlaySource::draw_panel(const std::vector<std::string>& lines) {
  if (!panel_) panel_.emplace(kPanel);
  panel_->fill(bounds(kPanel), kPaper);
  int y = kBorder;
  for (const std::string& line : lines) {
    panel_->text({kBorder, y}, line, kScale, kInk);
    y += kCell.height;
  }
  panel_changed_ = true;
}

Result<FrameView> StatsOverlaySource::acquire(const Region& wanted) {
  TOBARI_ASSIGN(const FrameView live, shown_->acquire(wanted));
  const std::scoped_lock lock(mutex_);
  if (!picture_ || picture_->size() != live.size) {
    picture_.emplace(live.size);
    panel_changed_ = panel_.has_value();
  }
  const bool same = surface_ == live.size;  // otherwise a new one is about to be painted
  const Rect panel = panel_ && same ? place() : Rect{};
  bool covered = !panel.empty() && std::exchange(panel_changed_, false);
  for (const Rect& each : wanted.rects()) {
    const Rect rect = intersect(each, bounds(live.size));
    copy(live, {rect.x, rect.y}, rect, *picture_);
    covered = covered || !intersect(rect, panel).empty();
  }
  if (covered) copy(panel_->view(), {kPanel.width - panel.width, 0}, panel, *picture_);
  return picture_->view();
}

}  // namespace tobari::display
