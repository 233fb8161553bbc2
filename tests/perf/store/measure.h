// SPDX-License-Identifier: GPL-3.0-or-later
// How long one thing takes in a filled store, done again and again with desktops and users of chance.
#pragma once

#include <chrono>
#include <cstddef>
#include <expected>
#include <functional>
#include <random>
#include <string>

#include <tobari/base/clock.h>
#include <tobari/base/result.h>

#include "filled_store.h"
#include "store/state_store.h"

namespace tobari::broker {

struct Bench {
  StateStore& store;
  const Filled& filled;
  const Clock& clock;
  std::size_t runs;
  std::mt19937 chance{1};

  template <class List>
  const auto& any(const List& list) {
    return list[std::uniform_int_distribution<std::size_t>(0, list.size() - 1)(chance)];
  }
  const Desktop& any_assigned() {
    for (;;) {
      if (const Desktop& desktop = any(filled.desktops); !desktop.user.empty()) return desktop;
    }
  }
};

// False, and said on the error output, when it is an error.
[[nodiscard]] bool fits(const Result<void>& result);

[[nodiscard]] double milliseconds(std::chrono::steady_clock::duration time);

// bench.runs times, and a line of what it took; ends the program at the first error.
void measure(Bench& bench, const char* what, const std::function<Result<void>(Bench&)>& body);

// What a connect stores, with its record.
[[nodiscard]] Result<void> open_session(Bench& bench, const Desktop& desktop, const std::string& user_name);

template <class Question>
Result<void> ask(Bench& bench, Question&& question) {
  const auto answer = bench.store.get(question);
  if (!answer.has_value()) return std::unexpected<Error>(answer.error());
  return {};
}

}  // namespace tobari::broker
