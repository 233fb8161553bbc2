// SPDX-License-Identifier: GPL-3.0-or-later
#include "allowed.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <memory>

#include "attack.h"
#include "stand.h"

namespace tobari::leak {
namespace {

using namespace std::chrono_literals;

constexpr const char* kDisplayControl = "Microsoft::Windows::RDS::DisplayControl";
constexpr const char* kSound = "AUDIO_PLAYBACK_DVC";
constexpr unsigned kRate = 48'000;
constexpr std::size_t kSoundBytes = std::size_t{16} * 1024;
constexpr std::uint32_t kKeyA = 0x1E;
constexpr std::size_t kFlood = 5000;  // keys

// A display, a client that was let in, and what the machine's canaries look like.
struct Scene {
  std::unique_ptr<Stand> stand;
  Canaries machine;
  std::unique_ptr<Rogue> client;
};

Result<Scene> scene(const std::string& program, const std::vector<std::string>& grants) {
  Scene scene;
  TOBARI_ASSIGN(scene.stand, Stand::start(program, Canaries().stem()));
  std::vector<wire::ChannelGrant> channels;
  for (const std::string& text : grants) {
    TOBARI_ASSIGN(auto grant, parse_channel(text));
    channels.push_back(std::move(grant));
  }
  Target target;
  target.port = scene.stand->port();
  target.secret = scene.stand->arm("allowed", channels);
  auto client = Rogue::connect(target, announced(), scene.machine.stem());
  if (!client) {
    const auto report = scene.stand->wait_ended("allowed", 1s);
    return context(client.error(), report ? report->detail : "the display process says nothing");
  }
  scene.client = std::move(*client);
  if (!scene.client->still_served()) return fail(Errc::kUnavailable, "the client is not served");
  return scene;
}

std::string wanted(bool there, const char* what) {
  return there ? std::string() : std::string(what) + " did not arrive";
}

std::string picture(Scene& s) {
  return wanted(s.client->pump(10s, [&s] { return s.client->dynamic().frames() > 0; }), "the picture");
}

std::string keys(Scene& s) {
  if (const std::string missing = picture(s); !missing.empty()) return missing;  // keys go to what is shown
  s.client->press(kKeyA);
  return wanted(s.client->pump(5s, [&s] { return s.stand->calls() >= 2; }), "a key that was pressed and released");
}

// More than a machine takes: what is too much is left out, what is pressed is released, the session goes on.
std::string flood(Scene& s) {
  if (const std::string missing = picture(s); !missing.empty()) return missing;
  for (std::size_t i = 0; i < kFlood; ++i) s.client->press(kKeyA);
  if (!s.client->still_served()) return "the session does not go on";
  const auto released = [&s] { return s.stand->calls() > 0 && s.stand->calls() % 2 == 0; };
  return wanted(s.client->pump(10s, released), "the last key's release");
}

// MS-RDPEDISP 2.2.2.2
std::string resize(Scene& s) {
  if (!s.client->pump(5s, [&s] { return s.client->dynamic().id_of(kDisplayControl) != 0; }))
    return "the channel is not there";
  const Bytes layout = Message()
                           .u32(2)
                           .u32(56)
                           .u32(40)
                           .u32(1)
                           .u32(1)
                           .u32(0)
                           .u32(0)
                           .u32(808)
                           .u32(616)
                           .u32(0)
                           .u32(0)
                           .u32(0)
                           .u32(100)
                           .u32(100)
                           .done();
  s.client->dynamic().send(s.client->dynamic().id_of(kDisplayControl), layout);
  const auto asked = [&s] { return std::ranges::contains(s.stand->sizes(), "808 616"); };
  return wanted(s.client->pump(10s, asked), "the new size");
}

std::string sound(Scene& s) {
  const auto listens = [&s] { return s.stand->seen().interfaces.contains("org.qemu.Display1.Audio"); };
  if (!s.client->pump(10s, listens) || !s.stand->machine().wait_for_ears()) return "nobody listens to the machine";
  const Bytes canary = filled(s.machine.next(), kSoundBytes);
  s.stand->machine().play_voice(1, kRate, 2, 16);
  s.stand->machine().play(1,
                          {reinterpret_cast<const std::int16_t*>(canary.data()), canary.size() / sizeof(std::int16_t)});
  return wanted(s.client->pump(10s, [&s] { return s.client->canaries_on(kSound) > 0; }), "the sound");
}

struct Case {
  const char* channel;
  const char* direction;
  const char* format;
  std::vector<std::string> grants;
  std::string (*attempt)(Scene&);
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all{{"connect", "from guest", "picture", {}, picture},
                                     {"connect", "to guest", "keys", {}, keys},
                                     {"connect", "to guest", "a flood of keys", {}, flood},
                                     {"resize", "to guest", "one monitor of 808x616", {"resize"}, resize},
                                     {"audio.play", "from guest", "PCM", {"audio.play"}, sound}};
  return all;
}

}  // namespace

Result<std::vector<AllowedCase>> try_allowed(const std::string& program) {
  std::vector<AllowedCase> results;
  for (const Case& c : cases()) {
    auto ready = scene(program, c.grants);
    results.push_back({c.channel, c.direction, c.format, ready ? c.attempt(*ready) : ready.error().message});
  }
  return results;
}

}  // namespace tobari::leak
