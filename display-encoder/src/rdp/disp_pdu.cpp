// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/disp_pdu.h"

#include <cstdint>

#include "rdp/wire.h"

namespace tobari::display::disp {
namespace {
constexpr std::uint32_t kTypeCaps = 5;
constexpr std::uint32_t kTypeLayout = 2;
constexpr std::uint32_t kMonitorSize = 40;
constexpr std::uint32_t kMaxMonitors = 16;
constexpr std::uint32_t kAreaFactor = 8192;  // of one monitor's largest area
constexpr std::uint32_t kMinSide = 200;
constexpr std::uint32_t kMaxDispSide = 8192;
constexpr std::uint32_t kPrimary = 1;
}  // namespace

void caps(std::vector<std::byte>& out) {
  WireWriter w(out);
  w.u32(kTypeCaps);
  w.u32(20U);
  w.u32(1U);
  w.u32(kAreaFactor);
  w.u32(kAreaFactor);
}

Result<std::optional<Size>> parse_layout(std::span<const std::byte> message) {
  WireReader in(message);
  const std::uint32_t type = in.u32();
  const std::uint32_t length = in.u32();
  const std::uint32_t entry = in.u32();
  const std::uint32_t monitors = in.u32();
  if (!in.ok() || type != kTypeLayout || length != message.size() || entry != kMonitorSize || monitors == 0 ||
      monitors > kMaxMonitors || in.remaining() != std::size_t{monitors} * kMonitorSize) {
    return fail(Errc::kPeerProtocol, "malformed monitor layout");
  }
  for (std::uint32_t i = 0; i < monitors; ++i) {
    const std::uint32_t flags = in.u32();
    in.skip(8);
    const std::uint32_t width = in.u32();
    const std::uint32_t height = in.u32();
    in.skip(20);
    if (monitors > 1 && (flags & kPrimary) == 0) continue;
    if (width < kMinSide || height < kMinSide || width > kMaxDispSide || height > kMaxDispSide) return std::nullopt;
    return Size{static_cast<int>(width), static_cast<int>(height)};
  }
  return std::nullopt;
}

}  // namespace tobari::display::disp
