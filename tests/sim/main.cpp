// SPDX-License-Identifier: GPL-3.0-or-later
// tobari-sim: many seeds, or one of them in words.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <format>
#include <iostream>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "world.h"

namespace tobari::sim {
namespace {

constexpr std::string_view kUsage =
    "usage: tobari-sim --seeds FIRST:LAST [--jobs N]   run them, and print what is wrong\n"
    "       tobari-sim --seed N [--trace]               one, and what happens in it\n";
constexpr std::uint64_t kMostJobs = 256;

struct Wishes {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t jobs = 1;
  bool trace = false;
};

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

std::optional<Wishes> wishes_of(const std::vector<std::string_view>& words) {
  Wishes wishes;
  bool which = false;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--trace") {
      wishes.trace = true;
      continue;
    }
    if (i + 1 == words.size()) return std::nullopt;
    const std::string_view value = words[i + 1];
    const std::size_t colon = value.find(':');
    const auto first = number_of(value.substr(0, colon));
    const auto last = colon == std::string_view::npos ? first : number_of(value.substr(colon + 1));
    if (!first || !last || *last < *first) return std::nullopt;
    if (words[i] == "--jobs") {
      wishes.jobs = std::clamp<std::uint64_t>(*first, 1, kMostJobs);
    } else if (words[i] == "--seed" || words[i] == "--seeds") {
      wishes.first = *first;
      wishes.last = *last;
      which = true;
    } else {
      return std::nullopt;
    }
    ++i;
  }
  return which ? std::optional(wishes) : std::nullopt;
}

void print(std::uint64_t seed, const Verdict& verdict) {
  for (const Violation& each : verdict.violations) {
    std::cout << std::format("seed {}: {} at {:.3f} s: {}\n", seed, to_string(each.rule), seconds_of(each.at),
                             each.what);
  }
}

class Totals {
 public:
  void add(std::uint64_t seed, const Verdict& verdict) {
    const std::scoped_lock lock(mutex_);
    print(seed, verdict);
    bad_ += verdict.violations.empty() ? 0 : 1;
    steps_ += verdict.steps;
    length_ += seconds_of(verdict.length);
    counts_.acknowledged += verdict.counts.acknowledged;
    counts_.given_back += verdict.counts.given_back;
    counts_.hosts_lost += verdict.counts.hosts_lost;
    counts_.given_anew += verdict.counts.given_anew;
    counts_.started += verdict.counts.started;
  }
  int finish(std::uint64_t seeds, double seconds) const {
    std::cout << std::format(
        "{} seeds, {} with a violation; {:.0f} hours, {} steps; {} connections acknowledged, {} desktops given back, "
        "{} hosts lost, {} desktops given up with them, machines began to run {} times; {:.0f} seeds a second\n",
        seeds, bad_, length_ / 3600, steps_, counts_.acknowledged, counts_.given_back, counts_.hosts_lost,
        counts_.given_anew, counts_.started, static_cast<double>(seeds) / std::max(seconds, 0.001));
    return bad_ == 0 ? 0 : 1;
  }

 private:
  std::mutex mutex_;
  std::uint64_t bad_ = 0;
  std::uint64_t steps_ = 0;
  double length_ = 0;
  Counts counts_;
};

int run_all(const Wishes& wishes) {
  const auto began = std::chrono::steady_clock::now();
  Totals totals;
  std::atomic<std::uint64_t> next{wishes.first};
  {
    std::vector<std::jthread> workers;
    for (std::uint64_t i = 0; i < wishes.jobs; ++i) {
      workers.emplace_back([&next, &totals, last = wishes.last] {
        for (std::uint64_t seed = next++; seed <= last; seed = next++) totals.add(seed, run_seed(seed));
      });
    }
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;
  return totals.finish(wishes.last - wishes.first + 1, took.count());
}

int run_one(const Wishes& wishes) {
  const Verdict verdict = run_seed(wishes.first, {}, wishes.trace ? &std::cout : nullptr);
  print(wishes.first, verdict);
  std::cout << std::format("seed {}: {:.1f} s, {} steps, fingerprint {:016x}, {} violations\n", wishes.first,
                           seconds_of(verdict.length), verdict.steps, verdict.fingerprint, verdict.violations.size());
  return verdict.violations.empty() ? 0 : 1;
}

}  // namespace
}  // namespace tobari::sim

int main(int argc, char** argv) {
  const auto wishes = tobari::sim::wishes_of({argv + 1, argv + argc});
  if (!wishes) {
    std::cerr << tobari::sim::kUsage;
    return 2;
  }
  return wishes->first == wishes->last ? tobari::sim::run_one(*wishes) : tobari::sim::run_all(*wishes);
}
