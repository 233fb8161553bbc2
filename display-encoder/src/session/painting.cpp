// SPDX-License-Identifier: GPL-3.0-or-later
// The encode thread's pictures: which screen's turn it is, and what is sent of it.
#include <algorithm>
#include <cstring>
#include <malloc.h>
#include <utility>
#include <vector>

#include "session/connection.h"
#include "session/notice.h"
#include "session/turns.h"
#include "session/unlock.h"
#include "session/view.h"

namespace tobari::display {
namespace {

constexpr std::chrono::milliseconds kRetry{20};  // after pixels could not be had, or nothing came of a step
constexpr std::chrono::seconds kTrimPeriod{2};   // how often it is looked what can be given back

// A person who has just done something looks for an answer: small changes go first.
constexpr std::chrono::milliseconds kAnswer{500};
constexpr long kAnswerArea = 128L * 64;  // of one rectangle
constexpr std::size_t kAnswerRects = 16;

Region small_parts(const Region& damage) {
  Region small;
  for (const Rect& rect : damage.rects()) {
    if (rect.area() <= kAnswerArea && small.rects().size() < kAnswerRects) small.add(rect);
  }
  return small;
}

// The picture as large as its place. A larger one is cut; what a smaller one leaves free is black, and nothing is read
// beyond what the source has.
FrameView fitted(const FrameView& pixels, Size place, std::vector<std::byte>& padded) {
  if (pixels.size.width >= place.width && pixels.size.height >= place.height) {
    return {pixels.pixels, place, pixels.stride};
  }
  const std::size_t stride = static_cast<std::size_t>(place.width) * kBytesPerPixel;
  const auto columns = static_cast<std::size_t>(std::min(place.width, pixels.size.width));
  padded.assign(stride * static_cast<std::size_t>(place.height), std::byte{0});
  for (int y = 0; y < std::min(place.height, pixels.size.height); ++y) {
    std::memcpy(padded.data() + static_cast<std::size_t>(y) * stride, pixels.row(y), columns * kBytesPerPixel);
  }
  return {padded.data(), place, stride};
}

}  // namespace

bool DisplaySession::show_something(Lock& lock) {
  pace_again_.reset();
  tidy(lock, SystemClock().now());  // also while nothing is shown: an alarm that is past would ring without end
  if (!shown_ || shown_is_new_ || !output_wanted_) return false;
  const Time now = SystemClock().now();
  if (tap_ && tap_->holds()) {
    pacer_allows_ = false;
    pace_again_ = now + kHeldRetry;
    return false;
  }
  if (tap_ && tap_->wishes() == ShownTap::Wish::kNow) start_tap_anew(lock);
  const Pacer::Decision decision = pacer_.decide(now, shown_->transport().unsent());
  pacer_allows_ = decision.go;
  for (const auto& view : views_) view->painter.set_line_rate(pacer_.full_line_rate());
  if (answer_first(lock, now)) return true;
  if (!decision.go) {
    pace_again_ = decision.again;
    return false;
  }
  const Slot slot{.budget = decision.budget};
  View* const view = most_urgent(now);
  if (view != nullptr && view->changed()) return paint(lock, *view, now, slot);
  if (view != nullptr) return refine(lock, *view, now, slot);
  if (tap_ && tap_->wishes() != ShownTap::Wish::kNothing) start_tap_anew(lock);
  return false;
}

// Where a recording can be begun to be read: from here on nothing that is sent refers to what was sent before.
void DisplaySession::start_tap_anew(Lock& lock) {
  const Unlock unlocked(lock);
  std::vector<FrameView> pictures;
  for (const auto& view : views_) {
    view->painter.start_anew();
    pictures.push_back(view->painter.picture());
  }
  encoders_->start_anew();
  tap_->start_anew(arrangement_.output(), pictures);
}

// What may be the answer to a key press overtakes a large change, and a full line.
bool DisplaySession::answer_first(Lock& lock, Time now) {
  if (now - input_.last_used() > kAnswer) return false;
  for (const auto& view : views_) {
    if (!view->live() || view->waits(now) || view->notice_due || !view->painter.pending().empty()) continue;
    Region& damage = view->screen->damage;
    Region small = small_parts(damage);
    if (small.empty() || (pacer_allows_ && small.area() == damage.area())) continue;
    if (!pacer_.go_prompt(shown_->transport().unsent())) return false;
    for (const Rect& rect : small.rects()) damage.subtract(rect);
    return paint_damage(lock, *view, std::move(small), now,
                        {.budget = Pacer::kPromptBytes, .urgency = Pacer::Urgency::kPrompt});
  }
  return false;
}

std::optional<DisplaySession::Time> DisplaySession::View::turn(Time now) const {
  if (damaged()) return turn_of(screen->damaged_since, screen->damage.area());
  if (changed()) return turn_of(lost_since, painter.pending().area());
  const auto due = painter.next_refinement();
  return due && *due <= now ? std::optional(refined_at + kRefinementTurn) : std::nullopt;
}

DisplaySession::View* DisplaySession::most_urgent(Time now) {
  View* best = nullptr;
  Time earliest{};
  for (const auto& view : views_) {
    if (view->waits(now)) continue;
    view->not_before.reset();
    const auto turn = view->turn(now);
    if (!turn || (best != nullptr && *turn >= earliest)) continue;
    best = view.get();
    earliest = *turn;
  }
  return best;
}

bool DisplaySession::paint(Lock& lock, View& view, Time now, Slot slot) {
  const bool notice = std::exchange(view.notice_due, false);
  if (!notice && view.damaged()) {
    return paint_damage(lock, view, std::exchange(view.screen->damage, {}), now, slot);
  }
  EncodedFrame frame;
  {
    const Unlock unlocked(lock);
    frame = notice ? view.painter.paint(draw_notice(view.painter.size(), view.notice).view(),
                                        Region(bounds(view.painter.size())), now, slot.budget)
                   : view.painter.repaint(now, slot.budget);
  }
  send(lock, view, std::move(frame), now, slot);
  return true;
}

bool DisplaySession::paint_damage(Lock& lock, View& view, Region damage, Time now, Slot slot) {
  EncodedFrame frame;
  const Region all = damage;
  const auto answers = std::exchange(view.screen->answers, std::nullopt);
  damage.clip(bounds(view.painter.size()));
  damage.add(view.painter.searched(damage));
  Result<FrameView> pixels;
  {
    const Unlock unlocked(lock);
    pixels = view.screen->source->acquire(damage);
    // The surface may just have been replaced; on_surface() is on its way and everything will be painted again.
    if (pixels && pixels->size == view.surface) {
      const FrameView whole = fitted(*pixels, view.painter.size(), view.padded);
      frame = view.painter.paint(view.with_banner(whole), damage, now, slot.budget);
    }
  }
  if (!pixels) {  // not at the moment: the damage stays, and a lost source says so by itself
    view.screen->damage.add(all);
    if (!view.screen->answers) view.screen->answers = answers;
    view.not_before = now + kRetry;
    return false;
  }
  // Damage that changes nothing answers nothing.
  if (frame.empty() && !view.screen->answers) view.screen->answers = answers;
  send(lock, view, std::move(frame), now, slot, answers);
  return true;
}

bool DisplaySession::refine(Lock& lock, View& view, Time now, Slot slot) {
  view.refined_at = now;
  EncodedFrame frame;
  {
    const Unlock unlocked(lock);
    frame = view.painter.refine(now, slot.budget);
  }
  const bool sent = !frame.empty();
  if (!sent) view.not_before = now + kRetry;
  send(lock, view, std::move(frame), now, slot);
  return sent;
}

bool DisplaySession::more_to_send(Time now) const {
  return std::ranges::any_of(views_, [now](const auto& view) {
    const auto due = view->painter.next_refinement();
    return view->damaged() || (due && *due <= now);
  });
}

void DisplaySession::tidy(Lock& lock, Time now) {
  if (!trim_at_ || now < *trim_at_) return;
  bool at_work = now - last_sent_ < kTrimPeriod;
  for (const auto& view : views_) at_work = view->painter.trim(now) || at_work;
  trim_at_ = at_work ? std::optional(now + kTrimPeriod) : std::nullopt;
  if (!at_work) give_back(lock);
}

// A desktop that rests holds no more than it needs to go on: most of a host's desktops do.
void DisplaySession::give_back(Lock& lock) {
  for (std::size_t i = 0; i < screens_.size(); ++i) {  // there may be more of them after each step
    FramebufferSource* const source = screens_[i]->source.get();
    if (source == nullptr) continue;
    const Unlock unlocked(lock);
    source->rest();
  }
  const Unlock unlocked(lock);
  static_cast<void>(::malloc_trim(0));
}

void DisplaySession::send(Lock& lock, const View& view, EncodedFrame frame, Time now, Slot slot,
                          std::optional<Time> answers) {
  if (frame.empty()) return;
  last_sent_ = now;
  if (!trim_at_) trim_at_ = now + kTrimPeriod;
  const FrameId id = next_frame_++;
  frame.line_rate = pacer_.full_line_rate();
  shown_->note_sent(frame, now);
  const std::size_t bytes = data_bytes(frame);
  pacer_.sent(id, bytes, more_to_send(now), now, slot.urgency);
  const auto client = shown_;
  const Time encoded = SystemClock().now();
  recorder_.sent(frame,
                 {.id = id,
                  .screen = view.index,
                  .encoding = encoded - now,
                  .inexact = view.painter.next_refinement().has_value(),
                  .pressed = answers,
                  .unsent = client->transport().unsent() + bytes,
                  .in_flight = pacer_.in_flight()},
                 encoded);
  const Unlock unlocked(lock);
  if (tap_) {
    tap_->on_pointer_place(input_.position());
    tap_->on_frame(id, view.index, frame);
  }
  client->transport().send(id, view.index, std::move(frame));
}

}  // namespace tobari::display
