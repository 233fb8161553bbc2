// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/limits.h>

#include <algorithm>

namespace tobari::policy {
namespace {

template <class Number>
void keep_less(std::optional<Number>& mine, const std::optional<Number>& other) {
  if (other && (!mine || *other < *mine)) mine = other;
}

}  // namespace

std::optional<Format> find_format(std::string_view name) noexcept {
  const auto found = std::ranges::find(kFormatNames, name);
  if (found == kFormatNames.end()) return std::nullopt;
  return static_cast<Format>(found - kFormatNames.begin());
}

void Limits::tighten(const Limits& other) {
  formats.keep(other.formats);
  keep_less(bytes_per_transfer, other.bytes_per_transfer);
  keep_less(bytes_per_day, other.bytes_per_day);
  keep_less(bytes_per_second, other.bytes_per_second);
}

void Obligations::add(const Obligations& other) {
  visible_watermark |= other.visible_watermark;
  invisible_watermark |= other.invisible_watermark;
  recording = std::max(recording, other.recording);
  keep_less(idle_timeout, other.idle_timeout);
  keep_less(absolute_timeout, other.absolute_timeout);
  keep_less(max_monitors, other.max_monitors);
  keep_less(max_pixels, other.max_pixels);
  for (const std::string& notice : other.notices) {
    if (std::ranges::find(notices, notice) == notices.end()) notices.push_back(notice);
  }
}

}  // namespace tobari::policy
