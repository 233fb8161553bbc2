// SPDX-License-Identifier: GPL-3.0-or-later
#include "measures.h"

#include <algorithm>
#include <format>

namespace tobari::probe {

void Coverage::resize(int width, int height) {
  width_ = width;
  height_ = height;
  painted_.assign(static_cast<std::size_t>(width) * static_cast<std::size_t>(height), 0);
  missing_ = painted_.size();
}

void Coverage::paint(int x, int y, int width, int height) {
  const int left = std::clamp(x, 0, width_);
  const int right = std::clamp(x + width, left, width_);
  const int bottom = std::clamp(y + height, 0, height_);
  for (int row = std::max(y, 0); row < bottom; ++row) {
    const auto begin = painted_.begin() + static_cast<std::ptrdiff_t>(row) * width_ + left;
    const auto end = begin + (right - left);
    missing_ -= static_cast<std::size_t>(std::count(begin, end, 0));
    std::fill(begin, end, 1);
  }
}

std::string Coverage::text() const {
  const auto first = static_cast<std::size_t>(std::ranges::find(painted_, 0) - painted_.begin());
  const auto width = static_cast<std::size_t>(std::max(width_, 1));
  return std::format("{} of {}x{} pixels are missing, the first at {},{}", missing_, width_, height_, first % width,
                     first / width);
}

}  // namespace tobari::probe
