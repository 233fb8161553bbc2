// SPDX-License-Identifier: GPL-3.0-or-later
// The fake: another host's folder, read directly; can be cut off in the middle, and can lie.
#pragma once

#include <atomic>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <string>
#include <utility>

#include "images/image_parts.h"

namespace tobari::vmhost {

class FakePartSource final : public PartSource {
 public:
  explicit FakePartSource(std::filesystem::path images_dir) : dir_(std::move(images_dir)) {}

  Result<ImagePartBytes> fetch(const std::string& ref, const std::string& file, std::uint64_t at,
                               std::uint32_t most) override {
    if (parts_left == 0) return fail(Errc::kUnavailable, "no host that has it is connected");
    --parts_left;
    if (busy > 0) {
      --busy;
      return fail(Errc::kExhausted, "hosts that have it are busy with other copies");
    }
    auto part = read_image_part(dir_, ref, file, at, most < part_bytes ? most : part_bytes);
    if (part && change) change(file, *part);
    ++fetched;
    return part;
  }

  std::atomic<std::size_t> parts_left = ~std::size_t{0};
  std::atomic<int> busy = 0;  // so often it says that it is
  std::uint32_t part_bytes = kMaxImagePartBytes;
  std::atomic<std::size_t> fetched = 0;
  std::function<void(const std::string& file, ImagePartBytes&)> change;

 private:
  std::filesystem::path dir_;
};

}  // namespace tobari::vmhost
