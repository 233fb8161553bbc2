// SPDX-License-Identifier: GPL-3.0-or-later
// What a machine that is copied has to do, under two names (agent/PROTOCOL.md):
//   settle     before: waits until the machine is at rest and writes out its disks
//   identity   after: makes a machine of its own out of a copy
// One small program without libraries, because every copy runs it before its user sees anything: it is in memory since
// "settle", and starting a shell takes an emulated processor longer than all that is done here.
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <dirent.h>
#include <fcntl.h>
#include <spawn.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <linux/random.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

namespace tobari::guest {
namespace {

constexpr const char* kHooks = "/usr/lib/tobari/identity.d";
constexpr int kLooks = 8;           // a second apart; the agent gives a command ten
constexpr double kBusyShare = 0.1;  // of all processors: the clock of a panel, and this program
constexpr std::size_t kSeedBytes = 32;

int fail(const char* what) {
  std::fprintf(stderr, "tobari-identity: %s: %s\n", what, std::strerror(errno));
  return 1;
}

// ---- settle

struct Ticks {
  std::uint64_t all = 0;
  std::uint64_t idle = 0;
};

// The first line of /proc/stat: user nice system idle iowait irq softirq steal ... since the start.
Ticks ticks() {
  Ticks now;
  FILE* file = std::fopen("/proc/stat", "r");
  if (file == nullptr) return now;
  std::array<unsigned long long, 8> columns{};
  if (std::fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &columns[0], &columns[1], &columns[2],
                  &columns[3], &columns[4], &columns[5], &columns[6], &columns[7]) == 8) {
    for (const auto column : columns) now.all += column;
    now.idle = columns[3];
  }
  std::fclose(file);
  return now;
}

// Two quiet seconds, one after the other.
int settle() {
  Ticks before = ticks();
  int quiet = 0;
  for (int look = 0; look < kLooks && quiet < 2; ++look) {
    sleep(1);
    const Ticks now = ticks();
    const auto all = static_cast<double>(now.all - before.all);
    const auto busy = all - static_cast<double>(now.idle - before.idle);
    quiet = all > 0 && busy <= all * kBusyShare ? quiet + 1 : 0;
    before = now;
  }
  if (quiet < 2) return 1;
  sync();
  return 0;
}

// ---- identity

// Not waited for: the host says it again whenever the machine starts.
bool write_file(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return false;
  const bool written = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size());
  close(fd);
  return written && rename(fresh.c_str(), path.c_str()) == 0;
}

int digit(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

// All copies come from the same pool: until something else is in it they would draw the same numbers.
bool stir(std::string_view hex) {
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

bool set_clock(std::int64_t milliseconds) {
  const timespec now{milliseconds / 1000, milliseconds % 1000 * 1'000'000};
  return clock_settime(CLOCK_REALTIME, &now) == 0;
}

bool set_names(const std::string& host, const std::string& machine) {
  return sethostname(host.data(), host.size()) == 0 && write_file("/etc/hostname", host + "\n") &&
         // Resolvable, or programs wait for a DNS answer.
         write_file("/etc/hosts", "127.0.0.1 localhost " + host + "\n::1 localhost " + host + "\n") &&
         write_file("/etc/machine-id", machine + "\n");
}

// What an image has of its own that no two machines may share, such as the keys of an SSH server.
bool run_hooks() {
  std::vector<std::string> hooks;
  DIR* folder = opendir(kHooks);
  if (folder == nullptr) return errno == ENOENT;
  while (const dirent* entry = readdir(folder)) {
    if (entry->d_name[0] != '.') hooks.push_back(std::string(kHooks) + "/" + entry->d_name);
  }
  closedir(folder);
  std::sort(hooks.begin(), hooks.end());
  for (std::string& hook : hooks) {
    std::array<char*, 2> argv{hook.data(), nullptr};
    pid_t child = 0;
    int status = 0;
    if (posix_spawn(&child, argv[0], nullptr, nullptr, argv.data(), environ) != 0) return false;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) return false;
  }
  return true;
}

// The agent has checked the arguments.
int identity(char** arguments) {
  if (!set_clock(std::strtoll(arguments[2], nullptr, 10))) return fail("the clock");
  if (!stir(arguments[3])) return fail("/dev/urandom");
  if (!set_names(arguments[0], arguments[1])) return fail("the names");
  if (!run_hooks()) return fail(kHooks);
  return 0;
}

}  // namespace
}  // namespace tobari::guest

int main(int argc, char** argv) {
  const std::string_view path(argv[0]);
  const std::string_view name = path.substr(path.find_last_of('/') + 1);
  if (name == "settle" && argc == 1) return tobari::guest::settle();
  if (name == "identity" && argc == 5 && std::strlen(argv[4]) == 2 * tobari::guest::kSeedBytes) {
    return tobari::guest::identity(argv + 1);
  }
  std::fputs("usage: settle | identity HOST-NAME MACHINE-ID MILLISECONDS SEED\n", stderr);
  return 2;
}
