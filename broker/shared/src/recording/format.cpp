// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/recording/format.h>

#include <algorithm>
#include <cstring>
#include <format>
#include <string_view>

#include <sodium.h>

#include <tobari/base/random.h>

#include "little_endian.h"

namespace tobari::recording {
namespace {

constexpr std::string_view kMagic = "TOBARREC";
constexpr std::string_view kChunkMagic = "TBCK";
constexpr std::string_view kTrailerMagic = "TBRECEND";
constexpr std::uint32_t kVersion = 1;
constexpr std::size_t kSessionBytes = 36;

// Where things are in the header.
constexpr std::size_t kVersionAt = 8;
constexpr std::size_t kLengthAt = 12;
constexpr std::size_t kBegunAt = 16;
constexpr std::size_t kSessionAt = 24;
constexpr std::size_t kPublicKeyAt = kSessionAt + kSessionBytes;
constexpr std::size_t kSealedKeyAt = kPublicKeyAt + 32;
constexpr std::size_t kZeroAt = kSealedKeyAt + kSealedKeyBytes;
static_assert(kZeroAt + 4 == kHeaderBytes);
// In a chunk's head.
constexpr std::size_t kBodyAt = 4;
constexpr std::size_t kNumberAt = 8;
constexpr std::size_t kTimeAt = 16;
constexpr std::size_t kFlagsAt = 24;
constexpr std::size_t kReservedAt = 25;
constexpr std::size_t kPreviousAt = 32;
static_assert(kPreviousAt + sizeof(Hash) == kChunkHeadBytes);

std::unexpected<Error> malformed(std::string what) { return fail(Errc::kPeerProtocol, std::move(what)); }

void put_text(std::string_view text, Bytes& out) {
  const auto bytes = std::as_bytes(std::span(text));
  out.insert(out.end(), bytes.begin(), bytes.end());
}

std::string_view text_at(View bytes, std::size_t at, std::size_t size) noexcept {
  return {reinterpret_cast<const char*>(bytes.data()) + at, size};
}

bool all_zero(View bytes) noexcept {
  return std::ranges::all_of(bytes, [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

void put(const Header& header, Bytes& out) {
  const std::size_t begin = out.size();
  put_text(kMagic, out);
  put_number(kVersion, 4, out);
  put_number(kHeaderBytes, 4, out);
  put_number(static_cast<std::uint64_t>(header.begun_ms), 8, out);
  put_text(header.session, out);
  out.resize(begin + kPublicKeyAt);
  out.insert(out.end(), header.public_key.begin(), header.public_key.end());
  out.insert(out.end(), header.sealed_key.begin(), header.sealed_key.end());
  out.resize(begin + kHeaderBytes);
}

Result<Header> parse_header(View bytes) {
  if (text_at(bytes, 0, kMagic.size()) != kMagic) return malformed("this is no recording");
  const std::uint64_t version = number_at(bytes, kVersionAt, 4);
  if (version != kVersion || number_at(bytes, kLengthAt, 4) != kHeaderBytes) {
    return malformed(std::format("a recording of version {}, which this program does not know", version));
  }
  Header header;
  header.begun_ms = static_cast<std::int64_t>(number_at(bytes, kBegunAt, 8));
  header.session = text_at(bytes, kSessionAt, kSessionBytes);
  if (!is_uuid(header.session) || !all_zero(bytes.subspan(kZeroAt, 4))) return malformed("a damaged header");
  std::memcpy(header.public_key.data(), bytes.data() + kPublicKeyAt, header.public_key.size());
  std::memcpy(header.sealed_key.data(), bytes.data() + kSealedKeyAt, header.sealed_key.size());
  return header;
}

void put(const ChunkHead& head, Bytes& out) {
  const std::size_t begin = out.size();
  put_text(kChunkMagic, out);
  put_number(head.body, 4, out);
  put_number(head.number, 8, out);
  put_number(head.time_us, 8, out);
  put_number(head.flags, 1, out);
  out.resize(begin + kPreviousAt);
  out.insert(out.end(), head.previous.begin(), head.previous.end());
}

Result<ChunkHead> parse_chunk_head(View bytes) {
  if (text_at(bytes, 0, kChunkMagic.size()) != kChunkMagic) return malformed("no chunk begins here");
  ChunkHead head;
  head.body = static_cast<std::uint32_t>(number_at(bytes, kBodyAt, 4));
  head.number = number_at(bytes, kNumberAt, 8);
  head.time_us = number_at(bytes, kTimeAt, 8);
  head.flags = static_cast<std::uint8_t>(number_at(bytes, kFlagsAt, 1));
  std::memcpy(head.previous.data(), bytes.data() + kPreviousAt, head.previous.size());
  const bool possible = head.body >= kPackingBytes + kTagBytes && head.body <= kMaxBody;
  if (!possible || (head.flags & ~kKnownFlags) != 0 ||
      !all_zero(bytes.subspan(kReservedAt, kPreviousAt - kReservedAt))) {
    return malformed("a damaged chunk head");
  }
  return head;
}

void put_trailer(std::uint64_t end_chunk_at, Bytes& out) {
  put_number(end_chunk_at, 8, out);
  put_text(kTrailerMagic, out);
}

Result<std::uint64_t> parse_trailer(View bytes) {
  if (text_at(bytes, 8, kTrailerMagic.size()) != kTrailerMagic) return malformed("no trailer");
  return number_at(bytes, 0, 8);
}

Hash hash_of(View bytes) noexcept {
  Hash hash{};
  static_cast<void>(::crypto_generichash_blake2b(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                                                 reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                                                 nullptr, 0));
  return hash;
}

// ---- events

void put_event(EventType type, std::uint64_t time_us, View data, Bytes& out) {
  put_number(static_cast<std::uint8_t>(type), 1, out);
  put_number(data.size(), 4, out);
  put_number(time_us, 8, out);
  out.insert(out.end(), data.begin(), data.end());
}

Result<std::optional<Event>> Events::next() {
  if (left_.empty()) return std::optional<Event>();
  if (left_.size() < kEventHeadBytes) return malformed("a cut event");
  const std::size_t size = number_at(left_, 1, 4);
  if (size > left_.size() - kEventHeadBytes) return malformed("a cut event");
  const Event event{static_cast<EventType>(number_at(left_, 0, 1)), number_at(left_, 5, 8),
                    left_.subspan(kEventHeadBytes, size)};
  left_ = left_.subspan(kEventHeadBytes + size);
  return std::optional(event);
}

void put_about(const About& about, Bytes& out) {
  for (const auto& [key, value] : about) {
    for (const std::string* text : {&key, &value}) {
      const std::string_view kept = std::string_view(*text).substr(0, 0xFFFF);
      put_number(kept.size(), 2, out);
      put_text(kept, out);
    }
  }
}

Result<About> parse_about(View data) {
  About about;
  const auto text = [&data]() -> Result<std::string> {
    if (data.size() < 2) return malformed("a cut text");
    const std::size_t size = number_at(data, 0, 2);
    if (size > data.size() - 2) return malformed("a cut text");
    std::string found(text_at(data, 2, size));
    data = data.subspan(2 + size);
    return found;
  };
  while (!data.empty()) {
    if (about.size() >= kMaxAbout) return malformed("too many texts");
    TOBARI_ASSIGN(std::string key, text());
    TOBARI_ASSIGN(std::string value, text());
    about.emplace_back(std::move(key), std::move(value));
  }
  return about;
}

void put_points(std::span<const Point> points, Bytes& out) {
  for (const Point& point : points) {
    put_number(point.offset, 8, out);
    put_number(point.time_us, 8, out);
    put_number(point.flags, 2, out);
    put_number(point.width, 2, out);
    put_number(point.height, 2, out);
    put_number(0, 2, out);
  }
}

Result<std::vector<Point>> parse_points(View data) {
  if (data.size() % kPointBytes != 0 || data.size() / kPointBytes > kMaxPoints) return malformed("a damaged index");
  std::vector<Point> points;
  for (; !data.empty(); data = data.subspan(kPointBytes)) {
    points.push_back({.offset = number_at(data, 0, 8),
                      .time_us = number_at(data, 8, 8),
                      .flags = static_cast<std::uint8_t>(number_at(data, 16, 1)),
                      .width = static_cast<std::uint16_t>(number_at(data, 18, 2)),
                      .height = static_cast<std::uint16_t>(number_at(data, 20, 2))});
  }
  return points;
}

}  // namespace tobari::recording
