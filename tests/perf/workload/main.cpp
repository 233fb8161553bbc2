// SPDX-License-Identifier: GPL-3.0-or-later
// tobari-workload: draws a scene on $DISPLAY, with each frame's number in it, and keeps a ledger of when each frame was
// on the screen. Bursts of motion alternate with rests; keys are answered at any time by a letter and a number.
#include <chrono>
#include <cstdio>
#include <poll.h>
#include <string>

#include <CLI/CLI.hpp>

#include "canvas.h"
#include "frames/ledger.h"
#include "frames/mark.h"
#include "scene.h"

namespace {

using namespace tobari;
using namespace tobari::workload;
using Clock = std::chrono::steady_clock;

struct Options {
  std::string scene;
  std::string ledger;
  double seconds = 10;
  double burst = 3;   // seconds of motion
  double rest = 0.8;  // and then of none
  int width = 1920;
  int height = 1080;
  int frames_a_second = 0;  // 0: the scene's own
};

Clock::duration seconds(double s) {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(s));
}

class Player {
 public:
  Player(Canvas& canvas, testing::FrameLedger& ledger) : canvas_(canvas), ledger_(ledger) {}

  // Puts the next number on the screen; what was drawn before is there then. `rests`: the picture stays for a while.
  void frame_is_drawn(bool rests) {
    ++number_;
    canvas_.flush();
    testing::draw_mark(canvas_.pixels(), canvas_.stride(), testing::kFrameMarkY, number_);
    canvas_.touch();
    ledger_.keep_sample(number_, canvas_.pixels(), canvas_.stride());
    const std::uint64_t hash = rests ? picture_hash() : 0;
    ledger_.about_to_draw(number_, Clock::now().time_since_epoch().count(), hash);
    canvas_.put({0, testing::kFrameMarkY, testing::kMarkWidth, testing::kMarkHeight});
    canvas_.settle();
    ledger_.drawn(number_, Clock::now().time_since_epoch().count());
  }
  // Until then keys are answered.
  void wait_until(Clock::time_point then) {
    for (;;) {
      answer(canvas_.take_keys());
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(then - Clock::now());
      if (left.count() <= 0) return;
      pollfd item{canvas_.connection(), POLLIN, 0};
      ::poll(&item, 1, static_cast<int>(left.count()));
    }
  }

 private:
  [[nodiscard]] std::uint64_t picture_hash() {
    return testing::picture_hash(canvas_.pixels(), canvas_.stride(), canvas_.width(), canvas_.height());
  }
  void answer(int keys) {
    for (; keys > 0; --keys) {
      ++keys_;
      const int x = testing::kMarkWidth + 20 + static_cast<int>(keys_ % 60) * 12;
      canvas_.fill({x, 8, 12, 24}, kWhite);
      canvas_.text(x, 26, 16, std::string(1, static_cast<char>('a' + keys_ % 26)));
      canvas_.flush();
      testing::draw_mark(canvas_.pixels(), canvas_.stride(), testing::kKeyMarkY, keys_);
      canvas_.touch();
      canvas_.put({x, 8, 12, 24});
      canvas_.put({0, testing::kKeyMarkY, testing::kMarkWidth, testing::kMarkHeight});
      canvas_.settle();
    }
  }
  Canvas& canvas_;
  testing::FrameLedger& ledger_;
  std::uint32_t number_ = 0;
  std::uint32_t keys_ = 0;
};

void play(const Options& options, Scene& scene, Player& player, Canvas& canvas) {
  const auto end = Clock::now() + seconds(options.seconds);
  const int rate = options.frames_a_second != 0 ? options.frames_a_second : scene.frames_a_second();
  if (rate == 0) return player.wait_until(end);
  const auto period = seconds(1.0 / rate);
  const int burst = std::max(1, static_cast<int>(options.burst * rate));
  auto due = Clock::now();
  for (int i = 0; due < end; ++i) {
    const bool rests = options.rest > 0 && i % burst == burst - 1;
    scene.step(canvas, i);
    player.frame_is_drawn(rests);
    due += rests ? seconds(options.rest) : period;
    player.wait_until(due);
  }
}

Result<void> run(const Options& options) {
  const SceneKind* kind = nullptr;
  for (const SceneKind& known : scenes())
    if (known.name == options.scene) kind = &known;
  if (kind == nullptr) return fail(Errc::kInvalidArgument, "no such scene: " + options.scene);
  TOBARI_ASSIGN(const auto canvas, Canvas::open(options.width, options.height));
  const auto scene = kind->make();
  const Box box = scene->moving(*canvas);
  TOBARI_ASSIGN(auto ledger, testing::FrameLedger::create(options.ledger, options.width, options.height,
                                                          {box.x, box.y, box.width, box.height}));
  scene->begin(*canvas);
  canvas->flush();
  testing::draw_mark(canvas->pixels(), canvas->stride(), testing::kKeyMarkY, 0);
  canvas->touch();
  Player player(*canvas, ledger);
  canvas->put_all();
  player.frame_is_drawn(true);
  std::puts("ready");
  std::fflush(stdout);
  play(options, *scene, player, *canvas);
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  Options o;
  CLI::App app{"Draws the work of a desktop on $DISPLAY, always the same"};
  std::string what = "one of:";
  for (const SceneKind& kind : scenes()) what += "\n  " + std::string(kind.name) + ": " + std::string(kind.what);
  app.add_option("scene", o.scene, what)->required();
  app.add_option("--ledger", o.ledger, "file that tells what was drawn when")->required();
  app.add_option("--seconds", o.seconds);
  app.add_option("--burst", o.burst, "seconds of motion between rests");
  app.add_option("--rest", o.rest, "seconds of rest; 0: none");
  app.add_option("--width", o.width);
  app.add_option("--height", o.height);
  app.add_option("--fps", o.frames_a_second, "frames a second (default: the scene's)");
  CLI11_PARSE(app, argc, argv);
  if (const auto done = run(o); !done) {
    std::fprintf(stderr, "tobari-workload: %s\n", done.error().message.c_str());
    return 1;
  }
  return 0;
}
