// SPDX-License-Identifier: GPL-3.0-or-later
// Whoever makes one of these mistakes is found out, by the rule that it breaks, within so many seeds.
#include <algorithm>
#include <cstdint>
#include <ostream>
#include <string>

#include <gmock/gmock.h>

#include "world.h"

namespace tobari::sim {
namespace {

constexpr std::uint64_t kWithinSeeds = 3000;

struct Planting {
  const char* name;
  Rule rule;
  void (*plant)(Mistakes&);
};

std::ostream& operator<<(std::ostream& out, const Planting& planting) { return out << planting.name; }

const Planting kPlantings[] = {
    // ---- I1: nobody is called lost while anything of it may run
    {"NobodyPauses", Rule::kCalledLostTooEarly, [](Mistakes& m) { m.nobody_pauses = true; }},
    {"NoWatchdog", Rule::kCalledLostTooEarly, [](Mistakes& m) { m.no_watchdog = true; }},
    {"ImpatientBroker", Rule::kCalledLostTooEarly, [](Mistakes& m) { m.impatient = true; }},
    {"ForgottenPromise", Rule::kCalledLostTooEarly, [](Mistakes& m) { m.forgets_promises = true; }},
    {"LeaseFromTheAnswer", Rule::kCalledLostTooEarly, [](Mistakes& m) { m.count_from_answer = true; }},
    // ---- I2
    {"LeaseBeforeOrders", Rule::kRunsWithoutRight, [](Mistakes& m) { m.lease_before_orders = true; }},
    // ---- I3
    {"DiskFreeAtRetire", Rule::kDiskTwice, [](Mistakes& m) { m.core.free_disk_at_retire = true; }},
    // ---- I4
    {"SpareWithoutCompare", Rule::kTwoUsers, [](Mistakes& m) { m.no_compare = true; }},
    // ---- I5
    {"ForgottenRequests", Rule::kTwoForOne, [](Mistakes& m) { m.core.forget_requests = true; }},
    // ---- I6
    {"MovedWhenSilent", Rule::kLostAssignment, [](Mistakes& m) { m.core.move_when_silent = true; }},
    {"DrainTakesAssigned", Rule::kLostAssignment, [](Mistakes& m) { m.core.drain_takes_assigned = true; }},
    // ---- I7
    {"OldEpochsBelieved", Rule::kGoesBack, [](Mistakes& m) { m.core.believe_old_epochs = true; }},
    {"OldStatesObeyed", Rule::kGoesBack, [](Mistakes& m) { m.obeys_old_states = true; }},
    // ---- I8
    {"NoRecord", Rule::kNoRecord, [](Mistakes& m) { m.core.no_record = true; }},
    // ---- I9
    {"NeverLost", Rule::kTooSlow, [](Mistakes& m) { m.never_lost = true; }},
    // ---- I10
    {"NotRepeated", Rule::kLeak, [](Mistakes& m) { m.core.do_not_repeat = true; }},
    {"NotDeleted", Rule::kLeak, [](Mistakes& m) { m.forgets_to_delete = true; }},
    // ---- I11
    {"SessionsKept", Rule::kSessionStays, [](Mistakes& m) { m.keeps_sessions = true; }},
    {"SessionsNotChecked", Rule::kSessionStays, [](Mistakes& m) { m.never_checks = true; }},
};

class PlantedTest : public ::testing::TestWithParam<Planting> {};

TEST_P(PlantedTest, IsFound) {
  Mistakes mistakes;
  GetParam().plant(mistakes);
  for (std::uint64_t seed = 1; seed <= kWithinSeeds; ++seed) {
    const Verdict verdict = run_seed(seed, mistakes);
    if (std::ranges::contains(verdict.violations, GetParam().rule, &Violation::rule)) {
      RecordProperty("seeds", static_cast<int>(seed));
      return;
    }
  }
  FAIL() << "not found in " << kWithinSeeds << " seeds";
}

INSTANTIATE_TEST_SUITE_P(All, PlantedTest, ::testing::ValuesIn(kPlantings),
                         [](const auto& which) { return std::string(which.param.name); });

}  // namespace
}  // namespace tobari::sim
