// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/watermark/mark_pattern.h>

#include <array>
#include <cmath>
#include <numbers>

#include "mark_code.h"
#include "mark_lines.h"

namespace tobari::watermark {
namespace {

constexpr int kPhasesOfAPixel = kPhases / kPatternPeriod;

std::array<float, kPhases> cosines() {
  std::array<float, kPhases> table{};
  for (std::size_t i = 0; i < table.size(); ++i) {
    table[i] = static_cast<float>(std::cos(2 * std::numbers::pi * static_cast<double>(i) / kPhases));
  }
  return table;
}

}  // namespace

// A sum of very many waves of which only the sign is kept: nearly two thirds of the power stay in the waves.
MarkPattern::MarkPattern(std::uint64_t number) : raised_(std::size_t{kPatternCells} * kPatternCells) {
  static const std::array<float, kPhases> cosine = cosines();
  const auto code = encode_number(number);
  const MarkLines& lines = mark_lines();
  std::vector<float> sum(raised_.size());
  const auto add = [&sum](const Line& line, float amplitude) {
    for (int y = 0; y < kPatternCells; ++y) {
      for (int x = 0; x < kPatternCells; ++x) {
        // In the middle of the cell, which lies between two pixels.
        const int twice_x = 2 * x * kPatternCell + kPatternCell - 1;
        const int twice_y = 2 * y * kPatternCell + kPatternCell - 1;
        const int at = (line.a * twice_x + line.b * twice_y) * (kPhasesOfAPixel / 2) + line.phase;
        sum[static_cast<std::size_t>(y * kPatternCells + x)] +=
            amplitude * cosine[static_cast<std::size_t>(at & (kPhases - 1))];
      }
    }
  };
  for (const Line& line : lines.sync) add(line, kSyncGain);
  for (const DataLine& data : lines.data) add(data.line, static_cast<float>(code[data.bit]));
  for (std::size_t i = 0; i < sum.size(); ++i) raised_[i] = sum[i] > 0 ? 1 : 0;
}

}  // namespace tobari::watermark
