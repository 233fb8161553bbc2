// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/client_table.h"

#include <algorithm>
#include <cctype>
#include <limits>
#include <string_view>

namespace tobari::display {
namespace {

constexpr std::uint32_t kThinClient = 0x01;     // 2.2.3.1: RemoteFX in place of its progressive form
constexpr std::uint32_t kAvc420Enabled = 0x10;  // 2.2.3.2
constexpr std::uint32_t kAvcDisabled = 0x20;    // 2.2.3.3

// A codec is there when (flags & mask) == value.
struct Condition {
  std::uint32_t mask = 0;
  std::uint32_t value = 0;
  [[nodiscard]] constexpr bool holds(std::uint32_t flags) const noexcept { return (flags & mask) == value; }
};
constexpr Condition kAlways{};
constexpr Condition kNever{0, 1};

struct Version {
  std::uint32_t from;  // and later, until the next row
  Condition avc420;
  Condition progressive;
};
constexpr Version kByVersion[] = {
    {0x00080004, kNever, {kThinClient, 0}},   {0x00080105, {kAvc420Enabled, kAvc420Enabled}, {kThinClient, 0}},
    {0x000A0002, {kAvcDisabled, 0}, kAlways}, {0x000A0100, kAlways, kAlways},  // 2.2.3.4: its data is reserved
    {0x000A0200, {kAvcDisabled, 0}, kAlways},
};

// A row matches when everything that it names does.
struct Known {
  std::string_view name_prefix;  // in lower case; empty: any
  std::uint16_t os_major;        // 0: any
  std::uint32_t first_build;
  std::uint32_t last_build;
  bool avc420;
  bool progressive;
  std::string_view why;
};
constexpr std::uint32_t kAnyBuild = std::numeric_limits<std::uint32_t>::max();
constexpr Known kKnown[] = {
    {"ironrdp", 0, 0, kAnyBuild, false, true,
     "advertises version 10.7 without a decoder for it: blank screen (IronRDP issue 1564)"},
};

// FreeRDP's clients on Unix, of any version since 2.0, and what is built upon it: they give the build of a Windows and
// say that they are a Unix, or nothing. For each piece they go once round all that they wait for, some 25 us
// (docs/PERFORMANCE.md).
constexpr std::uint32_t kFreeRdpBuild = 18363;
constexpr std::uint16_t kFreeRdpSystems[] = {0, 4};  // OSMAJORTYPE_UNSPECIFIED, OSMAJORTYPE_UNIX

bool starts_with(std::string_view name, std::string_view lower_prefix) {
  return name.size() >= lower_prefix.size() &&
         std::equal(lower_prefix.begin(), lower_prefix.end(), name.begin(),
                    [](char a, char b) { return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b))); });
}

bool matches(const Known& row, const ClientClaims& client) {
  return starts_with(client.name, row.name_prefix) && (row.os_major == 0 || row.os_major == client.os_major) &&
         client.build >= row.first_build && client.build <= row.last_build;
}

}  // namespace

std::optional<ClientCodecs> codecs_of(std::uint32_t version, std::uint32_t flags) {
  if (std::ranges::find(kGraphicsVersions, version) == std::end(kGraphicsVersions)) return std::nullopt;
  ClientCodecs codecs;
  for (const Version& row : kByVersion) {
    if (version < row.from) break;
    codecs.avc420 = row.avc420.holds(flags);
    codecs.progressive = row.progressive.holds(flags);
  }
  return codecs;
}

ClientCodecs believed(ClientCodecs claimed, const ClientClaims& client) {
  for (const Known& row : kKnown) {
    if (!matches(row, client)) continue;
    claimed.avc420 = claimed.avc420 && row.avc420;
    claimed.progressive = claimed.progressive && row.progressive;
  }
  return claimed;
}

bool takes_long_pdus(const ClientClaims& client) {
  return client.build == kFreeRdpBuild &&
         std::ranges::find(kFreeRdpSystems, client.os_major) != std::end(kFreeRdpSystems);
}

}  // namespace tobari::display
