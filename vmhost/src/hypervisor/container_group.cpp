// SPDX-License-Identifier: GPL-3.0-or-later
#include "container_group.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <format>
#include <fstream>
#include <optional>
#include <poll.h>
#include <sstream>
#include <string>
#include <unistd.h>

#include <tobari/base/unique_fd.h>

#include "core/control_group.h"

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

constexpr const char* kGroupMount = "/sys/fs/cgroup";
constexpr int kFreezeLooks = 200;  // at most a second in all
constexpr int kFreezeLookMilliseconds = 5;

std::optional<std::string> text_of_file(const fs::path& path) {
  std::ifstream file(path);
  if (!file) return std::nullopt;
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

Result<GroupPlace> group_of_process(pid_t pid, std::string_view controller) {
  const auto text = text_of_file(std::format("/proc/{}/cgroup", pid));
  const auto place = text ? group_of(*text, controller) : std::nullopt;
  if (!place) return fail(Errc::kNotFound, "the container's control group is not known");
  return *place;
}

// systemd's libvirt puts the processes one level below the limits.
std::string whole_of(const std::string& path) {
  constexpr std::string_view kInner = "/libvirt";
  return path.ends_with(kInner) ? path.substr(0, path.size() - kInner.size()) : path;
}

fs::path unified_folder(const GroupPlace& place) { return fs::path(kGroupMount + whole_of(place.path)); }

}  // namespace

Result<std::uint64_t> container_memory(pid_t pid) {
  TOBARI_ASSIGN(const GroupPlace place, group_of_process(pid, "memory"));
  const fs::path folder =
      place.unified ? unified_folder(place) : fs::path(std::format("{}/memory{}", kGroupMount, place.path));
  const auto statistics = text_of_file(folder / "memory.stat");
  if (!statistics) return fail(Errc::kNotFound, "the memory of the container is not to be seen");
  std::uint64_t bytes = unshared_bytes(*statistics, place.unified);
  std::uint64_t of_kernel = 0;
  if (!place.unified && std::ifstream(folder / "memory.kmem.usage_in_bytes") >> of_kernel) bytes += of_kernel;
  return bytes;
}

bool is_container_frozen(pid_t pid) {
  const auto place = group_of_process(pid, "freezer");
  if (!place || !place->unified) return false;
  return text_of_file(unified_folder(*place) / "cgroup.events").value_or("").contains("frozen 1\n");
}

Result<void> freeze_container(pid_t pid, bool frozen) {
  TOBARI_ASSIGN(const GroupPlace place, group_of_process(pid, "freezer"));
  if (!place.unified) return fail(Errc::kUnavailable, "the container's freezer is libvirt's");
  const fs::path folder = unified_folder(place);
  const UniqueFd file(::open((folder / "cgroup.freeze").c_str(), O_WRONLY | O_CLOEXEC));
  if (!file || ::write(file.get(), frozen ? "1" : "0", 1) != 1) {
    return fail(Errc::kUnavailable, std::format("freeze {}: {}", folder.string(), std::strerror(errno)));
  }
  const std::string said = std::format("frozen {}\n", frozen ? 1 : 0);
  for (int look = 0; look < kFreezeLooks; ++look) {
    if (text_of_file(folder / "cgroup.events").value_or("").contains(said)) return {};
    ::poll(nullptr, 0, kFreezeLookMilliseconds);
  }
  return fail(Errc::kTimeout, std::format("{} does not {}", folder.string(), frozen ? "freeze" : "go on"));
}

}  // namespace tobari::vmhost
