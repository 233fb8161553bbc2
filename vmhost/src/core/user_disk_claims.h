// SPDX-License-Identifier: GPL-3.0-or-later
// Which of this host's desktops has which user's disk: the second wall behind the broker's rule that one has it at a
// time, for the case that the broker is wrong. Pure; one thread.
#pragma once

#include <cstdint>
#include <map>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>

namespace tobari::vmhost {

class UserDiskClaims {
 public:
  // The same again is success. kAlreadyExists: another desktop here has it. kCancelled: a newer order gave it to
  // somebody else.
  [[nodiscard]] Result<void> claim(const UserDiskId& disk, std::uint64_t epoch, const DesktopId& desktop) {
    Holder& holder = holders_[disk];
    if (!holder.desktop.empty() && holder.desktop != desktop) {
      return fail(Errc::kAlreadyExists, "another desktop on this host still has the user's disk");
    }
    if (epoch < holder.epoch) return fail(Errc::kCancelled, "the user's disk was given to another desktop since");
    holder = {desktop, epoch};
    return {};
  }
  // Its VM has ended, and nothing of it is kept that has the disk open again when it goes on.
  void release(const DesktopId& desktop) {
    for (auto& [disk, holder] : holders_) {
      if (holder.desktop == desktop) holder.desktop = {};
    }
  }
  [[nodiscard]] bool held(const UserDiskId& disk) const {
    const auto found = holders_.find(disk);
    return found != holders_.end() && !found->second.desktop.empty();
  }

 private:
  struct Holder {
    DesktopId desktop{};
    std::uint64_t epoch = 0;
  };
  std::map<UserDiskId, Holder> holders_;
};

}  // namespace tobari::vmhost
