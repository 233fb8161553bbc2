// SPDX-License-Identifier: GPL-3.0-or-later
// What every StateStore takes for a desktop that nobody uses.
#include "contract.h"
#include "core/session_state.h"

namespace tobari::broker {
namespace {

using namespace samples;

TEST_P(UnusedDesktopsContract, AreThoseOfSomebodyThatNobodyIsConnectedTo) {
  const Time now = session_.created_at;
  EXPECT_EQ(unused(now), "d1 of alice ");
  session_.state = SessionState::kConnected;
  keep();
  EXPECT_EQ(unused(now), "");
  EXPECT_EQ(unused(now + 100 * offer_), "") << "connected for long";
  done([this](Writer& w) { return w.update_session(session_.id, SessionState::kEnded, "", "", ""); });
  EXPECT_EQ(unused(now), "d1 of alice ");
  done([this](Writer& w) { return w.retire_desktop(desktop_.id, desktop_.epoch); });
  EXPECT_EQ(unused(now), "") << "what is deleted is nobody's to leave idle";
}

TEST_P(UnusedDesktopsContract, AnOfferIsAClientWhileItsTimeLasts) {
  keep();
  for (const bool routed : {false, true}) {
    session_.routed = routed;
    if (routed) done([this](Writer& w) { return w.mark_routed(session_.id, "192.0.2.1"); });
    for (int half = -4; half <= 6; ++half) {
      const Time at = session_.created_at + half * offer_ / 2;
      EXPECT_EQ(unused(at).empty(), is_live(session_, at)) << half << (routed ? " routed" : "");
    }
  }
}

TEST_P(UnusedDesktopsContract, WhoCameAndWentBetweenTwoLooksWasThere) {
  session_.state = SessionState::kDisconnected;
  keep();
  const Time made = session_.created_at;
  EXPECT_EQ(unused(made - offer_, made + offer_), "");
  EXPECT_EQ(unused(made, made), "");
  EXPECT_EQ(unused(made + offer_, made + 2 * offer_), "d1 of alice ") << "once";
  EXPECT_EQ(unused(made - 2 * offer_, made - offer_), "d1 of alice ") << "of a clock that is ahead: no use for ever";
}

TEST_P(UnusedDesktopsContract, AWallUsesAllItsDesktopsAndOthersSessionsUseNone) {
  session_.desktop = DesktopId::random();
  session_.further = {DesktopId::random(), desktop_.id, DesktopId::random()};
  session_.state = SessionState::kConnected;
  keep();
  EXPECT_EQ(unused(session_.created_at), "");
  const Desktop other = pooled(office_, host_, "d2", bob_);
  done([&](Writer& w) { return w.add_desktop(other); });
  EXPECT_EQ(unused(session_.created_at), "d2 of bob ");
}

}  // namespace
}  // namespace tobari::broker
