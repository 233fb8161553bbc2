// SPDX-License-Identifier: GPL-3.0-or-later
// Bytes as RDP lays them out: little-endian unless a name says otherwise. The reader never reads past its end: a short
// read makes it bad for good and gives zeros, so that a parser checks once, at its end.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace tobari::display {

class WireWriter {
 public:
  explicit WireWriter(std::vector<std::byte>& out) noexcept : out_(out) {}

  void u8(std::unsigned_integral auto v) { out_.push_back(static_cast<std::byte>(v)); }
  void u16(std::unsigned_integral auto v) { put(v, 2); }
  void u32(std::unsigned_integral auto v) { put(v, 4); }
  void bytes(std::span<const std::byte> data) { out_.insert(out_.end(), data.begin(), data.end()); }
  void zeros(std::size_t count) { out_.resize(out_.size() + count); }

  [[nodiscard]] std::size_t position() const noexcept { return out_.size(); }
  void patch_u32(std::size_t position, std::uint32_t v) noexcept {
    for (std::size_t i = 0; i < 4; ++i) out_[position + i] = static_cast<std::byte>(v >> (8 * i));
  }

 private:
  void put(std::uint64_t v, int count) {
    for (int i = 0; i < count; ++i) out_.push_back(static_cast<std::byte>(v >> (8 * i)));
  }
  std::vector<std::byte>& out_;
};

class WireReader {
 public:
  explicit WireReader(std::span<const std::byte> data) noexcept : data_(data) {}

  std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(get(1)); }
  std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(get(2)); }
  std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(get(4)); }
  std::int32_t i32() noexcept { return static_cast<std::int32_t>(u32()); }
  std::uint16_t u16_be() noexcept {
    const unsigned high = u8();
    return static_cast<std::uint16_t>(high << 8 | u8());
  }
  std::span<const std::byte> bytes(std::size_t count) noexcept {
    if (!has(count)) return {};
    const auto part = data_.subspan(position_, count);
    position_ += count;
    return part;
  }
  void skip(std::size_t count) noexcept { static_cast<void>(bytes(count)); }

  [[nodiscard]] bool ok() const noexcept { return ok_; }
  [[nodiscard]] std::size_t position() const noexcept { return position_; }
  [[nodiscard]] std::size_t remaining() const noexcept { return data_.size() - position_; }

 private:
  bool has(std::size_t count) noexcept {
    if (!ok_ || count > remaining()) ok_ = false;
    return ok_;
  }
  std::uint64_t get(std::size_t count) noexcept {
    if (!has(count)) return 0;
    std::uint64_t v = 0;
    for (std::size_t i = 0; i < count; ++i) v |= std::to_integer<std::uint64_t>(data_[position_ + i]) << (8 * i);
    position_ += count;
    return v;
  }

  std::span<const std::byte> data_;
  std::size_t position_ = 0;
  bool ok_ = true;
};

}  // namespace tobari::display
