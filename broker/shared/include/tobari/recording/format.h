// SPDX-License-Identifier: GPL-3.0-or-later
// How a recording lies in its file (docs/RECORDING.md): a header, chunks that follow each other in a chain of hashes,
// and behind the last one a trailer. All numbers are little-endian. What is in a chunk is encrypted and authenticated;
// header and chunk heads can be read by everybody, so that whoever keeps recordings can check that they are whole
// without being able to watch them. Pure; any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tobari/base/result.h>

namespace tobari::recording {

using Bytes = std::vector<std::byte>;
using View = std::span<const std::byte>;
using Hash = std::array<std::byte, 32>;  // BLAKE2b-256 (RFC 7693)

inline constexpr std::size_t kHeaderBytes = 176;
inline constexpr std::size_t kChunkHeadBytes = 64;
inline constexpr std::size_t kTrailerBytes = 16;
inline constexpr std::size_t kTagBytes = 16;        // of ChaCha20-Poly1305 (RFC 8439)
inline constexpr std::size_t kPackingBytes = 5;     // in front of a chunk's content: how it is packed, and its size
inline constexpr std::size_t kSealedKeyBytes = 80;  // 32 and crypto_box_SEALBYTES
// Of a chunk's events together. Larger than any frame: those are cut to some megabytes (FrameEncoder).
inline constexpr std::size_t kMaxContent = std::size_t{16} << 20;
inline constexpr std::size_t kMaxBody = kMaxContent + kPackingBytes + kTagBytes;
inline constexpr const char* kFileSuffix = ".tbrec";

struct Header {
  std::int64_t begun_ms = 0;               // wall clock, since 1970 UTC; times in chunks count from here
  std::string session;                     // a UUID as text
  std::array<std::byte, 32> public_key{};  // whose owner can read it
  std::array<std::byte, kSealedKeyBytes> sealed_key{};
};

enum ChunkFlag : std::uint8_t {
  kStart = 1,   // a decoder may begin here with nothing: all surfaces and pictures follow
  kLayout = 2,  // the monitors changed
  kEnd = 4,     // the last one: holds the index and why it ended
};
inline constexpr std::uint8_t kKnownFlags = kStart | kLayout | kEnd;

struct ChunkHead {
  std::uint32_t body = 0;     // bytes that follow the head
  std::uint64_t number = 0;   // from 0
  std::uint64_t time_us = 0;  // of the first event, since the beginning
  std::uint8_t flags = 0;
  Hash previous{};  // of the chunk before; of the header for the first
};

void put(const Header& header, Bytes& out);
void put(const ChunkHead& head, Bytes& out);
void put_trailer(std::uint64_t end_chunk_at, Bytes& out);
// kPeerProtocol: not this, or of another version. `bytes` is at least as long as its name says.
[[nodiscard]] Result<Header> parse_header(View bytes);
[[nodiscard]] Result<ChunkHead> parse_chunk_head(View bytes);
[[nodiscard]] Result<std::uint64_t> parse_trailer(View bytes);

[[nodiscard]] Hash hash_of(View bytes) noexcept;

// ---- what is in a chunk: events, each a type (1 byte), its length (4), its time (8) and its data
enum class EventType : std::uint8_t {
  kAbout = 1,         // pairs of texts: who, where from, which desktop
  kGraphics = 2,      // messages of MS-RDPEGFX 2.2.2 as a client's channel gets them, uncompressed
  kPointerShape = 3,  // u16 width, height, hot spot x, y; then width * height pixels 0xAARRGGBB. Empty: an arrow
  kPointerPlace = 4,  // i32 x, y on the desktop, u8 visible
  kReason = 5,        // why it ended, text
  kIndex = 6,         // of kPointBytes each: where kStart and kLayout chunks are
};
inline constexpr std::size_t kEventHeadBytes = 13;

struct Event {
  EventType type = EventType::kAbout;
  std::uint64_t time_us = 0;
  View data;
};
void put_event(EventType type, std::uint64_t time_us, View data, Bytes& out);

// Goes through a chunk's content. kPeerProtocol: the last one is cut.
class Events {
 public:
  explicit Events(View content) noexcept : left_(content) {}
  [[nodiscard]] Result<std::optional<Event>> next();

 private:
  View left_;
};

// Texts, at most kMaxAbout pairs of at most 64 KiB each.
using About = std::vector<std::pair<std::string, std::string>>;
inline constexpr std::size_t kMaxAbout = 64;
void put_about(const About& about, Bytes& out);
[[nodiscard]] Result<About> parse_about(View data);

// A place to begin from.
struct Point {
  std::uint64_t offset = 0;  // of the chunk, in the file
  std::uint64_t time_us = 0;
  std::uint8_t flags = 0;
  std::uint16_t width = 0;  // of the desktop from there on; 0: not known
  std::uint16_t height = 0;
};
inline constexpr std::size_t kPointBytes = 24;
// So many are kept; of more, every second start goes (a seek then has further to go).
inline constexpr std::size_t kMaxPoints = 65'536;
void put_points(std::span<const Point> points, Bytes& out);
[[nodiscard]] Result<std::vector<Point>> parse_points(View data);

}  // namespace tobari::recording
