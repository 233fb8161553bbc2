// SPDX-License-Identifier: GPL-3.0-or-later
#include <array>

#include "scene.h"

namespace tobari::workload {

const std::vector<SceneKind>& scenes() {
  static const std::vector<SceneKind> kAll{
      {"typing", "12 letters a second in a page of text", make_typing},
      {"wheel", "a document moves by three lines, 30 times a second", make_wheel},
      {"pages", "a document turns pages, three a second", make_pages},
      {"dashboard", "400 prices and four charts, 20 times a second", make_dashboard},
      {"office", "menus, dialogs, a spreadsheet, windows in turn", make_office},
      {"window-move", "a window of text is dragged, 30 steps a second", make_window_move},
      {"photo", "photographs: shown, zoomed, at rest", make_photo},
      {"video-window", "1280x720 at 30 frames a second", make_video_window},
      {"video-full", "the whole screen at 30 frames a second", make_video_full},
      {"terminal", "a terminal full of new lines, 30 times a second", make_terminal},
      {"idle", "nothing happens", make_idle},
      {"key", "nothing but the echo of keys", make_idle},
  };
  return kAll;
}

// Words of uneven length in a fixed order: made up, so that no file is needed and every machine has the same.
const std::vector<std::string>& prose() {
  static const std::vector<std::string> kLines = [] {
    static constexpr std::array kWords{
        "the",   "screen", "of",     "a",       "distant",  "machine", "is",      "shown",  "here",    "while",
        "every", "letter", "that",   "changes", "travels",  "alone",   "between", "them",   "and",     "nothing",
        "is",    "sent",   "twice",  "unless",  "somebody", "asked",   "for",     "it;",    "quietly", "Windows",
        "move,", "pages",  "turn,",  "prices",  "flash",    "(green)", "or",      "red",    "at",      "1,204.75",
        "per",   "cent",   "before", "noon.",   "We",       "measure", "what",    "arrives"};
    Dice dice(7);
    std::vector<std::string> lines;
    for (int i = 0; i < 700; ++i) {
      std::string line;
      const std::size_t length = i % 9 == 8 ? 24 : 88 + static_cast<std::size_t>(dice.below(12));
      while (line.size() < length) {
        if (!line.empty()) line += ' ';
        line += kWords[static_cast<std::size_t>(dice.below(static_cast<int>(kWords.size())))];
      }
      lines.push_back(i % 9 == 0 && i % 27 != 0 ? "" : line);
    }
    return lines;
  }();
  return kLines;
}

namespace {

class Idle final : public Scene {
 public:
  void begin(Canvas& canvas) override {
    canvas.fill({0, 0, canvas.width(), canvas.height()}, {0.18, 0.32, 0.42});
    canvas.fill({200, 150, 900, 600}, kWhite);
    for (int i = 0; i < 20; ++i) canvas.text(220, 200 + 26 * i, 16, prose()[static_cast<std::size_t>(i + 1)]);
  }
  void step(Canvas&, int) override {}
  [[nodiscard]] int frames_a_second() const override { return 0; }
};

}  // namespace

std::unique_ptr<Scene> make_idle() { return std::make_unique<Idle>(); }

}  // namespace tobari::workload
