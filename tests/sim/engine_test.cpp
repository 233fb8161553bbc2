// SPDX-License-Identifier: GPL-3.0-or-later
#include "engine.h"

#include <string>

#include <gmock/gmock.h>

#include <tobari/base/ids.h>

namespace tobari::sim {
namespace {

class EngineTest : public ::testing::Test {
 protected:
  Task say(char what) {
    return [this, what] { said_ += what; };
  }
  Engine engine_;
  Process process_{engine_, "one"};
  std::string said_;
};

TEST_F(EngineTest, WhatIsDueHappensInItsOrder) {
  engine_.in(2s, say('c'));
  engine_.in(1s, say('a'));
  engine_.in(1s, say('b'));
  engine_.in(4s, say('x'));
  engine_.run_until(3s);
  EXPECT_EQ(said_, "abc");
  EXPECT_EQ(engine_.now(), 3s);
}

TEST_F(EngineTest, NothingHappensAfterDeath) {
  process_.start();
  engine_.in(process_, 1s, say('a'));
  engine_.in(process_, 3s, say('x'));
  engine_.in(2s, [this] {
    process_.kill();
    process_.start();
    engine_.in(process_, 2s, say('b'));
  });
  engine_.run_until(10s);
  EXPECT_EQ(said_, "ab");
}

TEST_F(EngineTest, WhoStandsStillGoesOnWhereItWas) {
  process_.start();
  engine_.in(process_, 2s, say('b'));
  engine_.in(process_, 3s, say('c'));
  engine_.in(1s, [this] {
    process_.stand_still();
    process_.stand_still();
  });
  engine_.in(4s, [this] { process_.go_on(process_.life()); });
  engine_.in(5s, say('a'));
  engine_.in(6s, [this] { process_.go_on(process_.life()); });
  engine_.in(7s, say('d'));
  engine_.run_until(10s);
  EXPECT_EQ(said_, "abcd");
}

TEST_F(EngineTest, WhatStoodStillAndDiedDoesNotGoOn) {
  process_.start();
  const std::uint32_t before = process_.life();
  engine_.in(process_, 2s, say('x'));
  engine_.in(1s, [this] { process_.stand_still(); });
  engine_.in(3s, [this] {
    process_.kill();
    process_.start();
    process_.stand_still();
  });
  engine_.in(4s, [this, before] { process_.go_on(before); });
  engine_.run_until(10s);
  EXPECT_EQ(said_, "");
  EXPECT_FALSE(process_.runs());
}

TEST_F(EngineTest, AmbushesAreForProcesses) {
  process_.start();
  int asked = 0;
  engine_.set_ambush([&asked](Process&, Moment) { ++asked; });
  engine_.in(1s, say('a'));
  engine_.in(process_, 1s, say('b'));
  engine_.run_until(2s);
  EXPECT_EQ(asked, 1);
}

TEST(LocalClockTest, NeverRingsTooEarly) {
  for (const std::int64_t too_fast : {-10, -3, 0, 7, 10}) {
    const LocalClock clock{.zero = 12345ms, .too_fast = too_fast};
    const Moment now = 99999ms;
    for (const Moment span : {Moment(1), Moment(7ms), Moment(8s), Moment(3600s)}) {
      const Moment rings = now + clock.really(span);
      EXPECT_GE(clock.at(rings), clock.at(now) + span) << too_fast << ' ' << span.count();
      EXPECT_LE(clock.at(rings) - clock.at(now) - span, Moment(5)) << too_fast << ' ' << span.count();
    }
  }
}

TEST(RandomTest, IsTheSameEverywhere) {
  Random chance(1);
  EXPECT_EQ(chance.next(), 10451216379200822465ULL);  // splitmix64 of 1, as published
  const auto id = chance.id<DesktopId>();
  EXPECT_EQ(id.str().size(), 36U);
  EXPECT_EQ(Random(1).id<HostId>().str(), Random(1).id<HostId>().str());
}

}  // namespace
}  // namespace tobari::sim
