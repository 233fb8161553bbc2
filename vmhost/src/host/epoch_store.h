// SPDX-License-Identifier: GPL-3.0-or-later
// The highest epoch that this host has acted on, per desktop: fencing against whoever comes with older knowledge.
// Raised on disk before anything is done under it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <span>
#include <utility>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>

namespace tobari::vmhost {

class EpochStore {
 public:
  using Epochs = std::map<DesktopId, std::uint64_t>;

  // No file is a new host; a file that cannot be understood is an error: guessing would undo the fence.
  [[nodiscard]] static Result<EpochStore> open(std::filesystem::path file);

  [[nodiscard]] const Epochs& all() const noexcept { return epochs_; }
  // Those higher than what is known; durable on return, and on failure nothing has changed.
  [[nodiscard]] Result<void> raise(std::span<const std::pair<DesktopId, std::uint64_t>> epochs);

 private:
  EpochStore(std::filesystem::path file, Epochs epochs) : file_(std::move(file)), epochs_(std::move(epochs)) {}
  std::filesystem::path file_;
  Epochs epochs_;
};

}  // namespace tobari::vmhost
