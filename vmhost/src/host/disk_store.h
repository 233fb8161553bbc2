// SPDX-License-Identifier: GPL-3.0-or-later
// Desktops' own disks: disks_dir/<desktop>.qcow2, an overlay of an image's disk. The disk worker's thread.
#pragma once

#include <filesystem>
#include <optional>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>
#include <tobari/vmhost/hypervisor.h>

namespace tobari::vmhost {

class DiskStore {
 public:
  // `owner`: whom the overlays are given to; empty: nobody, they stay ours.
  DiskStore(std::filesystem::path disks_dir, std::optional<VmUser> owner) : dir_(std::move(disks_dir)), owner_(owner) {}

  // The overlay, made when there is none. kInvalidArgument when one is there that stands on anything but `base`.
  [[nodiscard]] Result<std::filesystem::path> ensure(const DesktopId& id, const std::filesystem::path& base);
  // Gone on success, whether or not it was there.
  [[nodiscard]] Result<void> remove(const DesktopId& id);

 private:
  [[nodiscard]] std::filesystem::path path_of(const DesktopId& id) const { return dir_ / (id.str() + ".qcow2"); }
  [[nodiscard]] Result<void> create(const std::filesystem::path& overlay, const std::filesystem::path& base) const;

  std::filesystem::path dir_;
  std::optional<VmUser> owner_;
};

}  // namespace tobari::vmhost
