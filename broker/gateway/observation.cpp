// SPDX-License-Identifier: GPL-3.0-or-later
#include "observation.h"

#include <string>
#include <utility>

namespace tobari::gateway {
namespace {

constexpr std::chrono::milliseconds kPatience{1'000};

template <class Number>
double number(Number count) {
  return static_cast<double>(count);
}

}  // namespace

Result<void> Observation::serve(const net::Endpoint& listen, EventLoop& loop, const Gateway& gateway,
                                const Limits& limits, Broker broker) {
  limits_ = limits;
  broker_ = std::move(broker);
  ask_loop_.emplace(
      "the event loop",
      [&loop](auto task) {
        loop.post(std::move(task));
        return true;
      },
      [&gateway]() -> Result<Figures> {
        return Figures{gateway.counters(), gateway.sessions(), gateway.unauthenticated()};
      },
      kPatience);
  registry_.look([this](metrics::Scrape& scrape) -> Result<void> {
    scrape.value(metric::kBrokerUp, broker_(std::chrono::milliseconds(0)) ? 1 : 0);
    TOBARI_ASSIGN(const Figures figures, ask_loop_->ask());
    show(figures, scrape);
    return {};
  });
  metrics::StatusPages pages;
  pages.metrics = [this]() -> Result<std::string> { return registry_.text(); };
  pages.alive = [this]() -> Result<void> {
    TOBARI_TRY(ask_loop_->ask());
    return {};
  };
  pages.ready = {{"broker", [this] { return broker_(kPatience); }}, {"gateway", pages.alive}};
  TOBARI_ASSIGN(server_, metrics::StatusServer::start(listen, std::move(pages)));
  return {};
}

std::optional<net::Endpoint> Observation::endpoint() const {
  if (!server_) return std::nullopt;
  return server_->endpoint();
}

void Observation::stop() { server_.reset(); }

void Observation::show(const Figures& figures, metrics::Scrape& scrape) const {
  const Counters& counters = figures.counters;
  scrape.value(metric::kAccepted, number(counters.accepted));
  scrape.value(metric::kRouted, number(counters.routed));
  for (std::size_t i = 0; i < counters.refused.size(); ++i) {
    scrape.value(metric::kRefused, number(counters.refused[i]), {{"reason", std::string(kRefusalNames[i])}});
  }
  scrape.value(metric::kBytes, number(counters.bytes_to_front), {{"direction", "to_host"}});
  scrape.value(metric::kBytes, number(counters.bytes_to_client), {{"direction", "to_client"}});
  scrape.value(metric::kSessions, number(figures.sessions));
  scrape.value(metric::kUnauthenticated, number(figures.unauthenticated));
  scrape.value(metric::kLimit, number(limits_.max_sessions), {{"of", "sessions"}});
  scrape.value(metric::kLimit, number(limits_.max_unauthenticated), {{"of", "unauthenticated"}});
}

}  // namespace tobari::gateway
