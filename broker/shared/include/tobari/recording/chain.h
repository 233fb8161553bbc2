// SPDX-License-Identifier: GPL-3.0-or-later
// A recording piece by piece, as it is written or read: is each the one that must follow? Needs no key. What was
// changed, left out, added or put elsewhere does not fit, except in the last chunk and behind it, for which there is
// the hash in the audit. Pure, not thread safe.
#pragma once

#include <cstddef>
#include <cstdint>

#include <tobari/recording/format.h>

namespace tobari::recording {

class Chain {
 public:
  enum class Kind : std::uint8_t { kHeader, kChunk, kTrailer };
  struct Piece {
    Kind kind = Kind::kHeader;
    ChunkHead head;  // of a chunk
  };

  // How long the next piece is, from what there is of it; 0: that is not enough to say. kPeerProtocol: nothing can
  // follow like this.
  [[nodiscard]] Result<std::size_t> next_size(View begin) const;
  // The next piece, whole. kPeerProtocol: it does not follow; the message says what and where.
  [[nodiscard]] Result<Piece> take(View piece);

  [[nodiscard]] const Hash& hash() const noexcept { return hash_; }  // of the newest chunk (else of the header)
  [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
  [[nodiscard]] std::uint64_t chunks() const noexcept { return chunks_; }
  [[nodiscard]] std::uint64_t time_us() const noexcept { return time_us_; }  // of the newest chunk
  [[nodiscard]] const Header& header() const noexcept { return header_; }
  [[nodiscard]] bool begun() const noexcept { return state_ != State::kNothing; }
  [[nodiscard]] bool ended() const noexcept { return state_ == State::kEnded; }  // with its trailer

 private:
  enum class State : std::uint8_t { kNothing, kChunks, kTrailer, kEnded };
  [[nodiscard]] Result<Piece> take_header(View piece);
  [[nodiscard]] Result<Piece> take_chunk(View piece);
  [[nodiscard]] Result<Piece> take_trailer(View piece);
  [[nodiscard]] std::unexpected<Error> broken(const char* what) const;

  State state_ = State::kNothing;
  Header header_;
  Hash hash_{};
  std::uint64_t bytes_ = 0;
  std::uint64_t chunks_ = 0;
  std::uint64_t time_us_ = 0;
  std::uint64_t end_at_ = 0;
};

}  // namespace tobari::recording
