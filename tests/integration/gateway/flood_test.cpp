// SPDX-License-Identifier: GPL-3.0-or-later
// Two thousand connections that say nothing, or one byte, must not keep a good one from its desktop.
#include <algorithm>
#include <vector>

#include <sys/resource.h>
#include <sys/socket.h>

#include <tobari/base/random.h>

#include "gateway/fake_route_resolver.h"
#include "gateway_fixture.h"

namespace tobari::gateway {
namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr std::size_t kSilent = 2'000;
constexpr int kGood = 100;

void allow_many_descriptors() {
  rlimit files{};
  ::getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &files);
}

TEST(GatewayFlood, SilentConnectionsDoNotHurtAGoodOne) {
  allow_many_descriptors();
  FakeRouteResolver routes;
  FrontListener listener;
  const Limits limits;
  RunningGateway gateway(routes, limits);
  const std::size_t before = open_descriptors();

  std::vector<UniqueFd> silent;
  for (std::size_t i = 0; i < kSilent; ++i) {
    silent.push_back(gateway.connect());
    if (i % 2 == 0) send_all(silent.back().get(), "\x03");  // half of them begin and stop
  }
  std::vector<milliseconds> took;
  for (int i = 0; i < kGood; ++i) {
    const auto begin = steady_clock::now();
    const std::string token = random_token();
    routes.add(token, listener.endpoint());
    const UniqueFd client = gateway.connect();
    send_all(client.get(), connection_request(token));
    const UniqueFd desktop = listener.accept();
    send_all(desktop.get(), "!");
    ASSERT_EQ(receive_exactly(client.get(), 1), "!");
    took.push_back(duration_cast<milliseconds>(steady_clock::now() - begin));
  }
  std::ranges::sort(took);
  const milliseconds p99 = took[kGood * 99 / 100 - 1];
  RecordProperty("good_connection_p99_ms", static_cast<int>(p99.count()));
  EXPECT_LE(p99, milliseconds(2000));
  EXPECT_LE(gateway.unauthenticated(), limits.max_unauthenticated_per_address);
  EXPECT_GE(gateway.counters().of(Refusal::kShed), kSilent - limits.max_unauthenticated_per_address);

  silent.clear();
  wait_until([&] { return open_descriptors() <= before + 4; }, "descriptors come back (up to two idle pipes stay)");
  EXPECT_EQ(gateway.sessions(), 0U);
}

}  // namespace
}  // namespace tobari::gateway
