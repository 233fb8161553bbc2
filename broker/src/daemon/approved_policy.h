// SPDX-License-Identifier: GPL-3.0-or-later
// Where changes need two people: copies of the policies that were proposed, named by their hash, of which the store
// says which one is approved. The configured file is where proposals come from; by itself it changes nothing.
#pragma once

#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>

#include "core/policy_changes.h"
#include "daemon/policy_file.h"
#include "store/state_store.h"

namespace tobari::broker {

class ApprovedPolicy final : public PolicyFiles {
 public:
  // `folder` is made. All must outlive it.
  ApprovedPolicy(bool two_people, std::filesystem::path file, std::filesystem::path folder, PolicyFile& policy,
                 StateStore& store)
      : two_people_(two_people), file_(std::move(file)), folder_(std::move(folder)), policy_(policy), store_(store) {}

  // Before anything is served. Where nothing was ever approved, the configured file is taken over, and that is on
  // record; from then on what was approved counts, also after a restart.
  [[nodiscard]] Result<void> start();
  // What SIGHUP does: where two people are needed, only what is approved is read again.
  [[nodiscard]] Result<void> reload();

  [[nodiscard]] bool two_people() const noexcept override { return two_people_; }
  [[nodiscard]] Result<void> keep(std::string_view sha256) override;
  [[nodiscard]] Result<void> check(std::string_view sha256) override;
  [[nodiscard]] Result<void> apply() override;

 private:
  [[nodiscard]] Result<void> keep_text(const std::string& text, std::string_view sha256);
  [[nodiscard]] Result<std::string> kept(std::string_view sha256) const;
  [[nodiscard]] std::filesystem::path path_of(std::string_view sha256) const;

  const bool two_people_;
  const std::filesystem::path file_, folder_;
  PolicyFile& policy_;
  StateStore& store_;
  std::mutex mutex_;  // one at a time puts something in force, so the last one is what the store says
};

}  // namespace tobari::broker
