// SPDX-License-Identifier: GPL-3.0-or-later
#include <prometheus/registry.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <prometheus/counter.h>
#include <prometheus/histogram.h>
#include <prometheus/text_serializer.h>

#include <tobari/base/invariant.h>
#include <tobari/base/log.h>
#include <tobari/metrics/metrics.h>

#include "metrics/process.h"

namespace tobari::metrics {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;

prometheus::MetricType type_of(Kind kind) {
  switch (kind) {
    case Kind::kCounter:
      return prometheus::MetricType::Counter;
    case Kind::kGauge:
      return prometheus::MetricType::Gauge;
    case Kind::kHistogram:
      break;
  }
  return prometheus::MetricType::Histogram;
}

MetricFamily family_of(const Definition& definition) {
  MetricFamily family;
  family.name = definition.name;
  family.help = definition.help;
  family.type = type_of(definition.kind);
  return family;
}

prometheus::Labels to_prometheus(const Labels& labels) { return {labels.begin(), labels.end()}; }

ClientMetric labelled(Labels&& labels) {
  ClientMetric metric;
  for (auto& [name, value] : labels) metric.label.push_back({.name = std::move(name), .value = std::move(value)});
  return metric;
}

}  // namespace

void Counter::add(double n) const noexcept { at_->Increment(n); }
void Histogram::observe(std::chrono::duration<double> time) const noexcept { at_->Observe(time.count()); }

// ---- what is looked up

struct Scrape::Families {
  std::map<std::string_view, std::vector<ClientMetric>> by_name;
};

Scrape::Scrape() : families_(std::make_unique<Families>()) {}
Scrape::~Scrape() = default;

void Scrape::value(const Definition& of, double value, Labels labels) {
  TOBARI_INVARIANT(of.kind != Kind::kHistogram);
  ClientMetric metric = labelled(std::move(labels));
  if (of.kind == Kind::kCounter) {
    metric.counter.value = value;
  } else {
    metric.gauge.value = value;
  }
  families_->by_name[of.name].push_back(std::move(metric));
}

void Scrape::histogram(const Definition& of, const BucketCounts& counts, Labels labels) {
  TOBARI_INVARIANT(of.kind == Kind::kHistogram);
  TOBARI_INVARIANT(counts.counts.size() == counts.bounds.size() + 1);
  ClientMetric metric = labelled(std::move(labels));
  std::uint64_t below = 0;
  for (std::size_t i = 0; i < counts.counts.size(); ++i) {
    below += counts.counts[i];
    const double bound = i < counts.bounds.size() ? counts.bounds[i] : HUGE_VAL;
    metric.histogram.bucket.push_back({.cumulative_count = below, .upper_bound = bound});
  }
  metric.histogram.sample_count = below;
  metric.histogram.sample_sum = counts.sum;
  families_->by_name[of.name].push_back(std::move(metric));
}

// ---- what is recorded

struct Registry::Parts {
  std::string program;
  std::vector<Definition> catalogue;
  mutable std::mutex mutex;
  prometheus::Registry recorded;
  std::map<std::string_view, prometheus::Family<prometheus::Counter>*> counters;
  std::map<std::string_view, prometheus::Family<prometheus::Histogram>*> histograms;
  std::vector<Look> looks;

  [[nodiscard]] bool knows(std::string_view name) const {
    return std::ranges::contains(catalogue, name, &Definition::name);
  }
};

Registry::Registry(std::string_view program, std::span<const Definition> catalogue)
    : parts_(std::make_unique<Parts>()) {
  parts_->program = program;
  parts_->catalogue.assign(catalogue.begin(), catalogue.end());
  const auto process = process_catalogue();
  parts_->catalogue.insert(parts_->catalogue.end(), process.begin(), process.end());
  look([program = parts_->program](Scrape& scrape) { return look_at_process(program, scrape); });
}

Registry::~Registry() = default;

Counter Registry::counter(const Definition& of, const Labels& labels) {
  TOBARI_INVARIANT(of.kind == Kind::kCounter && parts_->knows(of.name));
  const std::scoped_lock lock(parts_->mutex);
  auto& family = parts_->counters[of.name];
  if (family == nullptr) {
    family =
        &prometheus::BuildCounter().Name(std::string(of.name)).Help(std::string(of.help)).Register(parts_->recorded);
  }
  return Counter(family->Add(to_prometheus(labels)));
}

Histogram Registry::histogram(const Definition& of, const Labels& labels, std::span<const double> bounds) {
  TOBARI_INVARIANT(of.kind == Kind::kHistogram && parts_->knows(of.name));
  const std::scoped_lock lock(parts_->mutex);
  auto& family = parts_->histograms[of.name];
  if (family == nullptr) {
    family =
        &prometheus::BuildHistogram().Name(std::string(of.name)).Help(std::string(of.help)).Register(parts_->recorded);
  }
  return Histogram(
      family->Add(to_prometheus(labels), prometheus::Histogram::BucketBoundaries(bounds.begin(), bounds.end())));
}

void Registry::look(Look look) { parts_->looks.push_back(std::move(look)); }

std::string Registry::text() const {
  Scrape scrape;
  for (const Look& look : parts_->looks) {
    if (const auto looked = look(scrape); !looked) {
      log::warning("metrics are not complete", {{"why", looked.error().message}});
    }
  }
  std::map<std::string_view, MetricFamily> all;
  for (const Definition& each : parts_->catalogue) all.emplace(each.name, family_of(each));
  auto& looked_up = scrape.families_->by_name;
  for (MetricFamily& family : parts_->recorded.Collect()) {
    auto& metrics = looked_up[all.find(family.name)->first];
    std::ranges::move(family.metric, std::back_inserter(metrics));
  }
  std::vector<MetricFamily> written;
  for (auto& [name, metrics] : looked_up) {
    TOBARI_INVARIANT(all.contains(name));
    all.find(name)->second.metric = std::move(metrics);
  }
  for (auto& [name, family] : all) written.push_back(std::move(family));
  return prometheus::TextSerializer().Serialize(written);
}

std::vector<Definition> Registry::all() const { return parts_->catalogue; }

}  // namespace tobari::metrics
