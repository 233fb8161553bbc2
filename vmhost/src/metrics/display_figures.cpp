// SPDX-License-Identifier: GPL-3.0-or-later
#include "metrics/display_figures.h"

namespace tobari::vmhost {

void DisplayFigures::reported(const std::string& name, const wire::Statistics& statistics, Steady now) {
  Display& display = displays_[name];
  if (display.reported || !display.adopted) {
    totals_.add(statistics, display.reported ? &display.newest : nullptr);
  }
  if (display.reported) {
    display.rates = rates_between(display.newest, statistics, std::chrono::duration<double>(now - display.at).count());
  }
  display.newest = statistics;
  display.at = now;
  display.reported = true;
}

}  // namespace tobari::vmhost
