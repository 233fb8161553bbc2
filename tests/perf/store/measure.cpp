// SPDX-License-Identifier: GPL-3.0-or-later
#include "measure.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <print>
#include <string>
#include <vector>

namespace tobari::broker {

bool fits(const Result<void>& result) {
  if (!result.has_value()) std::println(stderr, "{}", describe(result.error()));
  return result.has_value();
}

double milliseconds(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double, std::milli>(time).count();
}

void measure(Bench& bench, const char* what, const std::function<Result<void>(Bench&)>& body) {
  std::vector<double> times;
  for (std::size_t i = 0; i < bench.runs; ++i) {
    const auto began = std::chrono::steady_clock::now();
    if (!fits(body(bench))) std::exit(1);
    times.push_back(milliseconds(std::chrono::steady_clock::now() - began));
  }
  std::ranges::sort(times);
  std::println("  {:48} p50 {:8.2f} ms   p99 {:8.2f} ms   max {:8.2f} ms", what, times[times.size() / 2],
               times[times.size() * 99 / 100], times.back());
}

Result<void> open_session(Bench& bench, const Desktop& desktop, const std::string& user_name) {
  const Session session = new_session(desktop, SessionState::kOffered, bench.clock.wall());
  return bench.store.act([&](Writer& w) -> Result<AuditDraft> {
    TOBARI_TRY(w.add_session(session));
    return AuditDraft{.actor = user_name,
                      .action = "session.open",
                      .object = session.id.str(),
                      .client_address = "192.0.2.1",
                      .outcome = Outcome::kAllowed,
                      .rule = "all",
                      .detail = "desktop " + desktop.name};
  });
}

}  // namespace tobari::broker
