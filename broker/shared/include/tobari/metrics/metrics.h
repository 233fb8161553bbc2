// SPDX-License-Identifier: GPL-3.0-or-later
// What a program counts and measures, and the text that Prometheus reads (docs/OBSERVABILITY.md). A program has one
// Registry with a catalogue of all its metrics; the text names each of them, also before it has a value. Labels come
// from short lists in the code: never a name of a person, an id or anything that a client chooses.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <tobari/base/result.h>

namespace prometheus {
class Counter;
class Histogram;
}  // namespace prometheus

namespace tobari::metrics {

enum class Kind : std::uint8_t { kCounter, kGauge, kHistogram };

struct Definition {
  std::string_view name;  // [a-z_]+, the unit at its end, "_total" behind that when it is a counter
  Kind kind;
  std::string_view help;
};

using Labels = std::vector<std::pair<std::string, std::string>>;

// Upper ends of buckets in seconds, from an act of the store to a desktop that boots.
inline constexpr double kSeconds[] = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 120};

// Handles, cheap to copy, good for as long as their Registry lives. Any thread.
class Counter {
 public:
  void add(double n = 1) const noexcept;

 private:
  friend class Registry;
  explicit Counter(prometheus::Counter& at) : at_(&at) {}
  prometheus::Counter* at_;
};

class Histogram {
 public:
  void observe(std::chrono::duration<double> time) const noexcept;

 private:
  friend class Registry;
  explicit Histogram(prometheus::Histogram& at) : at_(&at) {}
  prometheus::Histogram* at_;
};

// A histogram that somebody else keeps. `counts` has one more than `bounds`: what is above the last of them.
struct BucketCounts {
  std::span<const double> bounds;
  std::span<const std::uint64_t> counts;  // of each bucket alone
  double sum = 0;
};

// Where values go that are looked up when Prometheus asks.
class Scrape {
 public:
  Scrape();
  ~Scrape();
  Scrape(const Scrape&) = delete;
  Scrape& operator=(const Scrape&) = delete;

  // Of a counter: all since the program was started.
  void value(const Definition& of, double value, Labels labels = {});
  void histogram(const Definition& of, const BucketCounts& counts, Labels labels = {});

 private:
  friend class Registry;
  struct Families;
  std::unique_ptr<Families> families_;
};

class Registry {
 public:
  // Adds what every program has: tobari_build_info, process_…. `catalogue` must outlive it.
  Registry(std::string_view program, std::span<const Definition> catalogue);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // The same for the same labels, made at the first call. `of` is in the catalogue.
  [[nodiscard]] Counter counter(const Definition& of, const Labels& labels = {});
  [[nodiscard]] Histogram histogram(const Definition& of, const Labels& labels = {},
                                    std::span<const double> bounds = kSeconds);
  // Called at each scrape, on the thread of text(). Before the first one. An error: this time without these values.
  using Look = std::function<Result<void>(Scrape&)>;
  void look(Look look);

  // In the text format 0.0.4.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] std::vector<Definition> all() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace tobari::metrics
