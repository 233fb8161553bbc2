// SPDX-License-Identifier: GPL-3.0-or-later
// What `tobari top` shows, as text: pure, from one answer of /load.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "portal.h"

namespace tobari::cli {

enum class TopOrder { kPixels, kBytes, kInput, kUser };

struct TopScreen {
  TopOrder order = TopOrder::kPixels;
  std::string note = {};  // a line of its own, when something is wrong
  // Nothing: all of it, however long and wide.
  struct Size {
    std::size_t rows = 24;
    std::size_t columns = 80;
  };
  std::optional<Size> size = {};
};

// Lines, each ended by "\n". Whatever the answer holds, they have no control characters.
[[nodiscard]] std::string top_view(const Json& answer, const TopScreen& screen);

}  // namespace tobari::cli
