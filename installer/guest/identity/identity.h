// SPDX-License-Identifier: GPL-3.0-or-later
// What makes a machine of its own out of a copy. Done by the agent itself: every copy does it before its user sees
// anything, and to start a program takes an emulated processor longer than all that is done here.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <linux/random.h>
#include <sys/ioctl.h>

namespace tobari::guest {

inline constexpr const char* kHooks = "/usr/lib/tobari/identity.d";
inline constexpr std::size_t kSeedBytes = 32;

// Not waited for: the host says it again whenever the machine starts.
inline bool write_file(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return false;
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  return written && rename(fresh.c_str(), path.c_str()) == 0;
}

inline int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

// All copies come from the same pool: until something else is in it they would draw the same numbers.
inline bool stir(std::string_view hex) {
  // rand_pool_info: bits, bytes, then the bytes, for which the kernel's header has no room.
  alignas(int) std::array<unsigned char, 2 * sizeof(int) + kSeedBytes> seed{};
  const std::array<int, 2> sizes{kSeedBytes * 8, kSeedBytes};
  std::memcpy(seed.data(), sizes.data(), sizeof sizes);
  for (std::size_t i = 0; i < kSeedBytes; ++i) {
    seed[sizeof sizes + i] = static_cast<unsigned char>(digit(hex[2 * i]) * 16 + digit(hex[2 * i + 1]));
  }
  const int fd = open("/dev/urandom", O_RDWR | O_CLOEXEC);
  if (fd < 0) return false;
  const bool done = ioctl(fd, RNDADDENTROPY, seed.data()) == 0 && ioctl(fd, RNDRESEEDCRNG) == 0;
  close(fd);
  return done;
}

inline bool set_clock(std::int64_t milliseconds) {
  const timespec now{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
  return clock_settime(CLOCK_REALTIME, &now) == 0;
}

inline bool take_name(const std::string& host) { return sethostname(host.data(), host.size()) == 0; }

// What an image has of its own that no two machines may share, such as the keys of an SSH server; in this order.
inline std::vector<std::string> identity_hooks() {
  std::vector<std::string> hooks;
  DIR* folder = opendir(kHooks);
  if (folder == nullptr) return hooks;
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_name[0] != '.') hooks.push_back(std::string(kHooks) + "/" + entry->d_name);
  }
  closedir(folder);
  std::sort(hooks.begin(), hooks.end());
  return hooks;
}

// For the machine's next start, and for who asks for its own address.
inline bool keep_names(const std::string& host, const std::string& machine) {
  return write_file("/etc/hostname", host + "\n") &&
         // Resolvable, or programs wait for a DNS answer.
         write_file("/etc/hosts", "127.0.0.1 localhost " + host + "\n::1 localhost " + host + "\n") &&
         write_file("/etc/machine-id", machine + "\n");
}

}  // namespace tobari::guest
