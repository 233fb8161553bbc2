// SPDX-License-Identifier: GPL-3.0-or-later
// watermark_trial: how many distorted pictures are read back, and how many unmarked ones are misread.
#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <format>
#include <mutex>
#include <print>
#include <string_view>
#include <thread>
#include <vector>

#include <tobari/watermark/mark_reader.h>

#include "trial.h"

namespace {

using tobari::display::testing::Trial;

struct Range {
  std::size_t from = 0;
  std::size_t to = 0;
};

bool parse(const char* text, std::size_t& number) {
  const auto [end, error] = std::from_chars(text, text + std::strlen(text), number);
  return error == std::errc{} && *end == '\0';
}

// Runs all of them on all cores; the number of those that went as they should.
template <class Make, class Check>
std::size_t run(const Range& range, const Make& make, const Check& check) {
  std::atomic<std::size_t> next = range.from;
  std::atomic<std::size_t> right = 0;
  std::mutex printing;
  std::vector<std::jthread> threads;
  for (unsigned i = 0; i < std::max(1u, std::thread::hardware_concurrency()); ++i) {
    threads.emplace_back([&next, &right, &printing, &range, &make, &check] {
      for (;;) {
        const std::size_t index = next++;
        if (index >= range.to) return;
        const Trial trial = make(index);
        const auto reading = tobari::watermark::read_mark(trial.picture);
        const bool good = check(trial, reading);
        if (good) ++right;
        const std::scoped_lock lock(printing);
        std::println(
            "{} {:4} {}{}", good ? "ok    " : "FAILED", index, trial.what,
            reading ? std::format(" (scale {:.2f}, {:.1f} deviations)", reading->scale, reading->certainty) : "");
        std::fflush(stdout);
      }
    });
  }
  threads.clear();
  return right;
}

}  // namespace

int main(int argc, char** argv) {
  namespace testing = tobari::display::testing;
  Range range;
  const std::string_view kind = argc > 1 ? argv[1] : "";
  const bool ranged = argc == 4 && parse(argv[2], range.from) && parse(argv[3], range.to);
  if ((kind != "distorted" && kind != "unmarked") || !ranged) {
    std::println(stderr,
                 "usage: watermark_trial distorted|unmarked FROM TO\n\n200 distorted pictures are every desktop with "
                 "every distortion once: watermark_trial distorted 0 200");
    return 2;
  }
  const std::size_t count = range.to - range.from;
  std::size_t right = 0;
  if (kind == "distorted") {
    right = run(range, testing::distorted,
                [](const Trial& trial, const auto& reading) { return reading && reading->number == trial.number; });
    std::println("{} of {} read back", right, count);
  } else {
    right = run(range, testing::unmarked, [](const Trial& /*trial*/, const auto& reading) { return !reading; });
    std::println("{} false reads in {}", count - right, count);
  }
  return right == count ? 0 : 1;
}
