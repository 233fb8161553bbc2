// SPDX-License-Identifier: GPL-3.0-or-later
// What happens, in words, for whoever replays a seed. Ask on() first: words cost more than what they tell of.
#pragma once

#include <format>
#include <ostream>
#include <utility>

#include "engine.h"

namespace tobari::sim {

class Trace {
 public:
  Trace(const Engine& engine, std::ostream* out) : engine_(engine), out_(out) {}

  [[nodiscard]] bool on() const noexcept { return out_ != nullptr; }
  template <class... Args>
  void say(std::format_string<Args...> text, Args&&... args) {
    *out_ << std::format("{:11.6f}  ", seconds_of(engine_.now())) << std::format(text, std::forward<Args>(args)...)
          << '\n';
  }

 private:
  const Engine& engine_;
  std::ostream* const out_;
};

}  // namespace tobari::sim
