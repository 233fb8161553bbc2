// SPDX-License-Identifier: GPL-3.0-or-later
// Whether content that no lossless codec makes small (Kind::kRich) goes at once as it is, or first with loss and
// exactly when it has rested. Loss pays when the exact picture would take longer on this line than a person is willing
// to wait; on a fast line it would only be sent twice.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <optional>

#include "encode/progressive_encoder.h"

namespace tobari::display {

class LossRule {
 public:
  static constexpr std::chrono::milliseconds kPatience{100};
  // Until the line is known: what is usual in an office, 100 Mbit/s.
  static constexpr std::size_t kUsualRate = 12'500'000;  // bytes a second
  // However much the line carries: what is sent exactly at once makes what comes next wait, at the client as well, and
  // of a film that begins again all of it is for nothing.
  static constexpr std::size_t kFastestRate = 25'000'000;
  // Bits that a pixel of a photograph takes, measured (docs/PERFORMANCE.md).
  static constexpr long kLosslessBits = 25;
  static constexpr long kFineBits = 1;

  void set_line_rate(std::optional<std::size_t> bytes_per_second) noexcept {
    rate_ = std::min(bytes_per_second.value_or(kUsualRate), kFastestRate);
  }

  // For so many pixels that stand still; none: without loss.
  [[nodiscard]] std::optional<ProgressiveEncoder::Quality> at_rest(long pixels) const noexcept {
    if (fits(pixels, kLosslessBits)) return std::nullopt;
    return moving(pixels);
  }

  // For so many that will change again at once.
  [[nodiscard]] ProgressiveEncoder::Quality moving(long pixels) const noexcept {
    return fits(pixels, kFineBits) ? ProgressiveEncoder::Quality::kFine : ProgressiveEncoder::Quality::kCoarse;
  }

 private:
  [[nodiscard]] bool fits(long pixels, long bits) const noexcept {
    constexpr std::size_t kInASecond = std::chrono::milliseconds(std::chrono::seconds(1)) / kPatience;
    return static_cast<std::size_t>(pixels * bits / 8) <= rate_ / kInASecond;
  }

  std::size_t rate_ = kUsualRate;
};

}  // namespace tobari::display
