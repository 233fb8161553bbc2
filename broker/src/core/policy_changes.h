// SPDX-License-Identifier: GPL-3.0-or-later
// A change of the policy that two people make: one proposes a file by its hash, another one approves the same hash, and
// only then is it in force (docs/POLICY.md, "Two people").
#pragma once

#include <string>
#include <string_view>

#include <tobari/base/result.h>

#include "core/types.h"

namespace tobari::broker {

inline constexpr std::size_t kMaxPolicyProposals = 16;

struct PolicyProposal {
  std::string sha256;  // of the file, hex
  UserId by;
  std::string by_name;
  Time at;
};

// The policy's files, as whoever decides about changes needs them. Any thread.
class PolicyFiles {
 public:
  // Whether changes need two people at all. When not, the file counts as it lies there.
  [[nodiscard]] virtual bool two_people() const noexcept = 0;
  // The configured file has this hash and no mistake: a copy is kept, durable on return. kAlreadyExists: another file
  // lies there. kInvalidArgument has the first mistake.
  [[nodiscard]] virtual Result<void> keep(std::string_view sha256) = 0;
  // The copy is what was kept, and can still be read.
  [[nodiscard]] virtual Result<void> check(std::string_view sha256) = 0;
  // Puts in force what the store says is approved. Live sessions follow.
  [[nodiscard]] virtual Result<void> apply() = 0;

 protected:
  ~PolicyFiles() = default;
};

}  // namespace tobari::broker
