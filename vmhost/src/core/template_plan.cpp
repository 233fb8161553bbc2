// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/template_plan.h"

#include <algorithm>

namespace tobari::vmhost {

TemplatePlan plan_templates(std::span<const WantedTemplate> wanted, std::span<const KeptTemplate> kept) {
  TemplatePlan plan;
  std::set<DesktopId> used;
  bool all_known = true;
  for (const WantedTemplate& each : wanted) {
    if (each.fingerprint.empty()) {
      all_known = false;
      continue;
    }
    const auto fits = std::ranges::find_if(
        kept, [&each](const KeptTemplate& one) { return one.usable && one.fingerprint == each.fingerprint; });
    if (fits != kept.end()) {
      plan.use.emplace(each.id, fits->generation);
      used.insert(fits->generation);
    } else if (!each.held && !plan.make) {
      plan.make = each.id;
    }
  }
  // While it is not known what one of the wanted looks like, it may be any of those.
  if (!all_known) return plan;
  for (const KeptTemplate& one : kept) {
    if (!used.contains(one.generation)) plan.nobody_wants_now.push_back(one.generation);
  }
  return plan;
}

}  // namespace tobari::vmhost
