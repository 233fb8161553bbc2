// SPDX-License-Identifier: GPL-3.0-or-later
// A terminal's second screen, for as long as this lives: what was there before is there again afterwards, also after
// Ctrl-C or SIGTERM.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <termios.h>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

#include "top_view.h"

namespace tobari::cli {

class LiveTerminal {
 public:
  enum class Event { kTime, kResized, kKey, kEnd };
  struct Happened {
    Event event = Event::kTime;
    char key = 0;
  };

  [[nodiscard]] static bool possible();  // standard input and output are one
  // Before any other thread begins: those would be given the signals that are to be waited for.
  static void hold_signals();
  [[nodiscard]] static Result<LiveTerminal> open();
  LiveTerminal(LiveTerminal&& other) noexcept;
  LiveTerminal& operator=(LiveTerminal&&) = delete;
  ~LiveTerminal();

  void draw(const std::string& lines) const;
  [[nodiscard]] static TopScreen::Size size();
  // Until something happens, or the time is over.
  [[nodiscard]] Happened wait(std::chrono::milliseconds time) const;

 private:
  LiveTerminal(UniqueFd signals, const termios& before) : signals_(std::move(signals)), before_(before) {}

  UniqueFd signals_;
  std::optional<termios> before_;  // nothing: moved away
};

}  // namespace tobari::cli
