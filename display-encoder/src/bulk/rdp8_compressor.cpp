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

// What a segment may grow to before it is found to be better as it is: 9 bits a byte, and the last byte's filling.
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
// Of a match every second position is indexed, of a long one 16: measured, that finds more than all of them.
constexpr std::size_t kIndexedWell = 64;

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
  switch (haste) {
    case Haste::kShortMessage:
      put_tokens<Haste::kShortMessage>(begin, bits);
      break;
    case Haste::kOrdinary:
      put_tokens<Haste::kOrdinary>(begin, bits);
      break;
    case Haste::kLongMessage:
      put_tokens<Haste::kLongMessage>(begin, bits);
      break;
  }
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

template <Rdp8Compressor::Haste kHaste>
void Rdp8Compressor::put_tokens(std::size_t begin, BitWriter& out) {
  constexpr Shortest kShortest = shortest_for(kHaste);
  constexpr int kWorth = kHaste == Haste::kShortMessage ? 0 : kWorthMatching;
  const std::size_t end = history_.end();
  const std::size_t limit = end - std::min(end - begin, Rdp8History::kHashed);
  std::size_t written = begin;
  unsigned misses = 1u << kPatience;
  for (std::size_t at = begin; at < limit;) {
    Match match = history_.find<kShortest>(at);
    if (match.gain > 0) match = improved<kHaste>(at, match, limit);
    const std::size_t start = match.gain > 0 ? begin_of(match, at, written) : at;
    if (match.gain <= (start - written > kRun ? kWorthCutting : kWorth)) {
      at += misses++ >> kPatience;
      continue;
    }
    put_literals<kHaste>(written, start, out);
    put_match(match, out);
    written = start + match.length;
    const std::size_t step = match.length > kIndexedWell ? match.length / 16 : 2;
    for (std::size_t i = at + 1; i < std::min(written, limit); i += step) history_.index<kShortest>(i);
    at = written;
    misses = 1u << kPatience;
  }
  put_literals<kHaste>(written, end, out);
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
void Rdp8Compressor::put_literals(std::size_t from, std::size_t to, BitWriter& out) const {
  // The header of an unencoded run, and on average half of a byte that is filled before it.
  constexpr std::size_t kRunBits = rdp8::kUnencoded.bits + rdp8::kUnencodedCountBits + 4;
  if (kHaste == Haste::kLongMessage && to - from > kRun) {
    put_unencoded(from, to, out);
    return;
  }
  std::size_t bits = 0;
  for (const std::byte byte : std::span(history_.at(from), to - from)) {
    bits += rdp8::kLiterals[std::to_integer<std::size_t>(byte)].bits;
  }
  if (bits > 8 * (to - from) + kRunBits) {
    put_unencoded(from, to, out);
    return;
  }
  for (const std::byte byte : std::span(history_.at(from), to - from)) {
    put(rdp8::kLiterals[std::to_integer<std::size_t>(byte)], out);
  }
}

void Rdp8Compressor::put_unencoded(std::size_t from, std::size_t to, BitWriter& out) const {
  while (from < to) {
    const std::size_t count = std::min(to - from, rdp8::kMaxUnencoded);
    put(rdp8::kUnencoded, out);
    out.put(static_cast<std::uint32_t>(count), rdp8::kUnencodedCountBits);
    out.pad();
    out.bytes(history_.at(from), count);
    from += count;
  }
}

}  // namespace tobari::display
