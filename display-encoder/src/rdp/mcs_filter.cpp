// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/mcs_filter.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <cstring>
#include <format>
#include <string_view>

#include "rdp/wire.h"

namespace tobari::display {
namespace {

constexpr std::size_t kNameSize = 8;  // including the terminating zero
constexpr std::size_t kChannelDefSize = kNameSize + 4;
constexpr std::uint16_t kCsNet = 0xC003;

// ITU-T X.690 length: one octet, or 0x81/0x82 and one or two more.
std::size_t ber_length(WireReader& in) noexcept {
  const std::uint8_t first = in.u8();
  if (first < 0x80) return first;
  if (first == 0x81) return in.u8();
  if (first == 0x82) return in.u16_be();
  in.skip(in.remaining() + 1);  // longer than any packet: bad
  return 0;
}

bool ber_skip(WireReader& in, int tag) noexcept {
  if (in.u8() != tag) return false;
  in.skip(ber_length(in));
  return in.ok();
}

// ITU-T X.691 length determinant, as far as T.124 needs it.
std::size_t per_length(WireReader& in) noexcept {
  const unsigned first = in.u8();
  return first < 0x80 ? first : (first & 0x7F) << 8 | in.u8();
}

// Moves to the first client data block; false when this is not a Connect Initial (T.125, T.124, MS-RDPBCGR 2.2.1.3).
bool skip_to_blocks(WireReader& in) noexcept {
  constexpr std::array kDataHeader{0x02, 0xF0, 0x80};
  in.skip(4);  // TPKT, whose length FreeRDP checked when it read the packet
  for (const int octet : kDataHeader) {
    if (in.u8() != octet) return false;
  }
  if (in.u8() != 0x7F || in.u8() != 0x65) return false;  // [APPLICATION 101]
  static_cast<void>(ber_length(in));
  for (const int tag : {0x04, 0x04, 0x01, 0x30, 0x30, 0x30}) {  // selectors, upward flag, domain parameters
    if (!ber_skip(in, tag)) return false;
  }
  if (in.u8() != 0x04) return false;
  static_cast<void>(ber_length(in));

  constexpr std::array kT124{0x00, 0x05, 0x00, 0x14, 0x7C, 0x00, 0x01};
  for (const int octet : kT124) {
    if (in.u8() != octet) return false;
  }
  static_cast<void>(per_length(in));
  in.skip(2);                         // choice and optional fields
  in.skip((per_length(in) + 2) / 2);  // conference name: digits, two in an octet, at least one
  in.skip(3);                         // padding, number of sets, choice
  in.skip(per_length(in) + 4);        // H.221 key, at least four octets
  static_cast<void>(per_length(in));
  return in.ok();
}

std::string printable(std::span<const std::byte> name) {
  std::string text;
  for (const std::byte b : name) {
    const char c = static_cast<char>(b);
    if (c == '\0') break;
    text += c > ' ' && c < 127 ? c : '?';
  }
  return text;
}

bool same_name(std::string_view said, std::string_view lower_case) noexcept {
  return std::ranges::equal(said, lower_case,
                            [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; });
}

// Overwrites the names of one TS_UD_CS_NET but for those of `kept`, each once.
Result<void> deny_block(std::span<std::byte> block, std::vector<std::string_view>& kept,
                        std::vector<std::string>& names) {
  WireReader in(block);
  const std::uint32_t count = in.u32();
  if (!in.ok() || count > kMaxStaticChannels || count * kChannelDefSize > in.remaining()) {
    return fail(Errc::kPeerProtocol, "malformed list of static channels");
  }
  for (std::uint32_t i = 0; i < count; ++i) {
    const std::size_t at = in.position();
    names.push_back(printable(in.bytes(kNameSize)));
    in.skip(4);
    const auto keep = [&names](std::string_view name) { return same_name(names.back(), name); };
    if (std::erase_if(kept, keep) > 0) continue;
    const std::string denied = std::format("deny{:02}", i);  // FreeRDP refuses a client that names one twice
    std::ranges::fill(block.subspan(at, kNameSize), std::byte{0});
    std::memcpy(block.data() + at, denied.data(), denied.size());
  }
  return {};
}

}  // namespace

Result<std::vector<std::string>> deny_static_channels(std::span<std::byte> packet,
                                                      std::span<const std::string_view> kept) {
  WireReader in(packet);
  if (!skip_to_blocks(in)) return fail(Errc::kPeerProtocol, "malformed MCS Connect Initial");
  std::vector<std::string> names;
  std::vector<std::string_view> left(kept.begin(), kept.end());
  while (in.remaining() > 0) {
    const std::uint16_t type = in.u16();
    const std::size_t length = in.u16();
    if (!in.ok() || length < 4 || length - 4 > in.remaining()) {
      return fail(Errc::kPeerProtocol, "malformed client data block");
    }
    const std::size_t at = in.position();
    in.skip(length - 4);
    if (type == kCsNet) TOBARI_TRY(deny_block(packet.subspan(at, length - 4), left, names));
    if (names.size() > kMaxStaticChannels) return fail(Errc::kPeerProtocol, "too many static channels");
  }
  return names;
}

void repair_erect_domain(std::span<std::byte> packet) noexcept {
  constexpr std::array<unsigned char, 12> kMalformed{0x03, 0x00, 0x00, 0x0C, 0x02, 0xF0,
                                                     0x80, 0x04, 0x00, 0x01, 0x00, 0x01};
  constexpr std::array<unsigned char, 4> kIntegers{0x01, 0x00, 0x01, 0x00};
  if (packet.size() != kMalformed.size() || std::memcmp(packet.data(), kMalformed.data(), packet.size()) != 0) return;
  std::memcpy(packet.data() + packet.size() - kIntegers.size(), kIntegers.data(), kIntegers.size());
}

}  // namespace tobari::display
