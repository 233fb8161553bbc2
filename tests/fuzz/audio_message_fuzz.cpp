// SPDX-License-Identifier: GPL-3.0-or-later
// A client on the audio channel: messages, each with its length before it, and sound to play after each. Properties: it
// ends in an error or goes on; sound goes out only once the client has said that it plays; what is under way is
// bounded.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "rdp/audio_channel.h"

namespace {

using namespace tobari::display;

class Client final : public AudioOutput, public AudioChannelEvents {
 public:
  void send_audio(std::span<const std::byte> message) override {
    if (message.size() > 0xFFFF + 4) std::abort();
    ++sent;
  }
  void on_audio_wanted(bool wanted_now) override { wanted = wanted_now; }
  bool wanted = false;
  std::size_t sent = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const std::vector<std::int16_t> sound(std::size_t{4800} * 2, 1000);
  tobari::ManualClock clock;
  Client client;
  AudioChannel channel(static_cast<AudioChannelEvents&>(client), clock);
  channel.open(static_cast<AudioOutput&>(client));
  auto rest = std::as_bytes(std::span(data, size));
  while (rest.size() >= 2) {
    const std::size_t said = std::to_integer<std::size_t>(rest[0]) | std::to_integer<std::size_t>(rest[1]) << 8;
    rest = rest.subspan(2);
    const auto message = rest.first(std::min(said, rest.size()));
    rest = rest.subspan(message.size());
    if (!channel.receive(message)) return 0;
    clock.advance(std::chrono::milliseconds(20));
    const std::size_t before = client.sent;
    channel.play({sound, 48'000, clock.now()});
    if (!client.wanted && client.sent != before) std::abort();
    if (client.sent - before > 10) std::abort();
  }
  channel.close();
  return 0;
}
