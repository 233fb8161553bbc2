// SPDX-License-Identifier: GPL-3.0-or-later
// The fake: makes qcow2 files that are right in their headers, with the source's first bytes behind; fails where it is
// told to.
#pragma once

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <optional>
#include <string>
#include <utility>

#include "core/qcow2_header.h"
#include "images/disk_converter.h"

namespace tobari::vmhost {

class FakeConverter final : public DiskConverter {
 public:
  Result<void> convert(const ImageSource& source, const std::filesystem::path& file, const std::filesystem::path& to,
                       const ConversionWatch& watch) override {
    ++conversions;
    if (watch.progress) watch.progress(500);
    if (watch.still_wanted) TOBARI_TRY(watch.still_wanted());
    if (fail_with) {
      std::ofstream(to, std::ios::binary) << "half a disk";
      return std::unexpected(*fail_with);
    }
    std::ifstream in(file, std::ios::binary);
    std::string begin(std::size_t{4096}, '\0');
    in.read(begin.data(), static_cast<std::streamsize>(begin.size()));
    std::ofstream(to, std::ios::binary) << disk_of(lie_about_size.value_or(source.virtual_bytes)) << begin;
    return {};
  }
  Result<void> create(const std::filesystem::path& to, std::uint64_t bytes) override {
    std::ofstream(to, std::ios::binary) << disk_of(bytes);
    return {};
  }
  Result<void> install_drivers(const std::filesystem::path&, const std::filesystem::path&,
                               const ConversionWatch&) override {
    return fail(Errc::kUnavailable, "virt-v2v is not on this host");
  }
  [[nodiscard]] std::optional<std::uint32_t> owner() const noexcept override { return std::nullopt; }

  // Version 3, clusters of 64 KiB, an empty first table behind the header.
  static std::string disk_of(std::uint64_t bytes) {
    constexpr std::uint64_t kTableAt = 65536;
    const auto entries = static_cast<std::uint32_t>(divided_up(bytes, std::uint64_t{1} << 29U));
    std::string disk(kTableAt + std::size_t{entries} * 8, '\0');
    const auto put = [&disk](std::size_t at, std::uint64_t value, std::size_t size) {
      for (std::size_t i = 0; i < size; ++i) disk[at + i] = static_cast<char>((value >> (8 * (size - 1 - i))) & 0xffU);
    };
    put(0, 0x514649fb, 4);
    put(4, 3, 4);
    put(20, 16, 4);
    put(24, bytes, 8);
    put(36, entries, 4);
    put(40, kTableAt, 8);
    put(100, 104, 4);
    return disk;
  }

  std::optional<Error> fail_with;
  std::optional<std::uint64_t> lie_about_size;
  int conversions = 0;
};

}  // namespace tobari::vmhost
