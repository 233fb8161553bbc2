// SPDX-License-Identifier: GPL-3.0-or-later
#include "find_desktop.h"

#include <format>

#include <tobari/base/random.h>

namespace tobari::cli {

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

}  // namespace tobari::cli
