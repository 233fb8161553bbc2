// SPDX-License-Identifier: GPL-3.0-or-later
#include "images/landlock_rules.h"

#include <cerrno>
#include <cstdint>
#include <fcntl.h>
#include <unistd.h>

#include <linux/landlock.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kRun = LANDLOCK_ACCESS_FS_EXECUTE;
constexpr std::uint64_t kReadFile = LANDLOCK_ACCESS_FS_READ_FILE;
constexpr std::uint64_t kReadFolder = LANDLOCK_ACCESS_FS_READ_DIR;
constexpr std::uint64_t kMake = LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_MAKE_REG |
                                LANDLOCK_ACCESS_FS_REMOVE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE;
constexpr const char* kSystem[] = {"/usr", "/lib", "/lib64", "/bin", "/etc/ld.so.cache", "/dev/null", "/dev/urandom"};

// The highest right of each ABI version; all below it exist as well.
std::uint64_t rights_known_to(int abi) {
  std::uint64_t highest = LANDLOCK_ACCESS_FS_MAKE_SYM;
  if (abi >= 2) highest = LANDLOCK_ACCESS_FS_REFER;
  if (abi >= 3) highest = LANDLOCK_ACCESS_FS_TRUNCATE;
  if (abi >= 5) highest = LANDLOCK_ACCESS_FS_IOCTL_DEV;
  return highest | (highest - 1);
}

Result<void> allow(int rules, const fs::path& path, std::uint64_t rights) {
  const UniqueFd place(::open(path.c_str(), O_PATH | O_CLOEXEC));
  if (!place) return errno == ENOENT ? Result<void>{} : fail_errno(errno, "open " + path.string());
  struct stat info{};
  if (::fstat(place.get(), &info) != 0) return fail_errno(errno, "look at " + path.string());
  // The others are rights of folders, which the kernel refuses for files.
  if (!S_ISDIR(info.st_mode)) rights &= kRun | kReadFile | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE;
  landlock_path_beneath_attr below{};
  below.allowed_access = rights;
  below.parent_fd = place.get();
  if (::syscall(SYS_landlock_add_rule, rules, LANDLOCK_RULE_PATH_BENEATH, &below, 0U) != 0) {
    return fail_errno(errno, "allow " + path.string());
  }
  return {};
}

}  // namespace

Result<UniqueFd> landlock_rules(std::span<const fs::path> may_read, std::span<const fs::path> may_write) {
  const auto abi = static_cast<int>(
      ::syscall(SYS_landlock_create_ruleset, nullptr, std::size_t{0}, LANDLOCK_CREATE_RULESET_VERSION));
  if (abi < 1) {
    return fail(Errc::kUnavailable,
                "this kernel has no Landlock, without which images are not imported: it must be in the kernel's list "
                "of security modules (lsm=)");
  }
  const std::uint64_t known = rights_known_to(abi);
  landlock_ruleset_attr denied{};
  denied.handled_access_fs = known;
  if (abi >= 4) denied.handled_access_net = LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP;
  if (abi >= 6) denied.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL;
  UniqueFd rules(static_cast<int>(::syscall(SYS_landlock_create_ruleset, &denied, sizeof denied, 0U)));
  if (!rules) return fail_errno(errno, "make Landlock rules");
  for (const char* path : kSystem) TOBARI_TRY(allow(rules.get(), path, (kRun | kReadFile | kReadFolder) & known));
  for (const fs::path& path : may_read) TOBARI_TRY(allow(rules.get(), path, (kReadFile | kReadFolder) & known));
  for (const fs::path& path : may_write) {
    TOBARI_TRY(allow(rules.get(), path, (kReadFile | kReadFolder | kMake) & known));
  }
  return rules;
}

}  // namespace tobari::vmhost
