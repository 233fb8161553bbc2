// SPDX-License-Identifier: GPL-3.0-or-later
// The control core (src/control) as handlers reach it. What carries its effects out is behind these functions.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>

#include "control/core.h"

namespace tobari::broker {

struct ControlPlane {
  // Calls control::handle(), and may store more in the same transaction. Runs again when another broker was faster.
  using Decide = std::function<Result<control::Effects>(Writer&)>;
  // Returns when it is durable and what follows is carried out: hosts are told, sessions that end are ended.
  std::function<Result<control::Effects>(const Decide&)> transact;
  // What the hosts of this broker say.
  std::function<std::shared_ptr<const control::Facts>()> facts;
  // How long ago this broker saw the host's lease rise; nothing: it has not seen it yet.
  std::function<std::optional<std::chrono::milliseconds>(const HostId&)> lease_age =
      [](const HostId&) -> std::optional<std::chrono::milliseconds> { return std::nullopt; };
  control::Settings settings{};
};

}  // namespace tobari::broker
