// SPDX-License-Identifier: GPL-3.0-or-later
// The root that a container's programs see: the desktop's own files over the image's system, memory file systems,
// names.
#pragma once

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <unistd.h>

#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

namespace tobari::guest {

inline constexpr uid_t kUser = 1000;
inline constexpr const char* kNewRoot = "/.tobari/root";

inline int boot_log = -1;

[[gnu::format(printf, 1, 2)]] inline bool say(const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vdprintf(boot_log, format, arguments);
  va_end(arguments);
  return false;
}

inline bool failed(const char* what) { return say("%s: %s\n", what, std::strerror(errno)); }

// ---- the root

inline bool mount_at(const char* source, const char* target, const char* type, unsigned long flags,
                     const char* options) {
  if (mount(source, target, type, flags, options) == 0) return true;
  const int error = errno;
  return say("mount %s at %s: %s\n", type == nullptr ? source : type, target, std::strerror(error));
}

inline bool make_folder(const char* path, mode_t mode, uid_t owner) {
  if (mkdir(path, 0700) != 0 && errno != EEXIST) return failed(path);
  return (chown(path, owner, owner) == 0 && chmod(path, mode) == 0) || failed(path);
}

// In a user name space of our own an overlay needs nobody's leave; its notes are in attributes that users may write.
inline bool make_root() {
  if (!mount_at("overlay", kNewRoot, "overlay", MS_NODEV | MS_NOSUID,
                "lowerdir=/.tobari/base,upperdir=/.tobari/own/upper,workdir=/.tobari/own/work,userxattr")) {
    return false;
  }
  for (const char* place : {"/dev", "/proc", "/sys"}) {
    if (!mount_at(place, (kNewRoot + std::string(place)).c_str(), nullptr, MS_BIND | MS_REC, nullptr)) return false;
  }
  if (chdir(kNewRoot) != 0 || syscall(SYS_pivot_root, ".", ".") != 0 || umount2(".", MNT_DETACH) != 0 ||
      chdir("/") != 0) {
    return failed("enter the desktop's root");
  }
  return true;
}

inline bool mount_memory() {
  return mount_at("run", "/run", "tmpfs", MS_NOSUID | MS_NODEV, "mode=755,size=16m,nr_inodes=4096") &&
         mount_at("tmp", "/tmp", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=1g,nr_inodes=65536") &&
         make_folder("/dev/shm", 01777, 0) &&
         mount_at("shm", "/dev/shm", "tmpfs", MS_NOSUID | MS_NODEV, "mode=1777,size=512m,nr_inodes=65536") &&
         make_folder("/run/tobari", 0755, 0) && make_folder("/run/lock", 01777, 0) &&
         make_folder("/run/tobari/session", 0755, kUser) && make_folder("/run/tobari/screen", 0700, kUser) &&
         // Where the X server keeps its screen: room for the largest, memory for what is shown.
         mount_at("screen", "/run/tobari/screen", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC,
                  "mode=700,uid=1000,gid=1000,size=48m,nr_inodes=16") &&
         make_folder("/run/user", 0700, kUser) && make_folder("/tmp/.X11-unix", 01777, 0) &&
         make_folder("/tmp/.ICE-unix", 01777, 0);
}

// ---- names

inline bool write_file(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return failed(path.c_str());
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  return (written && rename(fresh.c_str(), path.c_str()) == 0) || failed(path.c_str());
}

inline bool set_names(const std::string& host, const std::string& machine) {
  if (sethostname(host.data(), host.size()) != 0) return failed("set the host name");
  return write_file("/etc/hostname", host + "\n") &&
         // Resolvable, or programs wait for a DNS answer.
         write_file("/etc/hosts", "127.0.0.1 localhost " + host + "\n::1 localhost " + host + "\n") &&
         write_file("/etc/machine-id", machine + "\n");
}

}  // namespace tobari::guest
