// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/ip_network.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <span>

namespace tobari::policy {
namespace {

constexpr int kV4PrefixInV6 = 96;

// A whole number of at most `digits` digits; no sign, no leading zero in base 10 (octal to some readers).
std::optional<unsigned> number(std::string_view text, int base, std::size_t digits) noexcept {
  if (text.empty() || text.size() > digits || text.front() == '-') return std::nullopt;
  if (base == 10 && text.size() > 1 && text.front() == '0') return std::nullopt;
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.begin(), text.end(), value, base);
  if (error != std::errc{} || end != text.end()) return std::nullopt;
  return value;
}

// Cuts off and returns what is in front of the first `separator`; all when there is none.
std::string_view next_part(std::string_view& text, char separator, bool& more) noexcept {
  const std::size_t at = text.find(separator);
  more = at != std::string_view::npos;
  const std::string_view part = text.substr(0, at);
  text = more ? text.substr(at + 1) : std::string_view();
  return part;
}

bool parse_v4(std::string_view text, std::span<std::uint8_t, 4> out) noexcept {
  bool more = true;
  for (std::uint8_t& byte : out) {
    if (!more) return false;
    const auto value = number(next_part(text, '.', more), 10, 3);
    if (!value || *value > 255) return false;
    byte = static_cast<std::uint8_t>(*value);
  }
  return !more;
}

// Groups of an IPv6 address without "::", the last two perhaps as IPv4. Returns how many bytes; nothing when malformed.
std::optional<std::size_t> parse_groups(std::string_view text, std::span<std::uint8_t, 16> out) noexcept {
  std::size_t size = 0;
  bool more = !text.empty();
  while (more) {
    const std::string_view part = next_part(text, ':', more);
    if (part.contains('.')) {
      if (more || size > 12 || !parse_v4(part, out.subspan(size).first<4>())) return std::nullopt;
      return size + 4;
    }
    const auto value = number(part, 16, 4);
    if (!value || size > 14) return std::nullopt;
    out[size++] = static_cast<std::uint8_t>(*value >> 8);
    out[size++] = static_cast<std::uint8_t>(*value & 0xff);
  }
  return size;
}

std::optional<IpAddress> parse_v6(std::string_view text) noexcept {
  const std::size_t gap = text.find("::");
  std::array<std::uint8_t, 16> head{};
  std::array<std::uint8_t, 16> tail{};
  const auto head_size = parse_groups(text.substr(0, gap), head);
  if (!head_size) return std::nullopt;
  IpAddress out{.bytes = head};
  if (gap == std::string_view::npos) return *head_size == 16 ? std::optional(out) : std::nullopt;

  if (text.substr(0, gap).contains('.')) return std::nullopt;  // IPv4 only at the end
  const auto tail_size = parse_groups(text.substr(gap + 2), tail);
  if (!tail_size || *head_size + *tail_size > 14) return std::nullopt;  // "::" stands for at least one group
  std::copy_n(tail.begin(), *tail_size, out.bytes.end() - static_cast<std::ptrdiff_t>(*tail_size));
  return out;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) noexcept {
  if (text.contains(':')) return parse_v6(text);
  IpAddress out;
  out.bytes[10] = out.bytes[11] = 0xff;
  if (!parse_v4(text, std::span(out.bytes).last<4>())) return std::nullopt;
  return out;
}

IpAddress IpAddress::first(unsigned bits) const noexcept {
  IpAddress out = *this;
  for (unsigned byte = bits / 8; byte < out.bytes.size(); ++byte) {
    const unsigned kept = byte == bits / 8 ? bits % 8 : 0;
    out.bytes[byte] &= static_cast<std::uint8_t>(0xff00U >> kept);
  }
  return out;
}

std::optional<IpNetwork> IpNetwork::parse(std::string_view text) noexcept {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) return std::nullopt;
  IpNetwork out{.address = *address, .prefix_bits = 128};
  if (slash == std::string_view::npos) return out;

  const bool v4 = !text.contains(':');
  const auto bits = number(text.substr(slash + 1), 10, 3);
  if (!bits || *bits > (v4 ? 32U : 128U)) return std::nullopt;
  out.prefix_bits = static_cast<std::uint8_t>(*bits + (v4 ? kV4PrefixInV6 : 0));
  // "10.1.2.3/8" is a slip of the pen, or a network nobody meant.
  if (out.address.first(out.prefix_bits) != out.address) return std::nullopt;
  return out;
}

bool IpNetwork::contains(const IpAddress& other) const noexcept {
  const std::size_t whole = prefix_bits / 8;
  if (!std::equal(address.bytes.begin(), address.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                  other.bytes.begin())) {
    return false;
  }
  const unsigned rest = prefix_bits % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<std::uint8_t>(0xff00U >> rest);
  return ((address.bytes[whole] ^ other.bytes[whole]) & mask) == 0;
}

}  // namespace tobari::policy
