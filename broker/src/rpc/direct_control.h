// SPDX-License-Identifier: GPL-3.0-or-later
// The control core with its effects carried out here and now: what REST needs of it (rest/control_plane.h). Any thread.
#pragma once

#include <functional>
#include <memory>

#include <tobari/base/result.h>

#include "control/events.h"
#include "rpc/host_registry.h"
#include "store/state_store.h"

namespace tobari::broker {

class DirectControl {
 public:
  // Both outlive it.
  DirectControl(StateStore& store, HostRegistry& hosts) : store_(store), hosts_(hosts) {}

  // `decide` in one transaction, perhaps more than once; then hosts are told and sessions ended.
  [[nodiscard]] Result<control::Effects> transact(const std::function<Result<control::Effects>(Writer&)>& decide);
  [[nodiscard]] std::shared_ptr<const control::Facts> facts() const;

 private:
  void end_sessions(const control::EndedUse& ended);

  StateStore& store_;
  HostRegistry& hosts_;
};

}  // namespace tobari::broker
