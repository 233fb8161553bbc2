// SPDX-License-Identifier: GPL-3.0-or-later
// How a version's order and facts are kept and shown: as JSON. Pure.
#pragma once

#include <string>
#include <string_view>

#include <tobari/base/result.h>

#include "core/types.h"

namespace tobari::broker {

[[nodiscard]] std::string to_text(const ImageOrder& order);
[[nodiscard]] std::string to_text(const ImageFacts& facts);
// kInternal: it is not what to_text() has made. Members of a newer version are left out.
[[nodiscard]] Result<ImageOrder> parse_image_order(std::string_view text);
[[nodiscard]] Result<ImageFacts> parse_image_facts(std::string_view text);

}  // namespace tobari::broker
