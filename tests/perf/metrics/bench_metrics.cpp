// SPDX-License-Identifier: GPL-3.0-or-later
// What recording costs where it happens, and what a scrape costs (docs/PERFORMANCE.md).
#include <benchmark/benchmark.h>

#include "metrics/broker_metrics.h"
#include "metrics/display_figures.h"

namespace {

using namespace std::chrono_literals;

void observe_a_phase(benchmark::State& state) {
  static tobari::broker::BrokerMetrics metrics;
  for (auto _ : state) metrics.login_phase(tobari::broker::LoginPhase::kPolicy, 3ms);
}
BENCHMARK(observe_a_phase)->Threads(1)->Threads(2);

void count_a_request(benchmark::State& state) {
  static tobari::broker::BrokerMetrics metrics;
  const std::string method = "POST", route = "/api/v1/desktops/{id}/connect";
  for (auto _ : state) metrics.request(method, route, 200, 3ms);
}
BENCHMARK(count_a_request)->Threads(1)->Threads(2);

// 40 routes that were asked with three outcomes each: a broker that has run for a while.
void scrape_a_broker(benchmark::State& state) {
  tobari::broker::BrokerMetrics metrics;
  for (int route = 0; route < 40; ++route) {
    for (const int status : {200, 404, 503})
      metrics.request("GET", "/api/v1/route" + std::to_string(route), status, 3ms);
  }
  std::size_t bytes = 0;
  for (auto _ : state) bytes = metrics.registry().text().size();
  state.counters["bytes"] = static_cast<double>(bytes);
}
BENCHMARK(scrape_a_broker);

// What the agent does with a display's report every ten seconds.
void add_a_displays_report(benchmark::State& state) {
  tobari::vmhost::DisplayFigures figures;
  tobari::wire::Statistics report;
  for (int i = 0; i < 150; ++i) {
    report.mutable_encode_us()->add_counts(7);
    report.mutable_acknowledge_us()->add_counts(7);
  }
  for (int screen = 0; screen < 4; ++screen) *report.add_input_us() = report.encode_us();
  for (const char* codec : {"clear", "avc420", "planar", "solid", "copy"}) {
    tobari::wire::CodecUse& use = *report.add_codecs();
    use.set_codec(codec);
    use.set_pixels(1'000'000);
  }
  tobari::vmhost::DisplayFigures::Steady now{};
  for (auto _ : state) {
    report.set_frames(report.frames() + 300);
    figures.reported("0190a3b2-5f1e-4c6d-9b7a-2f3e4d5c6b7a", report, now += 10s);
  }
}
BENCHMARK(add_a_displays_report);

}  // namespace

BENCHMARK_MAIN();
