// SPDX-License-Identifier: GPL-3.0-or-later
// Small numbers, many of them, at the end of a vector: gathered first, so that the vector is not asked for room for
// each. What was put is in the vector when the writer ends.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "encode/byte_writer.h"

namespace tobari::display {

class ChunkWriter {
 public:
  explicit ChunkWriter(Bytes& out) noexcept : out_(out) {}
  ChunkWriter(const ChunkWriter&) = delete;
  ChunkWriter& operator=(const ChunkWriter&) = delete;
  ~ChunkWriter() { flush(); }

  // Of the vector, with what is not in it yet.
  [[nodiscard]] std::size_t size() const noexcept { return out_.size() + used_; }

  void u8(std::uint32_t value) {
    if (used_ + 4 > chunk_.size()) flush();
    chunk_[used_++] = static_cast<std::byte>(value & 0xFFu);
  }
  void u16(std::uint32_t value) { put(value, 2); }
  void u32(std::uint32_t value) { put(value, 4); }
  void bgr(std::uint32_t colour) { put(colour, 3); }

 private:
  void put(std::uint32_t value, std::size_t bytes) {
    if (used_ + 4 > chunk_.size()) flush();
    for (std::size_t i = 0; i < 4; ++i) chunk_[used_ + i] = static_cast<std::byte>((value >> (8 * i)) & 0xFFu);
    used_ += bytes;
  }
  void flush() {
    out_.insert(out_.end(), chunk_.begin(), chunk_.begin() + static_cast<std::ptrdiff_t>(used_));
    used_ = 0;
  }

  Bytes& out_;
  std::size_t used_ = 0;
  std::array<std::byte, 256> chunk_{};
};

}  // namespace tobari::display
