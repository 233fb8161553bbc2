// SPDX-License-Identifier: GPL-3.0-or-later
// A stranger's file on this host.
#pragma once

#include <filesystem>

#include <tobari/base/unique_fd.h>

#include "core/source_bytes.h"

namespace tobari::vmhost {

class SourceFile final : public SourceBytes {
 public:
  // kNotFound; kInvalidArgument: no plain file, or others may write to it while it is read.
  [[nodiscard]] static Result<SourceFile> open(const std::filesystem::path& path);

  [[nodiscard]] std::uint64_t size() const noexcept override { return size_; }
  [[nodiscard]] Result<std::vector<std::byte>> read(std::uint64_t at, std::size_t count) const override;
  [[nodiscard]] bool readable_by_all() const noexcept { return readable_by_all_; }

 private:
  SourceFile(UniqueFd file, std::uint64_t size, bool readable_by_all)
      : file_(std::move(file)), size_(size), readable_by_all_(readable_by_all) {}

  UniqueFd file_;
  std::uint64_t size_;
  bool readable_by_all_;
};

}  // namespace tobari::vmhost
