// SPDX-License-Identifier: GPL-3.0-or-later
// Everything that a policy can speak about: a closed list. A name that is not here is an error in a policy file, and a
// way out of the desktop that is not here does not exist.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tobari::policy {

struct Channel {
  // What passes in whole pieces, and which limits of a rule can therefore be kept.
  enum class Transfers : std::uint8_t { kNone, kBytes, kFormats };

  std::string_view name;
  std::string_view meaning;
  bool available;  // built into this version; a rule may allow it before, which then opens nothing
  Transfers transfers = Transfers::kNone;
  // Part of what a session is granted. False: the broker itself asks, when somebody wants it, session or not.
  bool in_grant = true;
};

inline constexpr std::array<Channel, 21> kChannels{{
    {"connect", "sign in to a desktop and see it", true},
    {"clipboard.to_guest", "paste from the client into the desktop", true, Channel::Transfers::kFormats},
    {"clipboard.from_guest", "copy from the desktop to the client", true, Channel::Transfers::kFormats},
    {"drive", "the client's drives in the desktop", false, Channel::Transfers::kBytes},
    {"usb", "the client's USB devices in the desktop", false},
    {"printer", "the client's printers in the desktop", false, Channel::Transfers::kBytes},
    {"smartcard", "the client's smart cards in the desktop", false},
    {"serial", "the client's serial ports in the desktop", false, Channel::Transfers::kBytes},
    {"parallel", "the client's parallel ports in the desktop", false, Channel::Transfers::kBytes},
    {"audio.play", "the desktop's sound at the client", true},
    {"audio.record", "the client's microphone in the desktop", false},
    {"camera", "the client's cameras in the desktop", false},
    {"location", "the client's place in the desktop", false},
    {"webauthn", "the client's security keys in the desktop", false},
    {"touch", "touch and pen input", false},
    {"resize", "change the size and number of monitors while connected", true},
    {"multitransport", "a second connection over UDP", false},
    {"thumbnail", "a small picture of one's own desktop outside of a session", true, Channel::Transfers::kNone, false},
    {"thumbnail.others", "the same of other people's desktops, for administrators", true, Channel::Transfers::kNone,
     false},
    {"desktop.restart", "have one's own desktop restarted in order", true, Channel::Transfers::kNone, false},
    {"desktop.reset", "pull the plug of one's own desktop and start it again", true, Channel::Transfers::kNone, false},
}};

// The position in kChannels.
using ChannelIndex = std::size_t;

[[nodiscard]] constexpr std::optional<ChannelIndex> find_channel(std::string_view name) noexcept {
  for (ChannelIndex i = 0; i < kChannels.size(); ++i) {
    if (kChannels[i].name == name) return i;
  }
  return std::nullopt;
}

}  // namespace tobari::policy
