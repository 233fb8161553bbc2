// SPDX-License-Identifier: GPL-3.0-or-later
#include "stats/stats_text.h"

#include <algorithm>
#include <cmath>
#include <format>
#include <functional>

namespace tobari::display {
namespace {

constexpr double kMillisecondsASecond = 1000;
constexpr double kMicrosecondsAMillisecond = 1000;
constexpr double kMedian = 0.5;
constexpr double kAlmostAll = 0.99;

double a_second(double count, const DisplayStats& window) noexcept {
  const auto ms = static_cast<double>(window.observed.count());
  return ms > 0 ? count * kMillisecondsASecond / ms : 0;
}

}  // namespace

double frames_a_second(const DisplayStats& window) noexcept {
  return a_second(static_cast<double>(window.frames), window);
}

double kilobits_a_second(const DisplayStats& window) noexcept {
  return a_second(static_cast<double>(window.bytes()) * 8 / 1000, window);
}

std::string codec_shares(const DisplayStats& window) {
  std::vector<CodecUse> uses = window.codecs;
  std::ranges::sort(uses, std::greater<>(), &CodecUse::bytes);
  const auto all = static_cast<double>(window.bytes());
  std::string text;
  for (const CodecUse& use : uses) {
    if (use.bytes == 0) break;
    const long percent = std::lround(static_cast<double>(use.bytes) * 100 / all);
    text += std::format("{}{} {}", text.empty() ? "" : ", ", name_of(use.codec), percent);
  }
  return text.empty() ? "-" : text;
}

std::string milliseconds(const LogHistogram& microseconds) {
  const auto middle = microseconds.quantile(kMedian);
  const auto almost_all = microseconds.quantile(kAlmostAll);
  if (!middle || !almost_all) return "-";
  return std::format("{:.1f} - {:.1f}", static_cast<double>(*middle) / kMicrosecondsAMillisecond,
                     static_cast<double>(*almost_all) / kMicrosecondsAMillisecond);
}

std::vector<std::string> overlay_lines(const DisplayStats& window) {
  return {std::format("{:.0f} FPS, {:.0f} KBIT", frames_a_second(window), kilobits_a_second(window)),
          "KEY TO PIXEL " + milliseconds(window.input_of_all()), "ENCODE " + milliseconds(window.encode),
          "ACK " + milliseconds(window.acknowledge), codec_shares(window)};
}

}  // namespace tobari::display
