// SPDX-License-Identifier: GPL-3.0-or-later
// Users' own disks and folders: DIR/<id>.qcow2, a disk that stands on no other, and DIR/<id>, a folder; DIR is this
// host's own or that of a storage which several hosts reach under the same name. Whose they are, and that nobody has
// one twice, is the broker's care. The disk worker's thread; what only looks, any.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>
#include <tobari/vmhost/hypervisor.h>

namespace tobari::vmhost {

inline constexpr std::uint32_t kMaxUserDiskGib = 4096;
inline constexpr std::size_t kMaxUserStorages = 64;

struct UserStorage {
  std::filesystem::path folder;
  std::uint64_t max_gib = 0;  // that its disks may grow to, all together; 0: as much as there is room for
};

class UserDiskStore {
 public:
  // `shared`: by name. `owner`: whom what is made is given to; empty: nobody, it stays ours.
  UserDiskStore(UserStorage own, std::map<std::string, UserStorage> shared, std::optional<VmUser> owner)
      : own_(std::move(own)), shared_(std::move(shared)), owner_(owner) {}

  struct Wanted {
    UserDiskId id;
    std::string storage;  // empty: the host's own
    std::uint32_t size_gib = 0;
    bool made = false;  // it has been there before
  };
  // The disk's file, made when it never was, grown when it is smaller. kNotFound: it was there before and is not now:
  // an empty one would be taken for it. kExhausted: the storage has no room. kUnavailable: its folder is not there.
  [[nodiscard]] Result<std::filesystem::path> ensure_disk(const Wanted& wanted) const;
  // Likewise. The size is not looked at: how much a folder may hold is the file system's to say.
  [[nodiscard]] Result<std::filesystem::path> ensure_folder(const Wanted& wanted) const;
  // Gone on success, whether or not it was there.
  [[nodiscard]] Result<void> remove(const UserDiskId& id, const std::string& storage) const;
  [[nodiscard]] std::vector<std::string> storages() const;  // names of those of several hosts

 private:
  [[nodiscard]] Result<const UserStorage*> storage_of(const std::string& name) const;
  [[nodiscard]] Result<void> check_room(const UserStorage& storage, std::uint32_t more_gib) const;
  [[nodiscard]] Result<void> give_away(const std::filesystem::path& path) const;

  UserStorage own_;
  std::map<std::string, UserStorage> shared_;
  std::optional<VmUser> owner_;
};

// By which the guest knows a disk: what virtio has room for.
[[nodiscard]] std::string serial_of(const UserDiskId& id);
// By which it knows a folder.
inline constexpr const char* kHomeTag = "tobari-home";

}  // namespace tobari::vmhost
