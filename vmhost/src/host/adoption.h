// SPDX-License-Identifier: GPL-3.0-or-later
// What an earlier life of this program left with the keeper, put together again. Who owns which session is known from
// here and never asked of a display process, which parses hostile bytes.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include <tobari/base/unique_fd.h>

#include "keeper/descriptor_keeper.h"
#include "supervisor/display_process.h"
#include "tobari/keeper.pb.h"

namespace tobari::vmhost {

struct Adoption {
  std::map<std::string, AdoptedDisplay> displays;  // by the process' name: a desktop's id, or wall_display()
  std::vector<wire::HeldSession> sessions;
  std::vector<wire::HeldWall> walls;
  UniqueFd front;  // the listening socket

  // Sessions whose recordings go on, because their display process is there.
  [[nodiscard]] std::set<std::string> recorded() const;
};

[[nodiscard]] std::string wall_display(const std::string& session);

// What does not fit together is dropped; a process without its socket is killed.
[[nodiscard]] Adoption sort_out(std::vector<Kept> kept, DescriptorKeeper& keeper);

}  // namespace tobari::vmhost
