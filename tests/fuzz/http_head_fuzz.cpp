// SPDX-License-Identifier: GPL-3.0-or-later
// What a stranger sends to the port of metrics. Properties: the answer for a prefix never contradicts the answer for
// the whole; what is accepted is short and has no control characters.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <tobari/metrics/http_head.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace tobari::metrics;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto whole = parse_request_head(bytes);
  if (!whole.has_value() || !whole->has_value()) return 0;

  const RequestHead& head = **whole;
  if (size > kMaxHeadBytes || head.path.size() > kMaxTargetBytes || !head.path.starts_with('/')) std::abort();
  const auto visible = [](char c) { return c > ' ' && c < '\x7f'; };
  if (!std::ranges::all_of(head.path, visible) || !std::ranges::all_of(head.method, visible)) std::abort();
  for (std::size_t cut = 0; cut < size; ++cut) {
    const auto part = parse_request_head(bytes.substr(0, cut));
    if (!part.has_value() || part->has_value()) std::abort();
  }
  return 0;
}
