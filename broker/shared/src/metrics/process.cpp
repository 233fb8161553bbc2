// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/process.h"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <unistd.h>

namespace tobari::metrics {
namespace {

constexpr Definition kBuild{"tobari_build_info", Kind::kGauge, "Always 1; program and version are its labels."};
constexpr Definition kCpu{"process_cpu_seconds_total", Kind::kCounter,
                          "Processor time of this process, of all threads."};
constexpr Definition kMemory{"process_resident_memory_bytes", Kind::kGauge, "Memory of this process that is in RAM."};
constexpr Definition kDescriptors{"process_open_fds", Kind::kGauge, "Open file descriptors of this process."};
constexpr Definition kThreads{"process_threads", Kind::kGauge, "Threads of this process."};
constexpr Definition kStarted{"process_start_time_seconds", Kind::kGauge,
                              "When this process was started, in seconds since 1970."};
constexpr Definition kCatalogue[] = {kBuild, kCpu, kMemory, kDescriptors, kThreads, kStarted};

// proc_pid_stat(5); numbers of the fields that follow the command, which is the second and may hold anything.
struct Stat {
  double user_ticks = 0;
  double system_ticks = 0;
  double threads = 0;
  double start_ticks = 0;
  double resident_pages = 0;
};

Result<Stat> read_stat() {
  std::string text;
  std::ifstream file("/proc/self/stat");
  std::getline(file, text);
  const auto command_end = text.rfind(')');
  if (command_end == std::string::npos) return fail(Errc::kIo, "/proc/self/stat cannot be read");
  std::istringstream rest(text.substr(command_end + 1));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(field);
  constexpr std::size_t kFirst = 3;  // the state
  constexpr std::size_t kUser = 14, kSystem = 15, kThreadCount = 20, kStart = 22, kResident = 24;
  if (fields.size() <= kResident - kFirst) return fail(Errc::kIo, "/proc/self/stat is too short");
  const auto number = [&fields](std::size_t field) { return std::strtod(fields[field - kFirst].c_str(), nullptr); };
  return Stat{number(kUser), number(kSystem), number(kThreadCount), number(kStart), number(kResident)};
}

// Seconds since 1970 at which this machine was started. Not from /proc/stat, which a unit may hide (ProcSubset=pid).
double boot_time() {
  const auto seconds = [](clockid_t clock) {
    timespec time{};
    ::clock_gettime(clock, &time);
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
  };
  return seconds(CLOCK_REALTIME) - seconds(CLOCK_BOOTTIME);
}

}  // namespace

std::span<const Definition> process_catalogue() { return kCatalogue; }

Result<void> look_at_process(const std::string& program, Scrape& scrape) {
  scrape.value(kBuild, 1, {{"program", program}, {"version", TOBARI_VERSION}});
  TOBARI_ASSIGN(const Stat stat, read_stat());
  static const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  static const auto page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  scrape.value(kCpu, (stat.user_ticks + stat.system_ticks) / ticks);
  scrape.value(kMemory, stat.resident_pages * page);
  scrape.value(kThreads, stat.threads);
  scrape.value(kStarted, boot_time() + stat.start_ticks / ticks);
  std::error_code error;
  double descriptors = -1;  // the one that looks
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end; at.increment(error)) {
    ++descriptors;
  }
  if (error) return fail(Errc::kIo, "/proc/self/fd cannot be read: " + error.message());
  scrape.value(kDescriptors, descriptors);
  return {};
}

}  // namespace tobari::metrics
