// SPDX-License-Identifier: GPL-3.0-or-later
// What a display process is told when a session is opened, and the line on which it hands over the recording.
#pragma once

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

#include "recording/recordings.h"
#include "tobari/display_control.pb.h"
#include "tobari/host.pb.h"

namespace tobari::vmhost {

struct Arming {
  wire::ToDisplay message;
  UniqueFd recording;  // goes with it; none: the session is not recorded
};

// Fails when the session must be recorded and cannot be. One that only should be goes on, and the audit is told.
// `recordings`: null on a host that keeps none.
[[nodiscard]] Result<Arming> arming_of(const wire::OpenDisplay& request, Recordings* recordings);

}  // namespace tobari::vmhost
