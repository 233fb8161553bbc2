// SPDX-License-Identifier: GPL-3.0-or-later
#include "clipboard_scene.h"

#include <sstream>
#include <utility>
#include <vector>

#include "attack.h"

namespace tobari::leak {

Result<std::unique_ptr<ClipboardScene>> ClipboardScene::open(const std::string& program, const std::string& grant) {
  auto scene = std::make_unique<ClipboardScene>();
  TOBARI_ASSIGN(scene->stand, Stand::start(program, scene->client_canaries.stem()));
  std::vector<wire::ChannelGrant> channels;
  std::istringstream words(grant);
  for (std::string word; words >> word;) {
    TOBARI_ASSIGN(auto channel, parse_channel(word));
    channels.push_back(std::move(channel));
  }
  scene->guest = std::make_unique<PlayedGuest>(scene->client_canaries.stem());
  scene->stand->give_clipboard(scene->guest->take_display_end());
  scene->session = "within " + grant;
  Target target;
  target.port = scene->stand->port();
  target.secret = scene->stand->arm(scene->session, channels);
  TOBARI_ASSIGN(scene->client, Rogue::connect(target, announced(), scene->machine_canaries.stem()));
  scene->clipboard = std::make_unique<PlayedClipboard>(*scene->client);
  const auto greeted = [&s = *scene] { return s.guest->greeted() && s.clipboard->greeted(); };
  if (!scene->wait(greeted) || !scene->settle()) return fail(Errc::kUnavailable, "the clipboard does not open");
  return scene;
}

bool ClipboardScene::wait(const std::function<bool()>& done, std::chrono::seconds limit) {
  return client->pump(limit, [this, &done] {
    guest->serve();
    return done();
  });
}

// The desktop's port is in order, so an answer says that everything before it was taken; so is the connection.
bool ClipboardScene::settle() {
  if (!client->still_served()) return false;
  const std::uint32_t id = guest->asks(policy::Format::kText);
  return wait([this, id] { return guest->answered(id); }) && client->still_served();
}

}  // namespace tobari::leak
