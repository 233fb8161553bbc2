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
  // does not repeat is not worth its time, ours and even more the client's, which decodes bit by bit. Parts of an
  // ordinary one are treated so as well where nothing else is worth it.
  enum class Haste : std::uint8_t { kShortMessage, kOrdinary, kLongMessage };

  // What the line takes for a byte, in nanoseconds: what a byte less is worth.
  void set_byte_time(std::size_t nanoseconds) noexcept { byte_time_ = nanoseconds; }
  // What comes next is a message of its own, and searched well at first whatever the last one was.
  void begin_message() noexcept {
    hasty_chunks_ = 0;
    next_hasty_chunks_ = 1;
  }

  // Appends one RDP8_BULK_ENCODED_DATA (2.2.5.3) that stands for `segment`, 1 to kMaxSegment bytes: at most one byte
  // more than the segment has. Beyond short messages, chunks that save the line less time than they cost the client
  // go as they are.
  void compress(std::span<const std::byte> segment, Haste haste, std::vector<std::byte>& out);

 private:
  struct Chunk {
    std::size_t end;  // where its last match ends, if not before
    bool worth;       // its codes the client's time
  };
  void put_segment(std::size_t begin, Haste haste, BitWriter& out);
  template <Haste kHaste>
  [[nodiscard]] Chunk put_chunk(std::size_t begin, std::size_t end, BitWriter& out);
  void note_worth(bool worth) noexcept;
  template <Haste kHaste>
  [[nodiscard]] std::size_t put_tokens(std::size_t begin, std::size_t end, BitWriter& out);
  template <Haste kHaste>
  [[nodiscard]] Rdp8History::Match improved(std::size_t& position, Rdp8History::Match match, std::size_t limit);
  [[nodiscard]] std::size_t begin_of(Rdp8History::Match& match, std::size_t position, std::size_t written) const;
  template <Haste kHaste>
  void put_literals(std::size_t from, std::size_t to, BitWriter& out);
  void put_unencoded(std::size_t from, std::size_t to, BitWriter& out);

  Rdp8History history_;
  std::size_t byte_time_ = 32;   // as on a line of 250 Mbit/s
  std::size_t decode_time_ = 0;  // nanoseconds that a client takes for the chunk at hand
  unsigned misses_ = 0;          // positions looked at since the last match, and more
  // So many chunks more are searched in haste, because one before them was not worth it; so many after the next such.
  unsigned hasty_chunks_ = 0;
  unsigned next_hasty_chunks_ = 1;
};

}  // namespace tobari::display
