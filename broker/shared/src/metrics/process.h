// SPDX-License-Identifier: GPL-3.0-or-later
// What every program says of itself, under the names that Prometheus' own client libraries use.
#pragma once

#include <span>
#include <string>

#include <tobari/metrics/metrics.h>

namespace tobari::metrics {

[[nodiscard]] std::span<const Definition> process_catalogue();
[[nodiscard]] Result<void> look_at_process(const std::string& program, Scrape& scrape);

}  // namespace tobari::metrics
