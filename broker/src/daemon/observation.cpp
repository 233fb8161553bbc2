// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/observation.h"

#include <algorithm>
#include <utility>

#include "metrics/catalogue.h"
#include "store/schema.h"

namespace tobari::broker {
namespace {

constexpr std::chrono::milliseconds kPatience{2'000};
constexpr std::size_t kMaxPools = 256;  // that have metrics; by name

double number(std::uint64_t count) { return static_cast<double>(count); }

}  // namespace

Observation::Observation(const Parts& parts)
    : parts_(parts),
      ask_store_(
          "the database", [&workers = parts.workers](auto task) { return workers.post(std::move(task)); },
          [this] { return read_store(); }, kPatience) {}

Result<std::unique_ptr<Observation>> Observation::start(const net::Endpoint& listen, const Parts& parts) {
  std::unique_ptr<Observation> made(new Observation(parts));
  Observation* const at = made.get();
  parts.metrics.registry().look([at](metrics::Scrape& scrape) -> Result<void> {
    at->look_at_hosts(scrape);
    at->look_at_store(scrape);
    return {};
  });
  metrics::StatusPages pages;
  pages.metrics = [&registry = parts.metrics.registry()]() -> Result<std::string> { return registry.text(); };
  pages.alive = []() -> Result<void> { return {}; };
  pages.ready = {{"database", [at]() -> Result<void> {
                    TOBARI_TRY(at->ask_store_.ask());
                    return {};
                  }}};
  TOBARI_ASSIGN(made->server_, metrics::StatusServer::start(listen, std::move(pages)));
  return made;
}

Result<Observation::StoreFigures> Observation::read_store() const {
  return parts_.store.get([this](const Reader& reader) -> Result<StoreFigures> {
    StoreFigures figures;
    TOBARI_ASSIGN(figures.sessions, reader.session_counts(parts_.clock.wall()));
    TOBARI_ASSIGN(const auto hosts, reader.hosts());
    figures.hosts = hosts.size();
    TOBARI_ASSIGN(const ChainHead head, reader.audit_head());
    figures.audit = head.sequence;
    TOBARI_ASSIGN(auto pools, reader.pools());
    pools.resize(std::min(pools.size(), kMaxPools));
    for (Pool& pool : pools) {
      TOBARI_ASSIGN(const PoolFill fill, reader.pool_fill(pool.id));
      figures.pools.push_back({std::move(pool), fill});
    }
    return figures;
  });
}

void Observation::look_at_hosts(metrics::Scrape& scrape) const {
  const DesktopCensus census = parts_.hosts.census();
  scrape.value(metric::kDesktops, number(census.stopped), {{"state", "stopped"}});
  scrape.value(metric::kDesktops, number(census.starting), {{"state", "starting"}});
  scrape.value(metric::kDesktops, number(census.running), {{"state", "running"}});
  scrape.value(metric::kDesktops, number(census.failed), {{"state", "failed"}});
  const std::chrono::duration<double> oldest = parts_.control.oldest_lease();
  scrape.value(metric::kLeaseAge, oldest.count());
}

void Observation::look_at_store(metrics::Scrape& scrape) {
  const auto figures = ask_store_.ask();
  scrape.value(metric::kDatabaseUp, figures ? 1 : 0);
  // Opening the database has brought it there.
  scrape.value(metric::kSchema, number(schema_steps().size()));
  if (figures) show(*figures, scrape);
}

void Observation::show(const StoreFigures& figures, metrics::Scrape& scrape) const {
  scrape.value(metric::kSessions, number(figures.sessions.offered), {{"state", "offered"}});
  scrape.value(metric::kSessions, number(figures.sessions.connected), {{"state", "connected"}});
  const std::uint64_t connected = std::min<std::uint64_t>(parts_.hosts.connected(), figures.hosts);
  scrape.value(metric::kHosts, number(connected), {{"state", "connected"}});
  scrape.value(metric::kHosts, number(figures.hosts - connected), {{"state", "away"}});
  for (const PoolFigures& each : figures.pools) {
    const auto desktops = [&](const char* state, std::uint32_t count) {
      scrape.value(metric::kPoolDesktops, count, {{"pool", each.pool.name}, {"state", state}});
    };
    desktops("assigned", each.fill.assigned);
    desktops("spare", each.fill.desktops - std::min(each.fill.assigned, each.fill.desktops));
    desktops("leaving", each.fill.leaving);
    const auto limit = [&](const char* which, std::uint32_t count) {
      scrape.value(metric::kPoolLimit, count, {{"pool", each.pool.name}, {"limit", which}});
    };
    limit("min", each.pool.min);
    limit("max", each.pool.max);
    limit("spares", each.pool.spares);
  }
  scrape.value(metric::kAuditRecords, number(figures.audit));
  const auto lag = [&](const char* behind, std::uint64_t known) {
    scrape.value(metric::kAuditLag, number(figures.audit - std::min(known, figures.audit)), {{"behind", behind}});
  };
  lag("signed_head", parts_.heads.sequence.load());
  lag("export", parts_.metrics.audit_read());
  const std::chrono::duration<double> age = parts_.clock.now() - parts_.heads.looked_at.load();
  scrape.value(metric::kAuditHeadAge, age.count());
}

}  // namespace tobari::broker
