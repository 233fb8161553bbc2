// SPDX-License-Identifier: GPL-3.0-or-later
#include "assemble.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <print>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>

#include <tobari/base/log.h>
#include <tobari/net/node_link.h>

#include "gateway.h"
#include "grpc_route_resolver.h"
#include "measured_route_resolver.h"
#include "observation.h"

namespace tobari::gateway {
namespace {

constexpr std::size_t kMaxName = 63;       // of a node, host.proto
constexpr rlim_t kSpareDescriptors = 128;  // gRPC, log, listener, pipes under way

Result<UniqueFd> block_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1}) sigaddset(&set, signal);
  if (const int error = ::pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0) {
    return fail_errno(error, "block signals");
  }
  UniqueFd fd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!fd) return fail_errno(errno, "make a signal descriptor");
  return fd;
}

// Two sockets and two pipes a busy session. What the machine does not grant lowers the cap, and says so.
Limits limits_within_descriptors() {
  Limits limits;
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
  ::getrlimit(RLIMIT_NOFILE, &files);
  const rlim_t needed = kSpareDescriptors + limits.max_unauthenticated + 6 * limits.max_sessions;
  if (files.rlim_cur >= needed) return limits;
  limits.max_unauthenticated = std::min<std::size_t>(limits.max_unauthenticated, files.rlim_cur / 4);
  const rlim_t taken = kSpareDescriptors + limits.max_unauthenticated;
  limits.max_sessions = files.rlim_cur > taken ? (files.rlim_cur - taken) / 6 : 1;
  log::warning("few file descriptors; raise LimitNOFILE",
               {{"limit", std::to_string(files.rlim_cur)}, {"max_sessions", std::to_string(limits.max_sessions)}});
  return limits;
}

void on_signal(int fd, EventLoop& loop, const Gateway& gateway) {
  signalfd_siginfo info{};
  while (::read(fd, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    if (info.ssi_signo == static_cast<std::uint32_t>(SIGUSR1)) {
      gateway.log_counters();
    } else {
      loop.stop();
    }
  }
}

std::string host_name() {
  char text[256] = "";
  ::gethostname(text, sizeof text - 1);
  std::string name = text;
  name.resize(std::min({name.find('.'), name.size(), kMaxName}));
  std::ranges::transform(name, name.begin(), [](unsigned char c) {
    const int lower = std::tolower(c);
    return std::isalnum(lower) != 0 ? static_cast<char>(lower) : '-';
  });
  return name.empty() ? "gateway" : name;
}

}  // namespace

Result<void> serve(const Config& config) {
  TOBARI_ASSIGN(const UniqueFd signals, block_signals());
  TOBARI_ASSIGN(const auto channel, node::open(config.identity_dir, config.broker));
  const Limits limits = limits_within_descriptors();

  // The order matters for the way down: the resolver is stopped first, then the gateway goes, then the loop.
  Observation observation;
  const SystemClock clock;
  TOBARI_ASSIGN(const auto loop, EventLoop::create(clock));
  GrpcRouteResolver broker(channel, limits.redeem_deadline);
  MeasuredRouteResolver routes(broker, observation.redeem_time());
  TOBARI_ASSIGN(const auto gateway, Gateway::create(*loop, routes, config.listen, limits));
  TOBARI_ASSIGN(const auto watch, loop->watch(signals.get(), EPOLLIN,
                                              [fd = signals.get(), &loop = *loop, &gateway = *gateway](std::uint32_t) {
                                                on_signal(fd, loop, gateway);
                                              }));
  TOBARI_ASSIGN(const net::Endpoint address, gateway->listening_at());
  if (config.metrics_listen) {
    TOBARI_TRY(observation.serve(*config.metrics_listen, *loop, *gateway, limits,
                                 [&broker](auto within) { return broker.reach_broker(within); }));
  }
  log::info("gateway listens", {{"address", net::to_string(address)}, {"broker", config.broker}});

  loop->run();

  observation.stop();
  loop->unwatch(watch);
  gateway->log_counters();
  routes.stop();
  gateway->stop();
  log::info("gateway stopped");
  return {};
}

Result<void> enrol(const Config& config, const std::string& join_token, std::string name) {
  if (name.empty()) name = host_name();
  TOBARI_ASSIGN(const std::string id, node::enrol(join_token, node::Role::kGateway, name, config.identity_dir));
  std::println("enrolled gateway {} as {}", name, id);
  return {};
}

}  // namespace tobari::gateway
