// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/control_group.h"

#include <algorithm>
#include <charconv>
#include <initializer_list>

namespace tobari::vmhost {
namespace {

// The text up to `end`, which is taken away with it.
std::string_view cut(std::string_view& text, char end) {
  const std::size_t at = text.find(end);
  const std::string_view part = text.substr(0, at);
  text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
  return part;
}

bool has_name(std::string_view list, std::string_view name) {
  while (!list.empty()) {
    if (cut(list, ',') == name) return true;
  }
  return false;
}

// Of the lines "NAME NUMBER" that have one of these names.
std::uint64_t sum_of_lines(std::string_view text, std::initializer_list<std::string_view> names) {
  std::uint64_t sum = 0;
  while (!text.empty()) {
    std::string_view line = cut(text, '\n');
    if (std::ranges::find(names, cut(line, ' ')) == names.end()) continue;
    std::uint64_t number = 0;
    std::from_chars(line.data(), line.data() + line.size(), number);
    sum += number;
  }
  return sum;
}

}  // namespace

std::optional<GroupPlace> group_of(std::string_view proc_cgroup, std::string_view controller) {
  std::optional<GroupPlace> unified;
  while (!proc_cgroup.empty()) {
    std::string_view line = cut(proc_cgroup, '\n');
    const std::string_view number = cut(line, ':');
    const std::string_view controllers = cut(line, ':');
    if (line.empty() || line.front() != '/') continue;
    if (has_name(controllers, controller)) return GroupPlace{std::string(line), false};
    if (number == "0" && controllers.empty()) unified = GroupPlace{std::string(line), true};
  }
  return unified;
}

std::uint64_t unshared_bytes(std::string_view memory_stat, bool unified) {
  if (!unified) return sum_of_lines(memory_stat, {"total_rss", "total_shmem"});
  return sum_of_lines(memory_stat,
                      {"anon", "shmem", "kernel_stack", "pagetables", "sec_pagetables", "sock", "slab_unreclaimable"});
}

}  // namespace tobari::vmhost
