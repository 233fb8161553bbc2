// SPDX-License-Identifier: GPL-3.0-or-later
// A stranger's file, read in pieces, and numbers in them. Pure; images/source_file.h reads real files.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <format>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/result.h>

namespace tobari::vmhost {

inline constexpr std::size_t kMaxPieceBytes = std::size_t{1} << 20;          // read at once
inline constexpr std::uint64_t kMaxVirtualBytes = std::uint64_t{64} << 40U;  // of any disk: 64 TiB

class SourceBytes {
 public:
  virtual ~SourceBytes() = default;
  [[nodiscard]] virtual std::uint64_t size() const noexcept = 0;
  // Exactly `count` bytes, kMaxPieceBytes at most. kInvalidArgument: the file ends before; kIo: it cannot be read.
  [[nodiscard]] virtual Result<std::vector<std::byte>> read(std::uint64_t at, std::size_t count) const = 0;

  [[nodiscard]] bool holds(std::uint64_t at, std::uint64_t count) const noexcept {
    return at <= size() && count <= size() - at;
  }
};

[[nodiscard]] inline std::unexpected<Error> cut_short() {
  return fail(Errc::kInvalidArgument, "the file is cut short: copy it again");
}

class BytesInMemory final : public SourceBytes {
 public:
  explicit BytesInMemory(std::span<const std::byte> bytes) : bytes_(bytes) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return bytes_.size(); }
  [[nodiscard]] Result<std::vector<std::byte>> read(std::uint64_t at, std::size_t count) const override {
    if (!holds(at, count) || count > kMaxPieceBytes) return cut_short();
    const auto part = bytes_.subspan(static_cast<std::size_t>(at), count);
    return std::vector<std::byte>(part.begin(), part.end());
  }

 private:
  std::span<const std::byte> bytes_;
};

// A part of a file that is read as a file: a disk in an archive. `of` outlives it.
class PartOfSource final : public SourceBytes {
 public:
  PartOfSource(const SourceBytes& of, std::uint64_t at, std::uint64_t size) : of_(of), at_(at), size_(size) {}
  [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
  [[nodiscard]] Result<std::vector<std::byte>> read(std::uint64_t at, std::size_t count) const override {
    if (!holds(at, count)) return cut_short();
    return of_.read(at_ + at, count);
  }

 private:
  const SourceBytes& of_;
  std::uint64_t at_;
  std::uint64_t size_;
};

// Numbers; the caller has checked that the bytes are there.
template <std::unsigned_integral Number>
[[nodiscard]] Number big_endian(std::span<const std::byte> bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    value = (value << 8U) | std::to_integer<std::uint64_t>(bytes[at + i]);
  }
  return static_cast<Number>(value);
}
template <std::unsigned_integral Number>
[[nodiscard]] Number little_endian(std::span<const std::byte> bytes, std::size_t at) {
  std::uint64_t value = 0;
  for (std::size_t i = sizeof(Number); i > 0; --i) {
    value = (value << 8U) | std::to_integer<std::uint64_t>(bytes[at + i - 1]);
  }
  return static_cast<Number>(value);
}
[[nodiscard]] inline std::string text_of_bytes(std::span<const std::byte> bytes) {
  std::string text;
  for (const std::byte each : bytes) text += std::to_integer<char>(each);
  return text;
}
[[nodiscard]] inline bool begins_with(std::span<const std::byte> bytes, std::string_view text) {
  return bytes.size() >= text.size() && text_of_bytes(bytes.first(text.size())) == text;
}
[[nodiscard]] constexpr std::uint64_t divided_up(std::uint64_t value, std::uint64_t by) noexcept {
  return value / by + (value % by != 0 ? 1 : 0);
}

// What is known of a disk before any other program has read it.
struct DiskFacts {
  std::uint64_t virtual_bytes = 0;
  std::string variant{};  // for people: "streamOptimized"
};

// A size that a header claims. Not more than there can be, and in whole sectors.
[[nodiscard]] inline Result<std::uint64_t> disk_size(std::uint64_t bytes) {
  constexpr std::uint64_t kSector = 512;
  if (bytes == 0) return fail(Errc::kInvalidArgument, "the disk has no size");
  if (bytes > kMaxVirtualBytes) {
    return fail(Errc::kInvalidArgument, std::format("it claims to be a disk of {} GiB; no disk is larger than {}",
                                                    bytes >> 30U, kMaxVirtualBytes >> 30U));
  }
  if (bytes % kSector != 0) return fail(Errc::kInvalidArgument, "the disk's size is not in whole sectors");
  return bytes;
}

}  // namespace tobari::vmhost
