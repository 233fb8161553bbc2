// SPDX-License-Identifier: GPL-3.0-or-later
#include "frames/watch.h"

#include <algorithm>
#include <cmath>
#include <format>
#include <utility>

#include "frames/mark.h"

namespace tobari::testing {
namespace {

using Time = FrameWatch::Clock::time_point;

Time drawn_at(FrameLedger& ledger, std::uint32_t number) {
  return Time(std::chrono::nanoseconds(ledger.frame(number).drawn_ns.load()));
}

}  // namespace

void FrameWatch::begin() {
  first_ = ledger_.last();
  frames_ = rests_ = compared_ = 0;
  squares_ = 0;
  inexact_.reset();
  for (Samples* samples : {&latency_, &age_, &key_, &exact_}) samples->clear();
}

Time FrameWatch::shown_drawn_at() const noexcept { return drawn_at(ledger_, last_); }

void FrameWatch::painted(const Shown& shown, Clock::time_point now) {
  if (shown.width < kMarkWidth || shown.height < kKeyMarkY + kMarkHeight) return;
  if (const auto keys = read_mark(shown.pixels, shown.stride, kKeyMarkY)) {
    if (!keys_before_) keys_before_ = keys_answered_ = *keys;
    for (; keys_answered_ < *keys; ++keys_answered_) {
      const std::size_t which = keys_answered_ - *keys_before_;
      if (which < keys_.size()) key_.add(now - keys_[which]);
    }
  }
  const auto number = read_mark(shown.pixels, shown.stride, kFrameMarkY);
  if (!number || *number == 0 || *number >= FrameLedger::kMaxFrames || ledger_.frame(*number).drawn_ns == 0) return;
  if (*number > last_) {
    new_frame(*number, now);
    compare(shown, *number);
  }
  shown_ = shown;
  unseen_since_ = now;
}

void FrameWatch::new_frame(std::uint32_t number, Clock::time_point now) {
  last_ = number;
  if (number <= first_) return;
  ++frames_;
  latency_.add(now - drawn_at(ledger_, number));
  inexact_.reset();
  if (ledger_.frame(number).hash != 0) {
    inexact_ = number;
    ++rests_;
  }
}

void FrameWatch::look_whether_exact(Clock::time_point now) {
  if (!inexact_ || !unseen_since_ || now - *unseen_since_ < kQuiet) return;
  const auto painted_at = *std::exchange(unseen_since_, std::nullopt);
  if (picture_hash(shown_.pixels, shown_.stride, shown_.width, shown_.height) != ledger_.frame(*inexact_).hash) return;
  exact_.add(painted_at - drawn_at(ledger_, *inexact_));
  inexact_.reset();
}

void FrameWatch::compare(const Shown& shown, std::uint32_t number) {
  if (number <= first_) return;
  const auto sample = ledger_.sample(number);
  if (sample.empty()) return;
  const Area area = ledger_.moving();
  double sum = 0;
  const std::byte* want = sample.data();
  for (int y = area.y; y < area.y + area.height && y < shown.height; ++y) {
    const std::byte* have =
        shown.pixels + static_cast<std::size_t>(y) * shown.stride + static_cast<std::size_t>(area.x) * 4;
    long row = 0;
    for (int x = 0; x < area.width; ++x, want += 4, have += 4) {
      for (int c = 0; c < 3; ++c) {
        const int error = std::to_integer<int>(want[c]) - std::to_integer<int>(have[c]);
        row += error * error;
      }
    }
    sum += static_cast<double>(row);
  }
  squares_ += sum / (3.0 * area.width * area.height);
  ++compared_;
}

void FrameWatch::tick(Clock::time_point now) {
  look_whether_exact(now);
  if (last_ == 0) return;
  const std::uint32_t next = last_ + 1;
  if (next <= first_ || next > ledger_.last()) return age_.add(Clock::duration::zero());
  age_.add(now - drawn_at(ledger_, next));
}

std::string FrameWatch::json() const {
  const double error = compared_ == 0 ? 0 : squares_ / static_cast<double>(compared_);
  const double psnr = compared_ == 0 ? -1 : error < 1e-6 ? 99 : 10 * std::log10(255.0 * 255.0 / error);
  return std::format(
      R"("frames":{},"asked":{},"latency_ms":{},"age_ms":{},"key_ms":{},"exact_ms":{},"rests":{},"psnr_db":{:.1f})",
      frames_, ledger_.last() - first_, latency_.json(), age_.json(), key_.json(), exact_.json(), rests_, psnr);
}

}  // namespace tobari::testing
