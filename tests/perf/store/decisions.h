// SPDX-License-Identifier: GPL-3.0-or-later
// What the control core takes for its decisions in a filled store: where a new desktop goes, who gets which, a sweep.
#pragma once

#include "measure.h"

namespace tobari::broker {

// Of pools that are floating. Takes spares, and makes desktops.
void measure_decisions(Bench& bench);

}  // namespace tobari::broker
