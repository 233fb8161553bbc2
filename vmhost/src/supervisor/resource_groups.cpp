// SPDX-License-Identifier: GPL-3.0-or-later
#include "supervisor/resource_groups.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <format>
#include <fstream>
#include <sstream>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <sys/stat.h>

namespace tobari::vmhost {
namespace {

constexpr std::uint64_t kPeriodUs = 100'000;  // of cpu.max
constexpr std::string_view kAgentGroup = "agent";

Result<void> write_value(const std::filesystem::path& file, std::string_view value) {
  const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd || ::write(fd.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size())) {
    return fail_errno(errno, std::format("write {}", file.string()));
  }
  return {};
}

// The line "0::/path" is cgroup v2's.
Result<std::filesystem::path> own_group(const ResourceGroups::Places& places) {
  std::ifstream file(places.self);
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::/")) return places.mount / line.substr(4);
  }
  return fail(Errc::kUnavailable, "there is no cgroup v2 here");
}

Result<void> check_controllers(const std::filesystem::path& group) {
  std::ifstream file(group / "cgroup.controllers");
  std::stringstream words;
  words << file.rdbuf();
  std::vector<std::string> given;
  for (std::string word; words >> word;) given.push_back(word);
  for (const char* wanted : {"cpu", "memory", "pids"}) {
    if (std::ranges::find(given, wanted) == given.end()) {
      return fail(Errc::kUnavailable,
                  std::format("{} does not have the controller {} (systemd: Delegate=yes)", group.string(), wanted));
    }
  }
  return {};
}

}  // namespace

Result<ResourceGroups> ResourceGroups::create(const Places& places) {
  TOBARI_ASSIGN(std::filesystem::path group, own_group(places));
  // The service manager has put us there already (DelegateSubgroup=agent): it must, where displays of an earlier life
  // are in the others.
  if (group.filename() == kAgentGroup) group = group.parent_path();
  TOBARI_TRY(check_controllers(group));
  const std::filesystem::path agent = group / kAgentGroup;
  if (::mkdir(agent.c_str(), 0755) != 0 && errno != EEXIST) {
    return fail(Errc::kUnavailable, fail_errno(errno, std::format("make {}", agent.string())).error().message);
  }
  // A group with processes of its own cannot give controllers to groups in it.
  auto divided = write_value(agent / "cgroup.procs", "0");
  if (divided) divided = write_value(group / "cgroup.subtree_control", "+cpu +memory +pids");
  if (!divided) {
    static_cast<void>(write_value(group / "cgroup.procs", "0"));
    ::rmdir(agent.c_str());
    return fail(Errc::kUnavailable, divided.error().message);
  }
  return ResourceGroups(group);
}

Result<UniqueFd> ResourceGroups::open(const std::string& name, const ResourceLimits& limits) const {
  const std::filesystem::path group = folder_ / name;
  if (::mkdir(group.c_str(), 0755) != 0 && errno != EEXIST) {
    return fail_errno(errno, std::format("make {}", group.string()));
  }
  TOBARI_TRY(write_value(group / "memory.max", std::to_string(limits.memory_mib << 20)));
  TOBARI_TRY(write_value(group / "memory.oom.group", "1"));
  TOBARI_TRY(write_value(group / "cpu.max", std::format("{} {}", limits.cpu_percent * kPeriodUs / 100, kPeriodUs)));
  TOBARI_TRY(write_value(group / "pids.max", std::to_string(limits.processes)));
  UniqueFd processes(::open((group / "cgroup.procs").c_str(), O_WRONLY | O_CLOEXEC));
  if (!processes) return fail_errno(errno, std::format("open {}", group.string()));
  return processes;
}

void ResourceGroups::remove(const std::string& name) const noexcept { ::rmdir((folder_ / name).c_str()); }

}  // namespace tobari::vmhost
