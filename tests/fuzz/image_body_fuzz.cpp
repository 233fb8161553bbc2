// SPDX-License-Identifier: GPL-3.0-or-later
// Bodies and paths of /images. First byte: which; the rest: the text.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/image_text.h"
#include "input.h"
#include "rest/image_bodies.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tobari::broker;
  using tobari::fuzz::require;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch ((data[0] - '0') % 4) {
    case 0:
      if (const auto parsed = parse_new_image_version(text)) {
        require(!parsed->order.file.empty() && parsed->order.file.find('/') == std::string::npos);
        require((parsed->order.format == "iso") == (parsed->order.disk_gib != 0));
        // What is stored comes back as it was.
        require(parse_image_order(to_text(parsed->order)).value() == parsed->order);
      }
      break;
    case 1:
      static_cast<void>(parse_publish(text));
      break;
    case 2:
      if (const auto version = parse_image_version(text)) require(*version >= 1 && *version <= 999'999'999);
      break;
    default:
      static_cast<void>(parse_image_facts(text));
  }
  return 0;
}
