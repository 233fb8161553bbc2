// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/machine.h"

#include <fstream>
#include <string>
#include <unistd.h>

namespace tobari::vmhost {
namespace {

constexpr std::uint64_t kKibibyte = 1024;

// proc_meminfo(5)
Result<void> read_memory(MachineUse& use) {
  std::ifstream file("/proc/meminfo");
  std::string name, unit;
  for (std::uint64_t number = 0; file >> name >> number; std::getline(file, unit)) {
    if (name == "MemTotal:") use.memory_bytes = number * kKibibyte;
    if (name == "MemAvailable:") use.available_bytes = number * kKibibyte;
  }
  if (use.memory_bytes == 0) return fail(Errc::kIo, "/proc/meminfo cannot be read");
  return {};
}

// proc_stat(5): user nice system idle iowait irq softirq steal; what follows is part of these.
Result<void> read_processors(MachineUse& use) {
  std::ifstream file("/proc/stat");
  std::string name;
  file >> name;
  constexpr int kFields = 8, kIdle = 3, kWaiting = 4;
  for (int i = 0; i < kFields; ++i) {
    std::uint64_t ticks = 0;
    if (name != "cpu" || !(file >> ticks)) return fail(Errc::kIo, "/proc/stat cannot be read");
    use.all_ticks += ticks;
    if (i != kIdle && i != kWaiting) use.busy_ticks += ticks;
  }
  return {};
}

}  // namespace

double MachineUse::busy_since(const MachineUse& earlier) const noexcept {
  if (all_ticks <= earlier.all_ticks || busy_ticks < earlier.busy_ticks) return 0;
  return static_cast<double>(busy_ticks - earlier.busy_ticks) / static_cast<double>(all_ticks - earlier.all_ticks);
}

Result<MachineUse> look_at_machine() {
  MachineUse use;
  use.cpus = static_cast<std::uint32_t>(::sysconf(_SC_NPROCESSORS_ONLN));
  TOBARI_TRY(read_memory(use));
  TOBARI_TRY(read_processors(use));
  return use;
}

}  // namespace tobari::vmhost
