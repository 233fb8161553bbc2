// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/reconcile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tobari::vmhost {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class Reconcile : public ::testing::Test {
 protected:
  std::vector<Action> with(Power power, bool running, std::uint64_t epoch = 5) {
    const WantedDesktop wanted{id_, epoch, power};
    const FoundDesktop found{id_, running};
    return reconcile({&wanted, 1}, {&found, 1}, memory_);
  }
  std::vector<Action> just(Action::Kind kind) { return {{kind, id_}}; }

  const DesktopId id_ = DesktopId::random();
  HostMemory memory_;
};

TEST_F(Reconcile, WhatIsRightIsLeftAlone) {
  EXPECT_THAT(with(Power::kOn, true), IsEmpty());
  EXPECT_THAT(with(Power::kOff, false), IsEmpty());
}

TEST_F(Reconcile, PowersOnAndOff) {
  EXPECT_EQ(with(Power::kOn, false), just(Action::Kind::kStart));
  EXPECT_EQ(with(Power::kOff, true), just(Action::Kind::kStop));
}

TEST_F(Reconcile, RestsAsIsWantedAndComesBack) {
  const auto with_rest = [this](Rest rest, bool running, bool paused) {
    const WantedDesktop wanted{id_, 5, Power::kOff, rest};
    const FoundDesktop found{id_, running, paused};
    return reconcile({&wanted, 1}, {&found, 1}, memory_);
  };
  EXPECT_EQ(with_rest(Rest::kSuspended, true, false), just(Action::Kind::kSuspend));
  EXPECT_THAT(with_rest(Rest::kSuspended, true, true), IsEmpty());
  EXPECT_THAT(with_rest(Rest::kSuspended, false, false), IsEmpty()) << "off is off";
  EXPECT_EQ(with_rest(Rest::kSaved, true, false), just(Action::Kind::kSave));
  EXPECT_EQ(with_rest(Rest::kSaved, true, true), just(Action::Kind::kSave));
  EXPECT_EQ(with_rest(Rest::kStopped, true, true), just(Action::Kind::kStop));
  const WantedDesktop on{id_, 5, Power::kOn};
  const FoundDesktop suspended{id_, true, true};
  EXPECT_EQ(reconcile({&on, 1}, {&suspended, 1}, memory_), just(Action::Kind::kResume));
  memory_.held.insert(id_);
  EXPECT_THAT(reconcile({&on, 1}, {&suspended, 1}, memory_), IsEmpty()) << "what may not run is not resumed";
}

TEST_F(Reconcile, WhatMayRunElsewhereStandsStillWhateverIsWanted) {
  memory_.fenced.insert(id_);
  for (const Power power : {Power::kOn, Power::kOff, Power::kDeleted}) {
    EXPECT_EQ(with(power, true), just(Action::Kind::kFence));
    EXPECT_THAT(with(power, false), IsEmpty()) << "nothing of it is started, nor deleted";
  }
  const WantedDesktop on{id_, 5, Power::kOn};
  const FoundDesktop paused{id_, true, true};
  EXPECT_THAT(reconcile({&on, 1}, {&paused, 1}, memory_), IsEmpty());
  memory_.busy.insert(id_);
  EXPECT_EQ(with(Power::kOn, true), just(Action::Kind::kFence)) << "also when it is just stopping";
  memory_.fenced.clear();
  memory_.busy.clear();
  EXPECT_EQ(reconcile({&on, 1}, {&paused, 1}, memory_), just(Action::Kind::kResume));
}

TEST_F(Reconcile, WhatNobodyWantsStandsStillBeforeItIsStopped) {
  const FoundDesktop running{id_, true, false};
  const FoundDesktop paused{id_, true, true};
  memory_.fenced.insert(id_);
  memory_.busy.insert(id_);
  EXPECT_EQ(reconcile({}, {&running, 1}, memory_), just(Action::Kind::kFence));
  EXPECT_THAT(reconcile({}, {&paused, 1}, memory_), IsEmpty());
  memory_.fenced.clear();
  memory_.busy.clear();
  EXPECT_EQ(reconcile({}, {&paused, 1}, memory_), just(Action::Kind::kStop));
}

TEST_F(Reconcile, AnOldEpochIsRefusedAlsoOfWhatStandsStill) {
  memory_.epochs[id_] = 9;
  memory_.fenced.insert(id_);
  EXPECT_EQ(with(Power::kOn, true), just(Action::Kind::kRefuse));
}

TEST_F(Reconcile, StartsWhatTheHypervisorDoesNotKnow) {
  const WantedDesktop wanted{id_, 1, Power::kOn};
  EXPECT_EQ(reconcile({&wanted, 1}, {}, memory_), just(Action::Kind::kStart));
}

TEST_F(Reconcile, DeletesOnceRunningOrNot) {
  EXPECT_EQ(with(Power::kDeleted, true), just(Action::Kind::kDelete));
  EXPECT_EQ(with(Power::kDeleted, false), just(Action::Kind::kDelete));
  memory_.gone.insert(id_);
  EXPECT_THAT(with(Power::kDeleted, false), IsEmpty());
}

TEST_F(Reconcile, LowerEpochIsRefusedWhateverItWants) {
  memory_.epochs[id_] = 6;
  for (const Power power : {Power::kOn, Power::kOff, Power::kDeleted}) {
    for (const bool running : {true, false}) EXPECT_EQ(with(power, running, 5), just(Action::Kind::kRefuse));
  }
  EXPECT_EQ(with(Power::kOn, false, 6), just(Action::Kind::kStart));
  EXPECT_EQ(with(Power::kOn, false, 7), just(Action::Kind::kStart));
}

TEST_F(Reconcile, BusyIsLeftAlone) {
  memory_.busy.insert(id_);
  EXPECT_THAT(with(Power::kOn, false), IsEmpty());
  EXPECT_THAT(with(Power::kOff, true), IsEmpty());
  EXPECT_THAT(with(Power::kDeleted, true), IsEmpty());
}

TEST_F(Reconcile, HeldIsNotStartedButStopped) {
  memory_.held.insert(id_);
  EXPECT_THAT(with(Power::kOn, false), IsEmpty());
  EXPECT_EQ(with(Power::kOff, true), just(Action::Kind::kStop));
}

TEST_F(Reconcile, UnwantedIsStoppedAndNeverDeleted) {
  const FoundDesktop running{id_, true};
  EXPECT_EQ(reconcile({}, {&running, 1}, memory_), just(Action::Kind::kStop));
  const FoundDesktop stopped{id_, false};
  EXPECT_THAT(reconcile({}, {&stopped, 1}, memory_), IsEmpty());
}

TEST_F(Reconcile, OneActionADesktopEvenWhenNamedTwice) {
  const WantedDesktop wanted[] = {{id_, 5, Power::kOn}, {id_, 5, Power::kDeleted}};
  EXPECT_EQ(reconcile(wanted, {}, memory_), just(Action::Kind::kStart));
}

TEST_F(Reconcile, DesktopsDoNotDisturbEachOther) {
  const DesktopId other = DesktopId::random();
  memory_.busy.insert(other);
  const WantedDesktop wanted[] = {{other, 1, Power::kOn}, {id_, 1, Power::kOn}};
  EXPECT_EQ(reconcile(wanted, {}, memory_), just(Action::Kind::kStart));
}

}  // namespace
}  // namespace tobari::vmhost
