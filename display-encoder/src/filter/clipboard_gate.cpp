// SPDX-License-Identifier: GPL-3.0-or-later
#include "filter/clipboard_gate.h"

#include <algorithm>
#include <format>

namespace tobari::display {
namespace {

using policy::Format;
using policy::FormatSet;

constexpr std::array kDirections{Direction::kToGuest, Direction::kFromGuest};

// Files have no way through, whatever a policy says (policy/src/yaml/not_yet.h tells).
FormatSet with_a_form() noexcept {
  FormatSet set;
  for (const Format format : {Format::kText, Format::kRtf, Format::kHtml, Format::kImage}) set.add(format);
  return set;
}

}  // namespace

bool grants_clipboard(const policy::Grant& grant) noexcept {
  return std::ranges::any_of(kDirections, [&grant](Direction d) { return grant.find(channel_of(d)) != nullptr; });
}

void ClipboardGate::set_grant(const policy::Grant& grant) {
  for (const Direction direction : kDirections) {
    auto& open = ways_[static_cast<std::size_t>(direction)].limits;
    open.reset();
    if (const policy::ChannelGrant* const channel = grant.find(channel_of(direction))) open = channel->limits;
  }
}

FormatSet ClipboardGate::passable(Direction direction, FormatSet offered) const noexcept {
  if (!open(direction)) return {};
  offered.keep(limits(direction)->formats);
  offered.keep(with_a_form());
  return offered;
}

Result<void> ClipboardGate::may_ask(Direction direction, Format format) const {
  if (!open(direction)) {
    return fail(Errc::kPermissionDenied, std::format("{} is not open in this session", channel_of(direction)));
  }
  FormatSet asked;
  asked.add(format);
  if (passable(direction, asked).has(format)) return {};
  return fail(Errc::kPermissionDenied, std::format("{} does not pass {}", channel_of(direction),
                                                   policy::kFormatNames[static_cast<std::size_t>(format)]));
}

std::size_t ClipboardGate::most(Direction direction, Format format) const noexcept {
  if (!open(direction)) return 0;
  const std::size_t ever = format == Format::kImage ? kMaxClipboardContent : kMaxClipboardText;
  const auto limit = limits(direction)->bytes_per_transfer;
  return limit ? static_cast<std::size_t>(std::min<std::uint64_t>(*limit, ever)) : ever;
}

Result<ClipboardGate::Duration> ClipboardGate::admit(Direction direction, Format format, std::size_t bytes, Time now) {
  TOBARI_TRY(may_ask(direction, format));
  if (const std::size_t largest = most(direction, format); bytes > largest) {
    return fail(Errc::kPermissionDenied,
                std::format("{} bytes are more than {} passes at once ({})", bytes, channel_of(direction), largest));
  }
  Way& way = ways_[static_cast<std::size_t>(direction)];
  const auto rate = way.limits->bytes_per_second;
  if (!rate) return Duration{};
  const auto takes = std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(static_cast<double>(bytes) / static_cast<double>(*rate)));
  const Time full_at = std::max(now, way.full_at) + takes;
  const Duration wait = std::max(full_at - std::chrono::seconds(1) - now, Duration{});
  if (wait > kLongestWait) {
    return fail(Errc::kExhausted, std::format("{} passes {} bytes a second, and these {} would wait too long",
                                              channel_of(direction), *rate, bytes));
  }
  way.full_at = full_at;
  return wait;
}

}  // namespace tobari::display
