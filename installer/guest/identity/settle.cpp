// SPDX-License-Identifier: GPL-3.0-or-later
// settle: what a machine does before it is copied (agent/PROTOCOL.md). Waits until it is at rest and writes out its
// disks.
#include <array>
#include <cstdint>
#include <cstdio>
#include <unistd.h>

namespace tobari::guest {
namespace {

constexpr int kLooks = 8;           // a second apart; the agent gives a command ten
constexpr double kBusyShare = 0.1;  // of all processors: the clock of a panel, and this program

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

}  // namespace
}  // namespace tobari::guest

int main() { return tobari::guest::settle(); }
