// SPDX-License-Identifier: GPL-3.0-or-later
// Control groups for display processes, so that one that was taken over has no more memory, processor and processes
// than its share. Source: Linux Documentation/admin-guide/cgroup-v2.rst
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

namespace tobari::vmhost {

struct ResourceLimits {
  std::uint64_t memory_mib = 4096;
  std::uint64_t cpu_percent = 400;  // of one processor
  std::uint64_t processes = 128;    // and threads
};

class ResourceGroups {
 public:
  struct Places {
    std::filesystem::path mount = "/sys/fs/cgroup";
    std::filesystem::path self = "/proc/self/cgroup";
  };
  // Divides our own group: we move into "agent" in it, displays get one each beside that. kUnavailable says why that
  // cannot be: no cgroup v2, controllers that are not ours to give (systemd: Delegate=yes), others in our group.
  [[nodiscard]] static Result<ResourceGroups> create(const Places& places);

  // The group of this name, made when it is not there, with these limits. What comes back takes "0" from a process that
  // wants to be in it. `name`: a file name.
  [[nodiscard]] Result<UniqueFd> open(const std::string& name, const ResourceLimits& limits) const;
  // Without processes in it; otherwise it stays and nothing happens.
  void remove(const std::string& name) const noexcept;

 private:
  explicit ResourceGroups(std::filesystem::path folder) : folder_(std::move(folder)) {}
  std::filesystem::path folder_;
};

}  // namespace tobari::vmhost
