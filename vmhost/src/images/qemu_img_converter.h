// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <cstdint>
#include <optional>

#include "images/disk_converter.h"

namespace tobari::vmhost {

// By qemu-img and virt-v2v, each confined (images/confined.h).
class QemuImgConverter final : public DiskConverter {
 public:
  struct Options {
    std::optional<std::uint32_t> user{};                 // whom they run as; empty: as we do
    std::uint64_t most_bytes = std::uint64_t{4} << 40U;  // of the disk that is made, on disk
  };
  explicit QemuImgConverter(Options options) : options_(options) {}

  Result<void> convert(const ImageSource& source, const std::filesystem::path& file, const std::filesystem::path& to,
                       const ConversionWatch& watch) override;
  Result<void> create(const std::filesystem::path& to, std::uint64_t bytes) override;
  Result<void> install_drivers(const std::filesystem::path& disk, const std::filesystem::path& to,
                               const ConversionWatch& watch) override;
  [[nodiscard]] std::optional<std::uint32_t> owner() const noexcept override { return options_.user; }

 private:
  const Options options_;
};

}  // namespace tobari::vmhost
