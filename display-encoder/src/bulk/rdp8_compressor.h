// SPDX-License-Identifier: GPL-3.0-or-later
// RDP 8.0 bulk compression (MS-RDPEGFX 3.1.9.1): LZ77 with the client's history of 2,500,000 bytes and fixed prefix
// codes. Made to cost little: one look in each of two tables a byte, none at all for most bytes where nothing matches.
//
// One a channel and direction. Everything that the client receives there goes through compress(), in order. Pure; not
// thread safe. Memory: 3 MiB once that much was sent.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "bulk/bit_writer.h"
#include "bulk/rdp8_history.h"

namespace tobari::display {

class Rdp8Compressor {
 public:
  static constexpr std::size_t kMaxSegment = Rdp8History::kMaxAppend;

  // What a segment is part of: a short message, to which more thought is given; an ordinary one; one so long that what
  // does not repeat is not worth its time, ours and even more the client's, which decodes bit by bit.
  enum class Haste : std::uint8_t { kShortMessage, kOrdinary, kLongMessage };

  // Appends one RDP8_BULK_ENCODED_DATA (2.2.5.3) that stands for `segment`, 1 to kMaxSegment bytes: at most one byte
  // more than the segment has.
  void compress(std::span<const std::byte> segment, Haste haste, std::vector<std::byte>& out);

 private:
  template <Haste kHaste>
  void put_tokens(std::size_t begin, BitWriter& out);
  template <Haste kHaste>
  [[nodiscard]] Rdp8History::Match improved(std::size_t& position, Rdp8History::Match match, std::size_t limit);
  [[nodiscard]] std::size_t begin_of(Rdp8History::Match& match, std::size_t position, std::size_t written) const;
  template <Haste kHaste>
  void put_literals(std::size_t from, std::size_t to, BitWriter& out) const;
  void put_unencoded(std::size_t from, std::size_t to, BitWriter& out) const;

  Rdp8History history_;
};

}  // namespace tobari::display
