// SPDX-License-Identifier: GPL-3.0-or-later
// The bodies and paths of /images, checked. Pure; fuzzed with the others (tests/fuzz/rest_body_fuzz.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include <tobari/base/result.h>

#include "core/types.h"

namespace tobari::broker {

struct NewImageVersionBody {
  std::string host;  // a name
  ImageOrder order;
  std::string notes;
};
struct PublishBody {
  bool now = false;  // also when hosts do not have it yet
};

[[nodiscard]] Result<NewImageVersionBody> parse_new_image_version(std::string_view body);
[[nodiscard]] Result<PublishBody> parse_publish(std::string_view body);  // an empty body is an empty object
// Of a path: 1 to kMaxImageVersion, without zeros in front.
[[nodiscard]] Result<std::uint32_t> parse_image_version(std::string_view text);

}  // namespace tobari::broker
