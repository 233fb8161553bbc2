// SPDX-License-Identifier: GPL-3.0-or-later
// Desktops' own disks: disks_dir/<desktop>.qcow2, an overlay of an image's disk or of a template's. The disk worker's
// thread; what only looks, any.
#pragma once

#include <filesystem>
#include <optional>
#include <set>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>
#include <tobari/vmhost/hypervisor.h>

namespace tobari::vmhost {

// A new qcow2 file at `overlay` that stands on `base`; what has the name is whole and durable, and on an error nothing
// is left. kExhausted: the disk is full.
[[nodiscard]] Result<void> make_overlay(const std::filesystem::path& overlay, const std::filesystem::path& base);

// kInvalidArgument when `overlay` stands on anything but `base`.
[[nodiscard]] Result<void> check_base(const std::filesystem::path& overlay, const std::filesystem::path& base);

class DiskStore {
 public:
  // `owner`: whom the overlays are given to; empty: nobody, they stay ours.
  DiskStore(std::filesystem::path disks_dir, std::optional<VmUser> owner) : dir_(std::move(disks_dir)), owner_(owner) {}

  // The overlay, made when there is none. kInvalidArgument when one is there that stands on anything but `base`.
  [[nodiscard]] Result<std::filesystem::path> ensure(const DesktopId& id, const std::filesystem::path& base);
  // What the overlay stands on; nothing when there is none.
  [[nodiscard]] Result<std::optional<std::filesystem::path>> base_of(const DesktopId& id) const;
  // Nothing was ever written to it: it still shows just what it stands on.
  [[nodiscard]] Result<bool> untouched(const DesktopId& id) const;
  // Of all overlays here.
  [[nodiscard]] Result<std::set<std::filesystem::path>> bases() const;
  // Gone on success, whether or not it was there.
  [[nodiscard]] Result<void> remove(const DesktopId& id);

 private:
  [[nodiscard]] std::filesystem::path path_of(const DesktopId& id) const { return dir_ / (id.str() + ".qcow2"); }

  std::filesystem::path dir_;
  std::optional<VmUser> owner_;
};

}  // namespace tobari::vmhost
