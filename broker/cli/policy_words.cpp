// SPDX-License-Identifier: GPL-3.0-or-later
#include "policy_words.h"

#include <algorithm>
#include <array>
#include <format>
#include <string_view>

#include <arpa/inet.h>

namespace tobari::cli {
namespace {

void append(std::string& text, std::string_view part, std::string_view separator) {
  if (!text.empty()) text += separator;
  text += part;
}

std::string_view word_of(policy::Protocol protocol) {
  switch (protocol) {
    case policy::Protocol::kTcp:
      return "tcp";
    case policy::Protocol::kUdp:
      return "udp";
    case policy::Protocol::kIcmp:
      return "icmp";
    case policy::Protocol::kAny:
      break;
  }
  return "any protocol";
}

}  // namespace

std::string words_of(const policy::Limits& limits) {
  std::string text;
  if (limits.formats != policy::FormatSet::all()) {
    for (std::size_t i = 0; i < policy::kFormatNames.size(); ++i) {
      if (limits.formats.has(static_cast<policy::Format>(i))) append(text, policy::kFormatNames[i], ", ");
    }
    text += " only";
  }
  if (limits.bytes_per_transfer) append(text, std::format("{} bytes a transfer", *limits.bytes_per_transfer), "; ");
  if (limits.bytes_per_day) append(text, std::format("{} bytes a day", *limits.bytes_per_day), "; ");
  if (limits.bytes_per_second) append(text, std::format("{} bytes a second", *limits.bytes_per_second), "; ");
  return text;
}

std::string words_of(const policy::Obligations& require) {
  std::string text;
  if (require.visible_watermark) append(text, "visible watermark", "; ");
  if (require.invisible_watermark) append(text, "invisible watermark", "; ");
  if (require.recording == policy::Recording::kOptional) append(text, "recording", "; ");
  if (require.recording == policy::Recording::kRequired) append(text, "recording, or no session", "; ");
  if (require.idle_timeout) append(text, std::format("idle timeout {}", *require.idle_timeout), "; ");
  if (require.absolute_timeout) append(text, std::format("ends after {}", *require.absolute_timeout), "; ");
  if (require.max_monitors) append(text, std::format("{} monitors", *require.max_monitors), "; ");
  if (require.max_pixels) append(text, std::format("{} pixels", *require.max_pixels), "; ");
  for (const std::string& notice : require.notices) append(text, "notice '" + notice + "'", "; ");
  return text;
}

std::string words_of(const policy::IpNetwork& network) {
  constexpr unsigned kV4PrefixInV6 = 96;
  std::array<char, INET6_ADDRSTRLEN> text{};
  const auto& bytes = network.address.bytes;
  const bool v4 = network.prefix_bits >= kV4PrefixInV6 && bytes[10] == 0xff && bytes[11] == 0xff &&
                  std::all_of(bytes.begin(), bytes.begin() + 10, [](auto byte) { return byte == 0; });
  ::inet_ntop(v4 ? AF_INET : AF_INET6, bytes.data() + (v4 ? 12 : 0), text.data(), text.size());
  return std::format("{}/{}", text.data(), network.prefix_bits - (v4 ? kV4PrefixInV6 : 0));
}

std::string words_of(const policy::NetworkEntry& entry) {
  std::string places;
  for (const policy::IpNetwork& network : entry.traffic.networks) append(places, words_of(network), ", ");
  for (const std::string& domain : entry.traffic.domains) append(places, domain, ", ");
  std::string ports;
  for (const policy::PortRange& range : entry.traffic.ports) {
    append(ports,
           range.first == range.last ? std::to_string(range.first) : std::format("{}-{}", range.first, range.last),
           ", ");
  }
  return std::format("{:<6} {}, {}{} (rule '{}')", entry.effect == policy::Effect::kAllow ? "allow" : "deny",
                     word_of(entry.traffic.protocol), places.empty() ? "everywhere" : places,
                     ports.empty() ? "" : ", ports " + ports, entry.rule);
}

}  // namespace tobari::cli
