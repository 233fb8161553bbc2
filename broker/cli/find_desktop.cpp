// SPDX-License-Identifier: GPL-3.0-or-later
#include "find_desktop.h"

#include <algorithm>
#include <format>
#include <vector>

#include <tobari/base/random.h>

namespace tobari::cli {
namespace {

constexpr std::size_t kMaxShownNames = 1000;  // bytes

// Pools first: their names are what people know of floating desktops.
Result<std::vector<Target>> all_targets(Portal& portal) {
  TOBARI_ASSIGN(const Json first, portal.call("GET", "/desktops?client=tobari"));
  std::vector<Target> targets;
  for (const Json& pool : first.value("pools", Json::array())) {
    targets.push_back({.name = pool.value("name", ""),
                       .path = "/pools/" + pool.value("id", ""),
                       .desktop = pool.value("desktop_id", ""),
                       .of_pool = true});
  }
  TOBARI_ASSIGN(const Json desktops, all_desktops(portal));
  for (const Json& desktop : desktops) {
    const std::string id = desktop.value("id", "");
    if (std::ranges::contains(targets, id, &Target::desktop)) continue;
    targets.push_back({.name = desktop.value("name", ""), .path = "/desktops/" + id, .desktop = id, .of_pool = false});
  }
  return targets;
}

}  // namespace

Result<Json> all_desktops(Portal& portal) {
  Json all = Json::array();
  std::string path = "/desktops";
  for (;;) {
    TOBARI_ASSIGN(const Json page, portal.call("GET", path));
    for (const Json& desktop : page.value("desktops", Json::array())) all.push_back(desktop);
    if (!page.contains("next")) return all;
    path = "/desktops?after=" + page.value("next", "");
  }
}

Result<std::string> find_desktop(Portal& portal, const std::string& wanted) {
  if (is_uuid(wanted)) return wanted;
  TOBARI_ASSIGN(const Json list, all_desktops(portal));
  if (wanted.empty() && list.size() == 1) return list.front().value("id", "");
  std::string names;
  for (const Json& desktop : list) {
    const std::string name = desktop.value("name", "");
    if (name == wanted) return desktop.value("id", "");
    names += (names.empty() ? "" : ", ") + name;
  }
  if (list.empty()) return fail(Errc::kNotFound, "you have no desktop: ask an administrator for one");
  return fail(Errc::kNotFound, wanted.empty() ? std::format("which desktop? there are {}", names)
                                              : std::format("there is no desktop {}; there are {}", wanted, names));
}

Result<Target> find_target(Portal& portal, const std::string& wanted) {
  TOBARI_ASSIGN(auto targets, all_targets(portal));
  if (wanted.empty() && targets.size() == 1) return std::move(targets.front());
  std::string names;
  for (Target& target : targets) {
    if (!wanted.empty() && (target.name == wanted || target.path.ends_with("/" + wanted))) return std::move(target);
    if (names.size() < kMaxShownNames) names += (names.empty() ? "" : ", ") + target.name;
  }
  if (targets.empty()) return fail(Errc::kNotFound, "you have no desktop and no pool: ask an administrator for one");
  return fail(Errc::kNotFound, wanted.empty()
                                   ? std::format("which one? there are {}", names)
                                   : std::format("there is no pool or desktop {}; there are {}", wanted, names));
}

Result<std::string> find_pool(Portal& portal, const std::string& wanted) {
  if (is_uuid(wanted)) return wanted;
  TOBARI_ASSIGN(const Json answer, portal.call("GET", "/pools"));
  std::string names;
  for (const Json& pool : answer.value("pools", Json::array())) {
    if (pool.value("name", "") == wanted) return pool.value("id", "");
    names += (names.empty() ? "" : ", ") + pool.value("name", "");
  }
  return fail(Errc::kNotFound,
              std::format("there is no pool {}{}{}", wanted, names.empty() ? "" : "; there are ", names));
}

}  // namespace tobari::cli
