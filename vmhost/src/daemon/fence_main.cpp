// SPDX-License-Identifier: GPL-3.0-or-later
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <poll.h>
#include <string>
#include <utility>

#include <CLI/CLI.hpp>
#include <sys/signalfd.h>

#include <tobari/base/log.h>
#include <tobari/vmhost/libvirt_hypervisor.h>
#include <tobari/vmhost/machine_router.h>

#include "fence/fence.h"

namespace {

constexpr int kBadArguments = 2;

// Containers are paused as machines are, where this host runs some.
tobari::Result<std::unique_ptr<tobari::vmhost::Hypervisor>> make_hypervisor(const std::filesystem::path& lease,
                                                                            const std::string& uri,
                                                                            const std::string& container_uri) {
  using namespace tobari;
  TOBARI_ASSIGN(auto machines, vmhost::make_libvirt_hypervisor({.uri = uri}));
  if (container_uri.empty()) return machines;
  // Whoever pauses only opens none of their ports.
  TOBARI_ASSIGN(auto containers,
                vmhost::make_libvirt_hypervisor(
                    {.uri = container_uri, .container_ports = (lease.parent_path() / "agents").string()}));
  return std::unique_ptr<vmhost::Hypervisor>(
      std::make_unique<vmhost::MachineRouter>(std::move(machines), std::move(containers)));
}

tobari::Result<void> watch_over(const std::filesystem::path& lease, const std::string& uri,
                                const std::string& container_uri) {
  using namespace tobari;
  // Before any thread begins, so that all of them leave these signals to us.
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGTERM);
  ::sigaddset(&set, SIGINT);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  const UniqueFd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) return fail_errno(errno, "watch for signals");
  TOBARI_ASSIGN(const UniqueFd only, vmhost::become_watchdog(lease));
  TOBARI_ASSIGN(const auto loop, vmhost::Loop::create());
  TOBARI_ASSIGN(const auto hypervisor, make_hypervisor(lease, uri, container_uri));
  const auto processes = vmhost::make_qemu_processes();
  TOBARI_ASSIGN(const auto fence, vmhost::Fence::create({*loop, *hypervisor, processes.get(), lease}, {}));
  const vmhost::Loop::Handle end = loop->watch(signals.get(), POLLIN, [&loop](short) { loop->stop(); });
  log::info("watching", {{"lease", lease.string()}});
  loop->run();
  log::info("ending");
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  std::filesystem::path lease;
  std::string uri = "qemu:///system";
  std::string container_uri;
  std::string level = "info";
  CLI::App app("Pauses a host's desktops when its lease has run out and tobari-vmhost does not do it.");
  app.set_version_flag("--version", "tobari-fence " TOBARI_VERSION);
  app.add_option("--lease", lease, "the agent's file: STATE_DIR/lease")->required();
  app.add_option("--libvirt-uri", uri, "as in vmhost.yaml")->capture_default_str();
  app.add_option("--container-uri", container_uri, "as in vmhost.yaml, with containers: on");
  app.add_option("--log-level", level, "debug, info, warning or error")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : kBadArguments;
  }
  const auto threshold = tobari::log::parse_level(level);
  tobari::log::init("tobari-fence", threshold.value_or(tobari::log::Level::kInfo));
  const auto done = watch_over(lease, uri, container_uri);
  if (done) return 0;
  std::fprintf(stderr, "tobari-fence: %s\n", done.error().message.c_str());
  return kBadArguments;
}
