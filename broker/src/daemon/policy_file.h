// SPDX-License-Identifier: GPL-3.0-or-later
// The policy in force: read from its file, replaced as a whole, asked from any thread.
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tobari/base/clock.h>
#include <tobari/base/result.h>
#include <tobari/policy/policy_set.h>
#include <tobari/policy/yaml_loader.h>

#include "core/access.h"
#include "core/types.h"

namespace tobari::broker {

class PolicyFile {
 public:
  // `clock` must outlive it: it says when a question is asked. `device_authorities`: the names that rules may say.
  PolicyFile(std::filesystem::path file, const Clock& clock, std::vector<std::string> device_authorities = {})
      : file_(std::move(file)), clock_(clock), device_authorities_(std::move(device_authorities)) {}

  // Called after every load that put other rules in force, on the thread that loaded, with no lock held: what was
  // granted before may be granted no more. Set before the first load.
  void on_changed(std::function<void()> changed) { changed_ = std::move(changed); }

  // On an error the policy that was in force stays; every finding is logged. kInvalidArgument holds the first.
  [[nodiscard]] Result<void> load();
  // The same with a text; `name` is said in what is logged.
  [[nodiscard]] Result<void> put(std::string_view text, const std::string& name);
  [[nodiscard]] AccessAnswer decide(const AccessQuestion& question) const;
  // What its network lets through, in its user's hands.
  [[nodiscard]] policy::DesktopNetwork network_of(const Desktop& desktop) const;

 private:
  [[nodiscard]] Result<void> replace(policy::Loaded loaded, const std::string& name);
  [[nodiscard]] std::shared_ptr<const policy::PolicySet> current() const;

  const std::filesystem::path file_;
  const Clock& clock_;
  const std::vector<std::string> device_authorities_;
  std::function<void()> changed_;
  mutable std::mutex mutex_;
  std::shared_ptr<const policy::PolicySet> policy_ = std::make_shared<policy::PolicySet>();  // denies everything
};

}  // namespace tobari::broker
