// SPDX-License-Identifier: GPL-3.0-or-later
// A recording with something in it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <tobari/recording/sealer.h>

namespace tobari::recording {

inline const std::string kSession = "0f8fad5b-d9cb-469f-a165-70867728950e";

inline View view_of(std::string_view text) { return std::as_bytes(std::span(text)); }

struct Sample {
  explicit Sample(std::size_t chunks = 5, bool ended = true) {
    Sealer sealer = Sealer::create(keys.public_key, kSession, 1'764'230'400'000).value();
    add(sealer.header());
    for (std::size_t i = 0; i < chunks; ++i) {
      Bytes events;
      put_event(EventType::kGraphics, i * 1000, view_of("picture " + std::to_string(i)), events);
      put_event(EventType::kPointerPlace, i * 1000 + 1, view_of("place"), events);
      const bool start = i % 2 == 0;
      add(sealer.seal({i * 1000, start ? std::uint8_t{kStart} : std::uint8_t{0}, 800, 600}, events));
    }
    if (ended) add(sealer.finish(chunks * 1000, "the client left"));
  }

  KeyPair keys = make_key_pair();
  Bytes bytes;
  std::vector<std::size_t> pieces;  // where each begins: header, chunks, the last one with the trailer

 private:
  void add(const Bytes& piece) {
    pieces.push_back(bytes.size());
    bytes.insert(bytes.end(), piece.begin(), piece.end());
  }
};

}  // namespace tobari::recording
