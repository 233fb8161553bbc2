// SPDX-License-Identifier: GPL-3.0-or-later
#include "find_desktop.h"

#include <format>

#include <tobari/base/random.h>

namespace tobari::cli {

Result<std::string> find_desktop(Portal& portal, const std::string& wanted) {
  if (is_uuid(wanted)) return wanted;
  TOBARI_ASSIGN(const Json answer, portal.call("GET", "/desktops"));
  const Json list = answer.value("desktops", Json::array());
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
