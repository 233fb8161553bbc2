// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/clipboard_port.h"

#include <algorithm>
#include <array>
#include <utility>

namespace tobari::display::port {
namespace {

using policy::Format;

// What has a form; a bit each in an offer.
constexpr std::array kFormats{Format::kText, Format::kRtf, Format::kHtml, Format::kImage};
constexpr std::uint8_t kLast = 0x01;

void put(std::vector<std::byte>& out, std::uint64_t value, int octets) {
  for (int i = 0; i < octets; ++i) out.push_back(static_cast<std::byte>(value >> (8 * i)));
}

std::uint32_t number(std::span<const std::byte> at) noexcept {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) value |= std::to_integer<std::uint32_t>(at[i]) << (8 * i);
  return value;
}

void header(std::vector<std::byte>& out, Type type, std::uint8_t format, std::uint8_t flags, std::uint32_t id,
            std::size_t payload) {
  put(out, payload, 4);
  put(out, std::to_underlying(type), 1);
  put(out, format, 1);
  put(out, flags, 1);
  put(out, 0, 1);
  put(out, id, 4);
}

const std::vector<std::byte>& greeting() {
  static const std::vector<std::byte> kGreeting = [] {
    std::vector<std::byte> message;
    hello(message);
    return message;
  }();
  return kGreeting;
}

}  // namespace

bool GreetingGuard::greets(std::span<const std::byte> next) const {
  std::vector<std::byte> all = tail_;
  all.insert(all.end(), next.begin(), next.end());
  return !std::ranges::search(all, greeting()).empty();
}

void GreetingGuard::sent(std::span<const std::byte> bytes) {
  tail_.insert(tail_.end(), bytes.begin(), bytes.end());
  const std::size_t kept = std::min(tail_.size(), greeting().size() - 1);
  tail_.erase(tail_.begin(), tail_.end() - static_cast<std::ptrdiff_t>(kept));
}

void Reader::add(std::span<const std::byte> bytes) {
  const std::size_t searched = waiting_.size() - std::min(waiting_.size(), greeting().size() - 1);
  waiting_.insert(waiting_.end(), bytes.begin(), bytes.end());
  const auto from = waiting_.begin() + static_cast<std::ptrdiff_t>(searched);
  const auto found = std::search(from, waiting_.end(), greeting().begin(), greeting().end());
  if (found != waiting_.end()) waiting_.erase(waiting_.begin(), found);
}

Result<std::optional<Message>> Reader::next() {
  if (waiting_.size() < kHeader) return std::nullopt;
  const std::span<const std::byte> all(waiting_);
  const std::size_t length = number(all);
  const auto type = std::to_integer<std::uint8_t>(all[4]);
  const auto format = std::to_integer<std::uint8_t>(all[5]);
  const bool known = type >= std::to_underlying(Type::kHello) && type <= std::to_underlying(Type::kNone);
  if (!known || length > kMaxPayload || format >= kFormats.size()) {
    return fail(Errc::kPeerProtocol, "the desktop's clipboard agent sends what it should not");
  }
  if (all.size() < kHeader + length) return std::nullopt;
  Message message{.type = static_cast<Type>(type),
                  .format = static_cast<Format>(format),
                  .last = (std::to_integer<std::uint8_t>(all[6]) & kLast) != 0,
                  .id = number(all.subspan(8)),
                  .payload = {}};
  const auto payload = all.subspan(kHeader, length);
  message.payload.assign(payload.begin(), payload.end());
  waiting_.erase(waiting_.begin(), waiting_.begin() + static_cast<std::ptrdiff_t>(kHeader + length));
  return message;
}

Result<policy::FormatSet> offered(const Message& message) {
  if (message.payload.size() != 1) return fail(Errc::kPeerProtocol, "a malformed offer of the desktop's clipboard");
  const auto bits = std::to_integer<unsigned>(message.payload.front());
  if (bits >= 1U << kFormats.size()) return fail(Errc::kPeerProtocol, "an offer of an unknown format");
  policy::FormatSet formats;
  for (std::size_t i = 0; i < kFormats.size(); ++i) {
    if ((bits >> i & 1U) != 0) formats.add(kFormats[i]);
  }
  return formats;
}

void hello(std::vector<std::byte>& out) {
  header(out, Type::kHello, 0, 0, 0, 4);
  put(out, kVersion, 4);
}

void offer(policy::FormatSet formats, std::vector<std::byte>& out) {
  unsigned bits = 0;
  for (std::size_t i = 0; i < kFormats.size(); ++i) {
    if (formats.has(kFormats[i])) bits |= 1U << i;
  }
  header(out, Type::kOffer, 0, 0, 0, 1);
  put(out, bits, 1);
}

void ask(std::uint32_t id, Format format, std::size_t most, std::vector<std::byte>& out) {
  header(out, Type::kAsk, static_cast<std::uint8_t>(format), 0, id, 8);
  put(out, most, 8);
}

void data(std::uint32_t id, std::span<const std::byte> part, bool last, std::vector<std::byte>& out) {
  header(out, Type::kData, 0, last ? kLast : 0, id, part.size());
  out.insert(out.end(), part.begin(), part.end());
}

void none(std::uint32_t id, std::vector<std::byte>& out) { header(out, Type::kNone, 0, 0, id, 0); }

}  // namespace tobari::display::port
