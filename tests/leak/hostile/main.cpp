// SPDX-License-Identifier: GPL-3.0-or-later
// tobari-hostile: the hostile client of tests/leak, and the display process in front of which clients are put. Results
// are lines of JSON on standard output.
#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include <tobari/base/log.h>

#include "allowed.h"
#include "canary.h"
#include "runner.h"
#include "serve.h"
#include "stand.h"
#include "within_grant.h"

namespace tobari::leak {
namespace {

using nlohmann::json;

struct Options {
  std::string display;
  std::vector<std::string> grants;
  std::string client_stem;
  std::string machine_stem;
  std::string clipboard;
  std::size_t attempts = 3;
  std::size_t first = 0, step = 1;  // which of the attacks
  bool broker = false;
};

void say(const json& line) {
  std::puts(line.dump(-1, ' ', false, json::error_handler_t::replace).c_str());
  std::fflush(stdout);
}

Result<std::vector<wire::ChannelGrant>> parse_grants(const Options& options) {
  std::vector<wire::ChannelGrant> all;
  for (const std::string& text : options.grants) {
    TOBARI_ASSIGN(auto grant, parse_channel(text));
    all.push_back(std::move(grant));
  }
  return all;
}

json row(const std::string& channel, const std::string& direction, const std::string& format, std::size_t size,
         const Outcome& o) {
  return {{"channel", channel},     {"direction", direction},
          {"format", format},       {"size", size},
          {"attempts", o.attempts}, {"cut_off", o.cut_off},
          {"ended", o.ended},       {"ignored", o.ignored},
          {"through", o.through},   {"ok", o.fault.empty() && o.through == 0 && o.attempts > 0},
          {"fault", o.fault}};
}

// On which channels the server may speak.
std::set<std::string> open_channels(const std::vector<wire::ChannelGrant>& grants) {
  std::set<std::string> open{"Microsoft::Windows::RDS::Graphics"};
  for (const wire::ChannelGrant& grant : grants) {
    if (grant.channel() == "audio.play") open.insert("AUDIO_PLAYBACK_DVC");
    if (grant.channel() == "resize") open.insert("Microsoft::Windows::RDS::DisplayControl");
    if (grant.channel().starts_with("clipboard.")) open.insert("static cliprdr");
  }
  return open;
}

Result<void> attack(const Options& options) {
  Canaries canaries = options.client_stem.empty() ? Canaries() : Canaries(options.client_stem);
  const std::string machine_stem = options.machine_stem.empty() ? Canaries().stem() : options.machine_stem;
  TOBARI_ASSIGN(const auto grants, parse_grants(options));
  std::unique_ptr<Stand> stand;
  std::unique_ptr<Door> door = std::make_unique<BrokerDoor>();
  if (!options.broker) {
    TOBARI_ASSIGN(stand, Stand::start(options.display, canaries.stem()));
    door = std::make_unique<StandDoor>(*stand, grants);
  }
  Runner runner(*door, "hostile", open_channels(grants), canaries, machine_stem);
  const auto attacks = all_attacks();
  for (std::size_t i = options.first; i < attacks.size(); i += options.step) {
    const Attack& a = attacks[i];
    say(row(a.channel, a.direction, a.format, a.size, runner.run(a, options.attempts)));
    TOBARI_TRY(door->sound());
  }
  for (const auto& [how, outcome] : runner.try_tickets(options.attempts)) {
    say(row("sign-in", "to guest", how, 0, outcome));
  }
  if (!stand) return {};
  const Tap::Seen seen = stand->seen();
  say({{"end", "attack"},
       {"bytes_to_machine", seen.bytes_to_machine},
       {"canaries", seen.canaries},
       {"interfaces", seen.interfaces},
       {"calls", stand->calls()}});
  return {};
}

Result<void> allowed(const Options& options) {
  TOBARI_ASSIGN(const auto cases, try_allowed(options.display));
  for (const AllowedCase& c : cases) {
    say({{"allowed", c.channel},
         {"direction", c.direction},
         {"format", c.format},
         {"ok", c.fault.empty()},
         {"fault", c.fault}});
  }
  return {};
}

Result<void> within(const Options& options) {
  return try_within_grant(options.display, options.attempts, [](const ClipboardCase& c) {
    json line{{"direction", c.direction}, {"format", c.format}, {"size", c.size}, {"fault", c.fault}};
    if (c.allowed) {
      line["allowed"] = "clipboard";
    } else {
      line.update({{"channel", "clipboard"}, {"attempts", c.attempts}, {"through", c.through}});
    }
    say(line);
  });
}

}  // namespace
}  // namespace tobari::leak

int main(int argc, char** argv) {
  using namespace tobari::leak;
  tobari::log::init("tobari-hostile", tobari::log::Level::kError);
  Options o;
  CLI::App app{"The hostile client of tests/leak"};
  app.require_subcommand(1);
  const auto common = [&o](CLI::App* sub) {
    sub->add_option("--display", o.display, "the tobari-display to start");
    sub->add_option("--grant", o.grants, "CHANNEL[:FORMAT,FORMAT[:BYTES]]; repeatable");
    sub->add_option("--client-stem", o.client_stem, "of the client's canaries");
    sub->add_option("--machine-stem", o.machine_stem, "of the machine's canaries");
    return sub;
  };
  auto* attacks = common(app.add_subcommand("attack", "push everything over everything"));
  attacks->add_option("--attempts", o.attempts, "of each attack");
  attacks->add_option("--first", o.first, "number of the first attack");
  attacks->add_option("--step", o.step, "every so manieth only")->check(CLI::PositiveNumber);
  attacks->add_flag("--broker", o.broker, "ask for connections on standard output instead of starting a display");
  auto* what_is_allowed = common(app.add_subcommand("allowed", "what a grant opens must pass"));
  auto* server = common(app.add_subcommand("serve", "a display process for other clients, driven over standard input"));
  server->add_option("--clipboard", o.clipboard, "socket of the machine's clipboard agent");
  auto* clipboard = common(app.add_subcommand("within", "what is granted of the clipboard passes, and nothing else"));
  clipboard->add_option("--attempts", o.attempts, "of each attack");
  CLI11_PARSE(app, argc, argv);

  tobari::Result<void> done;
  if (attacks->parsed()) done = attack(o);
  if (what_is_allowed->parsed()) done = allowed(o);
  if (clipboard->parsed()) done = within(o);
  if (server->parsed()) done = serve(o.display, o.grants, o.client_stem, o.clipboard);
  if (done) return 0;
  std::fprintf(stderr, "tobari-hostile: %s\n", done.error().message.c_str());
  return 1;
}
