// SPDX-License-Identifier: GPL-3.0-or-later
// Messages as a graphics channel has them, and worse ones, for tests of bulk compression.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <tobari/display/encoder.h>

#include "encode/frame_encoder.h"
#include "pictures.h"
#include "rdp/gfx_pdu.h"

namespace tobari::display::testing {

using Message = std::vector<std::byte>;

inline Message random_bytes(Random& random, std::size_t size, std::uint32_t alphabet = 256) {
  Message out(size);
  for (std::byte& byte : out) byte = static_cast<std::byte>(random() % alphabet);
  return out;
}

// Remembers what it made, so that later messages repeat parts of earlier ones at every distance.
class MessageSource {
 public:
  explicit MessageSource(std::uint32_t seed) : random_(seed), frames_(kScreen, ClientCodecs{}) {
    for (const Content content : kAllContents) pictures_.push_back(make_picture(content, kScreen, seed));
  }

  // 1 to `max_size` bytes.
  Message next(std::size_t max_size) {
    Message message = make(1 + random_() % max_size);
    if (message.size() > max_size) message.resize(max_size);
    past_.insert(past_.end(), message.begin(), message.end());
    if (past_.size() > 2 * kRemembered) {
      past_.erase(past_.begin(), past_.end() - static_cast<std::ptrdiff_t>(kRemembered));
    }
    return message;
  }

 private:
  static constexpr Size kScreen{640, 480};
  static constexpr std::size_t kRemembered = 2'600'000;  // more than a client's history

  Message make(std::size_t size) {
    switch (random_() % 8) {
      case 0:
        return random_bytes(random_, size);
      case 1:
        return random_bytes(random_, size, 1 + random_() % 6);
      case 2:
        return Message(size, static_cast<std::byte>(random_()));
      case 3:
        return runs(size);
      case 4:
      case 5:
        return from_the_past(size);
      default:
        return frame();
    }
  }

  Message runs(std::size_t size) {
    Message out;
    while (out.size() < size) {
      const std::size_t run = std::min<std::size_t>(size - out.size(), 1 + random_() % (1u << random_() % 14u));
      out.resize(out.size() + run, static_cast<std::byte>(random_()));
    }
    return out;
  }

  Message from_the_past(std::size_t size) {
    Message out;
    while (out.size() < size && !past_.empty()) {
      const std::size_t length = std::min<std::size_t>(size - out.size(), 1 + random_() % (1u << random_() % 17u));
      const std::size_t from = random_() % past_.size();
      const auto first = past_.begin() + static_cast<std::ptrdiff_t>(from);
      out.insert(out.end(), first, first + static_cast<std::ptrdiff_t>(std::min(length, past_.size() - from)));
      const Message between = random_bytes(random_, random_() % 5);
      out.insert(out.end(), between.begin(), between.end());
    }
    return out.empty() ? Message(1) : out;
  }

  // Real frames: what the encoders make of a part of a picture, as the graphics channel sends it.
  Message frame() {
    const Picture& picture = pictures_[random_() % pictures_.size()];
    const int width = random_.between(1, random_() % 8 == 0 ? kScreen.width : 80);
    const int height = random_.between(1, random_() % 8 == 0 ? kScreen.height : 40);
    const Rect area{random_.between(0, kScreen.width - width), random_.between(0, kScreen.height - height), width,
                    height};
    Message out;
    gfx::frame(0, ++id_, frames_.encode(picture.view(), Region(area), {}), out);
    return out;
  }

  Random random_;
  FrameEncoder frames_;
  std::vector<Picture> pictures_;
  std::vector<std::byte> past_;
  std::uint32_t id_ = 0;
};

}  // namespace tobari::display::testing
