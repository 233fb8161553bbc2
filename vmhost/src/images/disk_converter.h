// SPDX-License-Identifier: GPL-3.0-or-later
// The seam to what makes a disk of our own from somebody's. QemuImgConverter does it, FakeConverter plays it. Calls
// block; one at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>

#include <tobari/base/result.h>

#include "core/image_source.h"

namespace tobari::vmhost {

struct ConversionWatch {
  std::function<void(std::uint32_t permille)> progress{};
  std::function<Result<void>()> still_wanted{};  // asked several times a second; an error ends it and is the result
};

class DiskConverter {
 public:
  virtual ~DiskConverter() = default;
  // A qcow2 file `to`, which stands on nothing, of the disk that lies in `file`. `to` is in a folder that is given to
  // owner() and holds nothing else; on an error part of it may be there. kExhausted: for want of room.
  // kInvalidArgument: the disk cannot be read.
  [[nodiscard]] virtual Result<void> convert(const ImageSource& source, const std::filesystem::path& file,
                                             const std::filesystem::path& to, const ConversionWatch& watch) = 0;
  // An empty disk.
  [[nodiscard]] virtual Result<void> create(const std::filesystem::path& to, std::uint64_t bytes) = 0;
  // Gives the system on `disk` what it needs to run on virtio; the result is `to`. kUnavailable: the program for it is
  // not installed here, which the message says.
  [[nodiscard]] virtual Result<void> install_drivers(const std::filesystem::path& disk, const std::filesystem::path& to,
                                                     const ConversionWatch& watch) = 0;
  // Whom the folder must belong to; empty: us.
  [[nodiscard]] virtual std::optional<std::uint32_t> owner() const noexcept = 0;
};

}  // namespace tobari::vmhost
