// SPDX-License-Identifier: GPL-3.0-or-later
// The control core with its effects carried out here and now, by the hosts whose line this broker holds: what REST
// needs of it (rest/control_plane.h), and what ControlLoop stands on. Other brokers see what has changed in the
// database. Any thread.
#pragma once

#include <functional>
#include <memory>

#include <tobari/base/clock.h>
#include <tobari/base/result.h>

#include "control/core.h"
#include "rpc/host_registry.h"
#include "store/state_store.h"

namespace tobari::broker {

class DirectControl {
 public:
  // All outlive it.
  DirectControl(StateStore& store, const Clock& clock, HostRegistry& hosts)
      : store_(store), clock_(clock), hosts_(hosts) {}

  // `decide` in one transaction, perhaps more than once; then hosts are told and sessions ended.
  [[nodiscard]] Result<control::Effects> transact(const std::function<Result<control::Effects>(Writer&)>& decide);
  // One event of the core.
  [[nodiscard]] Result<control::Effects> decide(const control::Event& event);
  [[nodiscard]] std::shared_ptr<const control::Facts> facts() const;
  // Called, on any thread, when something is left to be done: a sweep is wanted soon. Set before the first transaction.
  void on_more(std::function<void()> more) { more_ = std::move(more); }

 private:
  void carry_out(const control::Effects& effects);
  void end_sessions(const std::vector<control::EndedUse>& ended);

  StateStore& store_;
  const Clock& clock_;
  HostRegistry& hosts_;
  std::function<void()> more_;
};

}  // namespace tobari::broker
