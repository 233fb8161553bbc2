// SPDX-License-Identifier: GPL-3.0-or-later
// Mistakes that can be planted, each of which the oracle must find (planted_test.cpp). Those of the control core are
// switches of its Settings; the others are of the models of what stands around it.
#pragma once

#include "control/events.h"

namespace tobari::sim {

struct Mistakes {
  broker::control::Planted core{};

  // ---- of brokers
  bool impatient = false;         // a host is called lost after 12 s
  bool never_lost = false;        // or never
  bool forgets_promises = false;  // a promise is sent and not noted
  bool no_compare = false;        // a spare is given away by an older look at it
  bool never_checks = false;      // hosts are not asked whether they have what counts as connected
  // ---- of hosts
  bool nobody_pauses = false;  // neither agent nor watchdog minds the lease
  bool no_watchdog = false;
  bool count_from_answer = false;    // the lease counts from when the answer came
  bool lease_before_orders = false;  // a grant is taken at once, and orders when their turn comes
  bool obeys_old_states = false;     // neither revisions nor epochs are looked at
  bool forgets_to_delete = false;    // it says that a desktop is gone, and does nothing
  bool keeps_sessions = false;       // the client of a desktop that is deleted stays
};

}  // namespace tobari::sim
