// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/observation.h"

#include <string>
#include <utility>

#include "metrics/machine.h"

namespace tobari::vmhost {
namespace {

constexpr std::chrono::milliseconds kPatience{1'000};

template <class Number>
double number(Number count) {
  return static_cast<double>(count);
}

void show_displays(const DisplayTotals& totals, metrics::Scrape& scrape) {
  scrape.value(metric::kObserved, number(totals.observed_ms) / 1000);
  scrape.value(metric::kFrames, number(totals.frames));
  scrape.value(metric::kAcknowledged, number(totals.frames_acknowledged));
  for (std::size_t i = 0; i < kCodecs.size(); ++i) {
    const metrics::Labels codec{{"codec", std::string(kCodecs[i])}};
    scrape.value(metric::kCommands, number(totals.codecs[i].commands), codec);
    scrape.value(metric::kBytes, number(totals.codecs[i].bytes), codec);
    scrape.value(metric::kPixels, number(totals.codecs[i].pixels), codec);
  }
  scrape.histogram(metric::kEncodeTime, totals.encode.buckets());
  scrape.histogram(metric::kAcknowledgeTime, totals.acknowledge.buckets());
  for (std::size_t screen = 0; screen < totals.input.size(); ++screen) {
    if (screen > 0 && totals.input[screen].count() == 0) continue;
    scrape.histogram(metric::kInputTime, totals.input[screen].buckets(), {{"screen", std::to_string(screen)}});
  }
}

}  // namespace

Observation::Observation(Parts parts)
    : parts_(std::move(parts)),
      ask_loop_(
          "the event loop",
          [&loop = parts_.loop](auto task) {
            loop.post(std::move(task));
            return true;
          },
          [this]() -> Result<Figures> { return look(); }, kPatience) {}

Result<std::unique_ptr<Observation>> Observation::start(const net::Endpoint& listen, Parts parts) {
  std::unique_ptr<Observation> made(new Observation(std::move(parts)));
  Observation* const at = made.get();
  metrics::Registry& registry = at->parts_.metrics.registry();
  registry.look([at](metrics::Scrape& scrape) { return at->scrape(scrape); });
  metrics::StatusPages pages;
  pages.metrics = [&registry]() -> Result<std::string> { return registry.text(); };
  pages.alive = [at]() -> Result<void> {
    TOBARI_TRY(at->ask_loop_.ask());
    return {};
  };
  pages.ready = {{"agent", pages.alive},
                 {"broker",
                  [at]() -> Result<void> {
                    TOBARI_ASSIGN(const Figures figures, at->ask_loop_.ask());
                    if (!figures.broker_connected) return fail(Errc::kUnavailable, "there is no connection to it");
                    return {};
                  }},
                 {"hypervisor", [at]() -> Result<void> {
                    TOBARI_ASSIGN(const Figures figures, at->ask_loop_.ask());
                    if (!figures.agent.hypervisor_up) return fail(Errc::kUnavailable, figures.agent.hypervisor_error);
                    return {};
                  }}};
  TOBARI_ASSIGN(made->server_, metrics::StatusServer::start(listen, std::move(pages)));
  return made;
}

Observation::Figures Observation::look() const {
  Figures figures{.agent = parts_.agent.figures(),
                  .front = parts_.front.counts(),
                  .front_waiting = parts_.front.half_open(),
                  .broker_connected = parts_.broker_connected(),
                  .displays = parts_.displays.totals(),
                  .display_ends = parts_.displays.ends(),
                  .adopted = parts_.displays.taken_over()};
  for (const auto& [name, display] : parts_.displays.displays()) {
    ++figures.processes;
    if (display.newest.connected()) ++figures.clients;
    figures.unsent_bytes += display.newest.unsent_bytes();
    figures.in_flight += display.newest.in_flight();
  }
  return figures;
}

Result<void> Observation::scrape(metrics::Scrape& scrape) {
  TOBARI_ASSIGN(const MachineUse machine, look_at_machine());
  scrape.value(metric::kCpus, machine.cpus);
  scrape.value(metric::kMemory, number(machine.memory_bytes), {{"of", "total"}});
  scrape.value(metric::kMemory, number(machine.available_bytes), {{"of", "available"}});
  TOBARI_ASSIGN(const Figures figures, ask_loop_.ask());
  const auto desktops = [&scrape](const char* state, std::size_t count) {
    scrape.value(metric::kDesktops, number(count), {{"state", state}});
  };
  desktops("stopped", figures.agent.stopped);
  desktops("starting", figures.agent.starting);
  desktops("running", figures.agent.running);
  desktops("failed", figures.agent.failed);
  scrape.value(metric::kCloneMemory, number(figures.agent.clones_private_mib << 20U), {{"of", "private"}});
  scrape.value(metric::kCloneMemory, number(figures.agent.clones_shared_mib << 20U), {{"of", "shared"}});
  scrape.value(metric::kHypervisorUp, figures.agent.hypervisor_up ? 1 : 0);
  scrape.value(metric::kBrokerUp, figures.broker_connected ? 1 : 0);
  scrape.value(metric::kLeaseLeft, figures.agent.lease_seconds);
  scrape.value(metric::kFrontClients, number(figures.front.delivered), {{"outcome", "delivered"}});
  scrape.value(metric::kFrontClients, number(figures.front.refused), {{"outcome", "refused"}});
  scrape.value(metric::kFrontWaiting, number(figures.front_waiting));
  scrape.value(metric::kDisplays, number(figures.processes));
  scrape.value(metric::kDisplayEnds, number(figures.display_ends));
  scrape.value(metric::kAdopted, number(figures.adopted));
  scrape.value(metric::kConnected, number(figures.clients));
  scrape.value(metric::kUnsent, number(figures.unsent_bytes));
  scrape.value(metric::kInFlight, number(figures.in_flight));
  show_displays(figures.displays, scrape);
  return {};
}

}  // namespace tobari::vmhost
