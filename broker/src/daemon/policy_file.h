// SPDX-License-Identifier: GPL-3.0-or-later
// The policy in force: read from its file, replaced as a whole, asked from any thread.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>

#include <tobari/base/result.h>
#include <tobari/policy/policy_set.h>

#include "core/access.h"

namespace tobari::broker {

class PolicyFile {
 public:
  explicit PolicyFile(std::filesystem::path file) : file_(std::move(file)) {}

  // On an error the policy that was in force stays; every finding is logged. kInvalidArgument holds the first.
  [[nodiscard]] Result<void> load();
  [[nodiscard]] AccessAnswer decide(const AccessQuestion& question) const;

 private:
  [[nodiscard]] std::shared_ptr<const policy::PolicySet> current() const;

  const std::filesystem::path file_;
  mutable std::mutex mutex_;
  std::shared_ptr<const policy::PolicySet> policy_ = std::make_shared<policy::PolicySet>();  // denies everything
};

}  // namespace tobari::broker
