// SPDX-License-Identifier: GPL-3.0-or-later
// simulated_fence STATE: the watchdog (tobari-fence, vmhost/src/fence) of every simulated host of a folder, over the
// files that say what they run. There are no processes to stop: the hypervisor always answers.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <poll.h>
#include <print>
#include <vector>

#include <sys/signalfd.h>

#include <tobari/base/log.h>
#include <tobari/base/unique_fd.h>

#include "fence/fence.h"
#include "fence/lease_file.h"
#include "logged_hypervisor.h"

namespace {

namespace fs = std::filesystem;
using tobari::Result;
using tobari::UniqueFd;
using namespace tobari::vmhost;

struct Watched {
  UniqueFd only;
  std::unique_ptr<LoggedHypervisor> hypervisor;
  std::unique_ptr<Fence> fence;
};

constexpr int kTries = 20;
constexpr int kBetweenTriesMs = 10;

// An agent that asks whether there is a watchdog holds the same lock for a moment.
Result<UniqueFd> become_the_watchdog(const fs::path& lease) {
  auto become = become_watchdog(lease);
  for (int i = 1; i < kTries && !become && become.error().code == tobari::Errc::kAlreadyExists; ++i) {
    ::poll(nullptr, 0, kBetweenTriesMs);
    become = become_watchdog(lease);
  }
  return become;
}

Result<Watched> watch_one(Loop& loop, const fs::path& folder) {
  Watched watched;
  TOBARI_ASSIGN(watched.only, become_the_watchdog(folder / "lease"));
  TOBARI_ASSIGN(watched.hypervisor, LoggedHypervisor::open({.log = folder / "machines"}));
  TOBARI_ASSIGN(
      watched.fence,
      Fence::create({.loop = loop, .hypervisor = *watched.hypervisor, .processes = nullptr, .file = folder / "lease"},
                    {}));
  return watched;
}

Result<void> watch_all(const fs::path& state) {
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGTERM);
  ::sigaddset(&ends, SIGINT);
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);  // before there are threads
  const UniqueFd signals(::signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) return tobari::fail_errno(errno, "watch for signals");
  TOBARI_ASSIGN(const std::unique_ptr<Loop> loop, Loop::create());
  std::vector<Watched> hosts;
  std::error_code error;
  for (fs::directory_iterator at(state, error), end; !error && at != end; at.increment(error)) {
    if (!fs::exists(at->path() / "identity/node.crt")) continue;
    TOBARI_ASSIGN(hosts.emplace_back(), watch_one(*loop, at->path()));
  }
  if (hosts.empty()) return tobari::fail(tobari::Errc::kNotFound, "no enrolled host is in " + state.string());
  const Loop::Handle end = loop->watch(signals.get(), POLLIN, [&loop](short) { loop->stop(); });
  std::println("{} hosts are watched", hosts.size());
  std::fflush(stdout);
  loop->run();
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::println(stderr, "usage: simulated_fence STATE");
    return 2;
  }
  tobari::log::init("simulated_fence", tobari::log::Level::kInfo);
  const auto done = watch_all(argv[1]);
  if (done) return 0;
  std::println(stderr, "simulated_fence: {}", done.error().message);
  return 1;
}
