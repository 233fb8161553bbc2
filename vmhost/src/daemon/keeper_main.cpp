// SPDX-License-Identifier: GPL-3.0-or-later
#include <csignal>
#include <cstdio>
#include <fcntl.h>
#include <string>

#include <CLI/CLI.hpp>

#include <tobari/base/log.h>

#include "host/descriptor_limit.h"
#include "keeper/keeper_service.h"

namespace {

constexpr int kBadArguments = 2;

tobari::Result<void> run(int listener) {
  if (::fcntl(listener, F_SETFD, FD_CLOEXEC) != 0 || ::fcntl(listener, F_SETFL, O_NONBLOCK) != 0) {
    return tobari::fail(tobari::Errc::kInvalidArgument, "--listen-fd is no descriptor of a listening socket");
  }
  TOBARI_ASSIGN(const auto loop, tobari::vmhost::Loop::create());
  const tobari::vmhost::KeeperService service(*loop, tobari::UniqueFd(listener), [&loop] { loop->stop(); });
  loop->run();
  tobari::log::info("ending");
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  int listener = -1;
  std::string level = "info";
  CLI::App app("Holds the sockets of display processes while tobari-vmhost is started again.");
  app.set_version_flag("--version", "tobari-keeper " TOBARI_VERSION);
  app.add_option("--listen-fd", listener, "descriptor of the socket that the agent connects to (3)")->required();
  app.add_option("--log-level", level, "debug, info, warning or error")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kBadArguments;
  }
  const auto threshold = tobari::log::parse_level(level);
  tobari::log::init("tobari-keeper", threshold.value_or(tobari::log::Level::kInfo));
  ::signal(SIGPIPE, SIG_IGN);
  tobari::vmhost::raise_descriptor_limit();
  const auto done = run(listener);
  if (done) return 0;
  std::fprintf(stderr, "tobari-keeper: %s\n", done.error().message.c_str());
  return kBadArguments;
}
