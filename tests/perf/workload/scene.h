// SPDX-License-Identifier: GPL-3.0-or-later
// A scene is one kind of work on a desktop, drawn step by step. The same steps always draw the same.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "canvas.h"

namespace tobari::workload {

// The topmost rows are for marks and the echo of keys: scenes leave them alone.
inline constexpr int kTop = 48;

class Scene {
 public:
  virtual ~Scene() = default;
  virtual void begin(Canvas& canvas) = 0;             // draws all of it; need not put
  virtual void step(Canvas& canvas, int number) = 0;  // draws and puts what changes
  [[nodiscard]] virtual int frames_a_second() const { return 30; }
  [[nodiscard]] virtual Box moving(const Canvas& canvas) const {  // where pictures are compared while they move
    return {0, kTop, canvas.width(), canvas.height() - kTop};
  }
};

struct SceneKind {
  std::string_view name;
  std::string_view what;
  std::unique_ptr<Scene> (*make)();
};
[[nodiscard]] const std::vector<SceneKind>& scenes();

std::unique_ptr<Scene> make_idle();
std::unique_ptr<Scene> make_typing();
std::unique_ptr<Scene> make_wheel();
std::unique_ptr<Scene> make_pages();
std::unique_ptr<Scene> make_terminal();
std::unique_ptr<Scene> make_dashboard();
std::unique_ptr<Scene> make_office();
std::unique_ptr<Scene> make_window_move();
std::unique_ptr<Scene> make_photo();
std::unique_ptr<Scene> make_video_window();
std::unique_ptr<Scene> make_video_full();

// A linear congruential generator: the numbers are the same on every machine.
class Dice {
 public:
  explicit Dice(std::uint32_t seed = 12345) : state_(seed) {}
  std::uint32_t roll() { return (state_ = state_ * 1664525U + 1013904223U) >> 8; }
  int below(int n) { return static_cast<int>(roll() % static_cast<std::uint32_t>(n)); }
  double unit() { return static_cast<double>(roll() & 0xFFFF) / 65536.0; }

 private:
  std::uint32_t state_;
};

// Prose in lines of at most so many characters; the same whoever asks.
[[nodiscard]] const std::vector<std::string>& prose();

}  // namespace tobari::workload
