// SPDX-License-Identifier: GPL-3.0-or-later
// simulated_host: agents of VM hosts whose machines are entries of a file, for tests of load and of faults. See --help.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <format>
#include <fstream>
#include <memory>
#include <print>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <sys/resource.h>

#include <tobari/base/log.h>
#include <tobari/net/node_link.h>

#include "simulated_agent.h"
#include "small_image.h"

namespace {

namespace fs = std::filesystem;
using tobari::vmhost::SimulatedHost;
using tobari::vmhost::SimulatedHostOptions;

constexpr std::size_t kMaxSimulatedHosts = 1000;

struct Arguments {
  fs::path state;
  fs::path tokens;
  std::string image = tobari::vmhost::kSmallImage;
  std::vector<std::string> brokers;
  std::string log_level = "warning";
  int start_ms = 0;
  SimulatedHostOptions host;
};

tobari::Result<void> enrol(const Arguments& arguments) {
  std::ifstream lines(arguments.tokens);
  if (!lines) return tobari::fail(tobari::Errc::kNotFound, "cannot read " + arguments.tokens.string());
  for (std::string name, token; lines >> name >> token;) {
    const fs::path folder = arguments.state / name;
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) return tobari::fail(tobari::Errc::kIo, "make " + folder.string());
    TOBARI_TRY(tobari::node::enrol(token, tobari::node::Role::kHost, name, folder / "identity"));
  }
  return {};
}

// Those that were enrolled, by name.
std::vector<fs::path> hosts_in(const fs::path& state) {
  std::vector<fs::path> found;
  std::error_code error;
  for (fs::directory_iterator at(state, error), end; !error && at != end; at.increment(error)) {
    if (fs::exists(at->path() / "identity/node.crt", error)) found.push_back(at->path());
  }
  std::ranges::sort(found);
  return found;
}

void raise_limit_of_files() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

// Disks are made by the qemu-img beside us.
void prefer_our_tools() {
  const char* const path = std::getenv("PATH");
  ::setenv("PATH", std::format("{}:{}", TOBARI_SIMULATED_TOOLS, path == nullptr ? "" : path).c_str(), 1);
}

tobari::Result<void> run(const Arguments& arguments) {
  raise_limit_of_files();
  prefer_our_tools();
  sigset_t ends;
  ::sigemptyset(&ends);
  ::sigaddset(&ends, SIGTERM);
  ::sigaddset(&ends, SIGINT);
  ::sigprocmask(SIG_BLOCK, &ends, nullptr);  // before there are threads
  ::signal(SIGPIPE, SIG_IGN);
  const std::vector<fs::path> folders = hosts_in(arguments.state);
  if (folders.empty() || folders.size() > kMaxSimulatedHosts) {
    return tobari::fail(tobari::Errc::kInvalidArgument,
                        std::format("{} has {} enrolled hosts: enrol 1 to {} first", arguments.state.string(),
                                    folders.size(), kMaxSimulatedHosts));
  }
  std::vector<std::unique_ptr<SimulatedHost>> hosts;
  for (const fs::path& folder : folders) {
    SimulatedHostOptions options = arguments.host;
    options.name = folder.filename().string();
    options.folder = folder;
    options.brokers = arguments.brokers;
    options.start_takes = std::chrono::milliseconds(arguments.start_ms);
    auto host = SimulatedHost::start(std::move(options));
    if (!host) return tobari::context(std::move(host).error(), folder.filename().string());
    hosts.push_back(*std::move(host));
  }
  std::println("{} hosts run", hosts.size());
  std::fflush(stdout);
  int signal = 0;
  ::sigwait(&ends, &signal);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Agents of VM hosts without a hypervisor: what runs is in STATE/NAME/machines.");
  app.require_subcommand(1);
  CLI::App* const image = app.add_subcommand("image", "make an image that hosts take for one");
  image->add_option("--images", arguments.host.images, "folder of images")->required();
  image->add_option("--name", arguments.image, "of the image");
  CLI::App* const enrolling = app.add_subcommand("enrol", "make hosts known to the broker: STATE/NAME/identity");
  enrolling->add_option("--state", arguments.state, "a folder for each host goes here")->required();
  enrolling->add_option("--tokens", arguments.tokens, "file: a host's name and its join token a line")->required();
  CLI::App* const running = app.add_subcommand("run", "run every host of STATE until SIGTERM");
  running->add_option("--state", arguments.state, "where enrol has put them")->required();
  running->add_option("--images", arguments.host.images, "folder of images")->required();
  running->add_option("--broker", arguments.brokers, "ADDRESS:PORT of a broker's node port; again for further ones")
      ->required();
  running->add_option("--displays", arguments.host.display_socket, "socket of simulated_display")->required();
  running->add_option("--front", arguments.host.front_address, "numeric address of the fronts");
  running->add_option("--cpus", arguments.host.cpus, "that a host says it has");
  running->add_option("--memory-mib", arguments.host.memory_mib, "that a host says it has");
  running->add_option("--start-ms", arguments.start_ms, "what a machine takes to start")->check(CLI::Range(0, 600'000));
  running->add_option("--log-level", arguments.log_level, "debug, info, warning, error");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  const auto level = tobari::log::parse_level(arguments.log_level);
  tobari::log::init("simulated_host", level ? *level : tobari::log::Level::kWarning);
  tobari::Result<void> done;
  if (image->parsed()) done = tobari::vmhost::make_small_image(arguments.host.images, arguments.image);
  if (enrolling->parsed()) done = enrol(arguments);
  if (running->parsed()) done = run(arguments);
  if (done) return 0;
  std::println(stderr, "simulated_host: {}", done.error().message);
  return 1;
}
