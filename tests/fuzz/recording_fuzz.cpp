// SPDX-License-Identifier: GPL-3.0-or-later
// Recordings as somebody hands them over. The first byte says what follows: a file as it is; the events of one chunk,
// sealed for us by a hostile display and played; a sound recording with bytes of it changed. Properties: nothing is
// read that is not there, and every change is noticed by whoever has the hash.
#include <algorithm>
#include <cstdint>

#include <tobari/recording/recording.h>
#include <tobari/recording/sealer.h>

#include "input.h"
#include "playback/player.h"
#include "playback/pointer_image.h"

namespace {

using namespace tobari::recording;
using tobari::fuzz::Input;
using tobari::fuzz::require;

const KeyPair& keys() {
  static const KeyPair pair = make_key_pair();
  return pair;
}
constexpr const char* kSession = "0f8fad5b-d9cb-469f-a165-70867728950e";
constexpr long kMostPixels = 1024L * 1024;
constexpr std::size_t kMostEvents = std::size_t{256} * 1024;

void play(const Recording& recording) {
  tobari::display::playback::Player player(recording, kMostPixels);
  static_cast<void>(player.seek(~std::uint64_t{0}));
  tobari::display::playback::Canvas canvas;
  player.picture(canvas, true);
  require(canvas.pixels.size() == static_cast<std::size_t>(std::max(0L, canvas.size.area())));
  static_cast<void>(tobari::display::playback::largest_desktop(recording, 0, ~std::uint64_t{0}));
}

void as_it_is(View file) {
  auto recording = Recording::over(file);
  if (!recording) return;
  if (const auto verified = recording->verify()) require(verified->whole <= file.size());
  static_cast<void>(recording->end_us());
  require(!recording->unlock(keys().secret));  // it was not made for us
}

void hostile_events(View events) {
  Sealer sealer = Sealer::create(keys().public_key, kSession, 0).value();
  Bytes file = sealer.header();
  for (const Bytes& piece :
       {sealer.seal({0, kStart, 0, 0}, events.first(std::min(events.size(), kMostEvents))), sealer.finish(1, "end")}) {
    file.insert(file.end(), piece.begin(), piece.end());
  }
  Recording recording = Recording::over(file).value();
  require(recording.unlock(keys().secret).has_value());
  require(recording.verify().value().ended);
  const auto chunk = recording.read(Recording::first()).value();
  Events all(chunk.events);
  for (auto event = all.next(); event && *event; event = all.next()) {
    static_cast<void>(parse_about((*event)->data));
    static_cast<void>(parse_points((*event)->data));
  }
  play(recording);
}

void changed(Input& in) {
  static const Bytes sound = [] {
    Sealer sealer = Sealer::create(keys().public_key, kSession, 0).value();
    Bytes file = sealer.header();
    Bytes events;
    put_event(EventType::kPointerPlace, 0, {}, events);
    for (std::uint64_t i = 0; i < 4; ++i) {
      const Bytes piece = sealer.seal({i, kStart, 0, 0}, events);
      file.insert(file.end(), piece.begin(), piece.end());
    }
    const Bytes end = sealer.finish(9, "end");
    file.insert(file.end(), end.begin(), end.end());
    return file;
  }();
  static const Hash hash = Recording::over(sound).value().verify().value().hash;
  Bytes file = sound;
  for (int i = 0; i < 16 && !in.done(); ++i) {
    const std::size_t at = in.u16() % file.size();
    const std::uint8_t how = in.u8();
    if (how < 192) {
      file[at] ^= static_cast<std::byte>(how);
    } else if (how < 224) {
      file.insert(file.begin() + static_cast<std::ptrdiff_t>(at), static_cast<std::byte>(how));
    } else {
      file.erase(file.begin() + static_cast<std::ptrdiff_t>(at));
    }
  }
  if (file == sound) return;
  auto recording = Recording::over(file);
  if (!recording) return;
  const auto verified = recording->verify();
  require(!verified || !verified->ended || verified->hash != hash || verified->whole != file.size());
  if (recording->unlock(keys().secret)) play(*recording);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  switch (in.u8() % 3) {
    case 0:
      as_it_is(in.rest());
      break;
    case 1:
      hostile_events(in.rest());
      break;
    default:
      changed(in);
  }
  return 0;
}
