// SPDX-License-Identifier: GPL-3.0-or-later
#include "bulk/rdp8_compressor.h"

#include <algorithm>

#include "bulk/rdp8_tokens.h"

namespace tobari::display {

namespace {

using rdp8::BitCode;
using Match = Rdp8History::Match;

constexpr std::byte kCompressed{0x24};  // 2.2.5.3: PACKET_COMPRESSED, PACKET_COMPR_TYPE_RDP8
constexpr std::byte kAsItIs{0x04};

// What a segment may grow to before it is found to be better as it is: 9 bits a byte, the beginnings of unencoded runs
// and the last byte's filling.
constexpr std::size_t bound(std::size_t segment) { return segment + segment / 8 + 16 + BitWriter::kSlack; }

// Bits that a match must save: more than nothing, since literals are often shorter than a byte; as many as another
// header has where it cuts a run of unencoded bytes in two.
constexpr std::size_t kRun = 24;
constexpr int kWorthCutting = 24;
constexpr int kWorthMatching = 6;
// A match one byte later is taken instead when it saves as much more as the byte before it costs.
constexpr int kWorthWaiting = 8;
constexpr std::size_t kNoWaiting = 32;  // a match of this length is taken at once
// After 2^kPatience positions without a match every second one is looked at, after as many more every third, ...
constexpr unsigned kPatience = 6;
constexpr unsigned kNoMisses = 1u << kPatience;
// Of a match every second position is indexed, of a long one 16: measured, that finds more than all of them.
constexpr std::size_t kIndexedWell = 64;

// What FreeRDP's client takes for one of each, in nanoseconds, alone on its processor (docs/PERFORMANCE.md: beside
// other work a quarter more): it goes through a list of codes bit by bit, in which that of a byte as it is comes first.
constexpr std::size_t kPlainLiteralTime = 15;
constexpr std::size_t kShortLiteralTime = 35;
constexpr std::size_t kMatchTime = 40;
// What is looked at for itself: whether it is worth that time changes within a segment. Each may cost 4 bytes more.
constexpr std::size_t kChunk = 16384;
constexpr std::size_t kTelling = kChunk / 2;  // less says nothing of what comes
static_assert(4 * (Rdp8History::kMaxAppend / kChunk + 1) <= 16, "see bound()");
// Where nothing is worth it, one chunk of a message in 16 is still searched well.
constexpr unsigned kMostHastyChunks = 15;
// Looking for matches takes us some 12 ns a byte, so from this byte time on nothing is searched in haste.
constexpr std::size_t kWorthSearching = 100;
constexpr Shortest shortest_for(Rdp8Compressor::Haste haste) {
  using enum Rdp8Compressor::Haste;
  return haste == kShortMessage ? Shortest::k3 : haste == kOrdinary ? Shortest::k4 : Shortest::k8;
}

void put(const BitCode& code, BitWriter& out) { out.put(code.code, code.bits); }

void put_match(const Match& match, BitWriter& out) {
  const rdp8::DistanceClass& of = rdp8::class_of(match.distance);
  out.put(of.prefix.code << of.value_bits | (match.distance - of.base), of.prefix.bits + of.value_bits);
  if (match.length == rdp8::kMinMatch) {
    out.put(0, 1);
    return;
  }
  const auto length = static_cast<std::uint32_t>(match.length);
  const auto bits = static_cast<unsigned>(std::bit_width(length)) - 1;
  out.put(((1u << (bits - 1)) - 1) << 1, bits);
  out.put(length - (1u << bits), bits);
}

}  // namespace

void Rdp8Compressor::compress(std::span<const std::byte> segment, Haste haste, std::vector<std::byte>& out) {
  const std::size_t begin = history_.append(segment);
  const std::size_t header = out.size();
  out.resize(header + bound(segment.size()));
  out[header] = kCompressed;
  BitWriter bits(&out[header + 1]);
  put_segment(begin, haste, bits);
  const auto unused = static_cast<std::byte>(bits.pad());
  bits.bytes(&unused, 1);
  const auto size = static_cast<std::size_t>(bits.position() - &out[header]);
  if (size > segment.size()) {
    out[header] = kAsItIs;
    std::ranges::copy(segment, &out[header + 1]);
    out.resize(header + 1 + segment.size());
  } else {
    out.resize(header + size);
  }
}

void Rdp8Compressor::put_segment(std::size_t begin, Haste haste, BitWriter& out) {
  const std::size_t end = history_.end();
  misses_ = kNoMisses;
  if (haste == Haste::kShortMessage) {
    static_cast<void>(put_tokens<Haste::kShortMessage>(begin, end, out));
    return;
  }
  for (std::size_t at = begin; at < end;) {
    const std::size_t until = std::min(at + kChunk, end);
    if (haste == Haste::kLongMessage) {
      at = put_chunk<Haste::kLongMessage>(at, until, out).end;
      continue;
    }
    const Chunk chunk = hasty_chunks_ > 0 ? put_chunk<Haste::kLongMessage>(at, until, out)
                                          : put_chunk<Haste::kOrdinary>(at, until, out);
    if (chunk.end - at >= kTelling) note_worth(chunk.worth);
    at = chunk.end;
  }
}

template <Rdp8Compressor::Haste kHaste>
Rdp8Compressor::Chunk Rdp8Compressor::put_chunk(std::size_t begin, std::size_t end, BitWriter& out) {
  const BitWriter before = out;
  decode_time_ = 0;
  const std::size_t until = put_tokens<kHaste>(begin, end, out);
  const std::size_t as_it_is = 8 * (until - begin);
  const std::size_t saved = as_it_is - std::min(as_it_is, out.bits_since(before));
  const bool worth = saved / 8 * byte_time_ > decode_time_;
  if (!worth) {
    out = before;
    put_unencoded(begin, until, out);
  }
  return {until, worth};
}

void Rdp8Compressor::note_worth(bool worth) noexcept {
  if (worth || byte_time_ >= kWorthSearching) {
    hasty_chunks_ = 0;
    next_hasty_chunks_ = 1;
  } else if (hasty_chunks_ > 0) {
    --hasty_chunks_;
  } else {
    hasty_chunks_ = next_hasty_chunks_;
    next_hasty_chunks_ = std::min(2 * next_hasty_chunks_, kMostHastyChunks);
  }
}

// For what begins before `end`; returns where the last match ends, or `end`.
template <Rdp8Compressor::Haste kHaste>
std::size_t Rdp8Compressor::put_tokens(std::size_t begin, std::size_t end, BitWriter& out) {
  constexpr Shortest kShortest = shortest_for(kHaste);
  constexpr int kWorth = kHaste == Haste::kShortMessage ? 0 : kWorthMatching;
  const std::size_t searchable = history_.end() - std::min(history_.end() - begin, Rdp8History::kHashed);
  const std::size_t limit = std::min(end, searchable);
  std::size_t written = begin;
  for (std::size_t at = begin; at < limit;) {
    Match match = history_.find<kShortest>(at);
    if (match.gain > 0) match = improved<kHaste>(at, match, limit);
    const std::size_t start = match.gain > 0 ? begin_of(match, at, written) : at;
    if (match.gain <= (start - written > kRun ? kWorthCutting : kWorth)) {
      at += misses_++ >> kPatience;
      continue;
    }
    put_literals<kHaste>(written, start, out);
    put_match(match, out);
    decode_time_ += kMatchTime;
    written = start + match.length;
    const std::size_t step = match.length > kIndexedWell ? match.length / 16 : 2;
    for (std::size_t i = at + 1; i < std::min(written, searchable); i += step) history_.index<kShortest>(i);
    at = written;
    misses_ = kNoMisses;
  }
  if (written >= end) return written;
  put_literals<kHaste>(written, end, out);
  return end;
}

// A match may begin before the position that was looked at; it grows by what it takes from the literals since
// `written`.
std::size_t Rdp8Compressor::begin_of(Match& match, std::size_t position, std::size_t written) const {
  while (position > written && position > match.distance &&
         *history_.at(position - 1) == *history_.at(position - 1 - match.distance)) {
    --position;
    ++match.length;
    match.gain += 8;
  }
  return position;
}

// Of this match and those that begin a byte later each, the first that the next one does not beat.
template <Rdp8Compressor::Haste kHaste>
Match Rdp8Compressor::improved(std::size_t& position, Match match, std::size_t limit) {
  while (position + 1 < limit && match.length < kNoWaiting) {
    const Match next = history_.find<shortest_for(kHaste)>(position + 1);
    if (next.gain <= match.gain + kWorthWaiting) break;
    match = next;
    ++position;
  }
  return match;
}

template <Rdp8Compressor::Haste kHaste>
void Rdp8Compressor::put_literals(std::size_t from, std::size_t to, BitWriter& out) {
  // The header of an unencoded run, and on average half of a byte that is filled before it.
  constexpr std::size_t kRunBits = rdp8::kUnencoded.bits + rdp8::kUnencodedCountBits + 4;
  if (kHaste == Haste::kLongMessage && to - from > kRun) {
    put_unencoded(from, to, out);
    return;
  }
  std::size_t bits = 0;
  std::size_t plain = 0;
  for (const std::byte byte : std::span(history_.at(from), to - from)) {
    const BitCode& code = rdp8::kLiterals[std::to_integer<std::size_t>(byte)];
    bits += code.bits;
    plain += code.bits > 8 ? 1 : 0;
  }
  if (bits > 8 * (to - from) + kRunBits) {
    put_unencoded(from, to, out);
    return;
  }
  decode_time_ += plain * kPlainLiteralTime + (to - from - plain) * kShortLiteralTime;
  for (const std::byte byte : std::span(history_.at(from), to - from)) {
    put(rdp8::kLiterals[std::to_integer<std::size_t>(byte)], out);
  }
}

void Rdp8Compressor::put_unencoded(std::size_t from, std::size_t to, BitWriter& out) {
  while (from < to) {
    decode_time_ += kMatchTime;  // for the token: it has as many bits
    const std::size_t count = std::min(to - from, rdp8::kMaxUnencoded);
    put(rdp8::kUnencoded, out);
    out.put(static_cast<std::uint32_t>(count), rdp8::kUnencodedCountBits);
    out.pad();
    out.bytes(history_.at(from), count);
    from += count;
  }
}

}  // namespace tobari::display
