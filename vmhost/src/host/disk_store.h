// SPDX-License-Identifier: GPL-3.0-or-later
// Desktops' own disks: disks_dir/<desktop>.qcow2, an overlay of an image's disk or of a template's. A desktop that was
// made anew from another image has its second disk, <desktop>.1.qcow2, and so on; no two of them are used at once, and
// one whose number is not asked for any more is dropped. The disk worker's thread; what only looks, any.
#pragma once

#include <filesystem>
#include <optional>
#include <set>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>
#include <tobari/vmhost/hypervisor.h>

#include "core/disk_room.h"

namespace tobari::vmhost {

// A new qcow2 file at `overlay` that stands on `base`; what has the name is whole and durable, and on an error nothing
// is left. kExhausted: the disk is full.
[[nodiscard]] Result<void> make_overlay(const std::filesystem::path& overlay, const std::filesystem::path& base);

// kInvalidArgument when `overlay` stands on anything but `base`.
[[nodiscard]] Result<void> check_base(const std::filesystem::path& overlay, const std::filesystem::path& base);

class DiskStore {
 public:
  // `owner`: whom the overlays are given to; empty: nobody, they stay ours.
  DiskStore(std::filesystem::path disks_dir, std::optional<VmUser> owner, RoomRules rules = {})
      : dir_(std::move(disks_dir)), owner_(owner), rules_(rules) {}

  // The overlay, made when there is none. kInvalidArgument when one is there that stands on anything but `base`;
  // kExhausted, before anything is written, when it may not be made for want of room.
  [[nodiscard]] Result<std::filesystem::path> ensure(const DesktopId& id, const std::filesystem::path& base,
                                                     std::uint32_t number = 0);
  // What the overlay stands on; nothing when there is none.
  [[nodiscard]] Result<std::optional<std::filesystem::path>> base_of(const DesktopId& id,
                                                                     std::uint32_t number = 0) const;
  // Nothing was ever written to it: it still shows just what it stands on.
  [[nodiscard]] Result<bool> untouched(const DesktopId& id, std::uint32_t number = 0) const;
  // The disks of this desktop with other numbers, for good.
  [[nodiscard]] Result<void> drop_others(const DesktopId& id, std::uint32_t number);
  // The file system, and what all of them take and may grow to where that is limited.
  [[nodiscard]] Result<RoomUse> use() const;
  [[nodiscard]] const RoomRules& rules() const noexcept { return rules_; }
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return dir_; }
  // Of all overlays here.
  [[nodiscard]] Result<std::set<std::filesystem::path>> bases() const;
  // Gone on success, all of this desktop's, whether or not there were any.
  [[nodiscard]] Result<void> remove(const DesktopId& id);

 private:
  [[nodiscard]] std::filesystem::path path_of(const DesktopId& id, std::uint32_t number) const;
  // Every file of this desktop's disks but `except`, which may be empty.
  [[nodiscard]] Result<void> remove_all(const DesktopId& id, const std::string& except);

  std::filesystem::path dir_;
  std::optional<VmUser> owner_;
  RoomRules rules_;
};

}  // namespace tobari::vmhost
