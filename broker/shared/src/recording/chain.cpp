// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/recording/chain.h>

#include <format>

namespace tobari::recording {

std::unexpected<Error> Chain::broken(const char* what) const {
  return fail(Errc::kPeerProtocol, std::format("chunk {} at byte {}: {}", chunks_, bytes_, what));
}

Result<std::size_t> Chain::next_size(View begin) const {
  switch (state_) {
    case State::kNothing:
      return kHeaderBytes;
    case State::kChunks: {
      if (begin.size() < kChunkHeadBytes) return std::size_t{0};
      const auto head = parse_chunk_head(begin);
      if (!head) return broken(head.error().message.c_str());
      return kChunkHeadBytes + head->body;
    }
    case State::kTrailer:
      return kTrailerBytes;
    case State::kEnded:
      break;
  }
  return broken("something follows the end");
}

Result<Chain::Piece> Chain::take(View piece) {
  TOBARI_ASSIGN(const std::size_t size, next_size(piece));
  if (size == 0 || size != piece.size()) return broken("it is cut");
  Result<Piece> taken = state_ == State::kNothing  ? take_header(piece)
                        : state_ == State::kChunks ? take_chunk(piece)
                                                   : take_trailer(piece);
  if (taken) bytes_ += piece.size();
  return taken;
}

Result<Chain::Piece> Chain::take_header(View piece) {
  TOBARI_ASSIGN(header_, parse_header(piece));
  hash_ = hash_of(piece);
  state_ = State::kChunks;
  return Piece{Kind::kHeader, {}};
}

Result<Chain::Piece> Chain::take_chunk(View piece) {
  TOBARI_ASSIGN(const ChunkHead head, parse_chunk_head(piece));
  if (head.number != chunks_) return broken("chunks are missing, or in another order");
  if (head.previous != hash_) return broken("it does not continue the chain: what is before it was changed");
  if (head.time_us < time_us_) return broken("time goes back");
  hash_ = hash_of(piece);
  time_us_ = head.time_us;
  ++chunks_;
  if ((head.flags & kEnd) != 0) {
    end_at_ = bytes_;
    state_ = State::kTrailer;
  }
  return Piece{Kind::kChunk, head};
}

Result<Chain::Piece> Chain::take_trailer(View piece) {
  const auto end_at = parse_trailer(piece);
  if (!end_at || *end_at != end_at_) return broken("the trailer is damaged");
  state_ = State::kEnded;
  return Piece{Kind::kTrailer, {}};
}

}  // namespace tobari::recording
