// SPDX-License-Identifier: GPL-3.0-or-later
// Windows: menus that open and close, dialogs, a spreadsheet that recalculates, windows that take turns or are dragged.
#include <algorithm>
#include <cairo/cairo.h>
#include <format>

#include "scene.h"

namespace tobari::workload {
namespace {

constexpr Colour kDesk{0.18, 0.32, 0.42};
constexpr Colour kBar{0.86, 0.87, 0.89};
constexpr Colour kLine{0.7, 0.72, 0.75};
constexpr Colour kChosen{0.25, 0.45, 0.8};

void desk(Canvas& canvas) {
  cairo_pattern_t* fade = cairo_pattern_create_linear(0, 0, canvas.width(), canvas.height());
  cairo_pattern_add_color_stop_rgb(fade, 0, kDesk.red, kDesk.green, kDesk.blue);
  cairo_pattern_add_color_stop_rgb(fade, 1, 0.1, 0.16, 0.26);
  cairo_set_source(canvas.pen(), fade);
  cairo_paint(canvas.pen());
  cairo_pattern_destroy(fade);
}

void frame(Canvas& canvas, const Box& box, const std::string& title) {
  canvas.fill({box.x - 1, box.y - 1, box.width + 2, box.height + 2}, kLine);
  canvas.fill(box, kWhite);
  canvas.fill({box.x, box.y, box.width, 28}, kBar);
  canvas.text(box.x + 10, box.y + 20, 14, title, kInk, Face::kBold);
  canvas.fill({box.x + box.width - 22, box.y + 8, 12, 12}, {0.8, 0.3, 0.3});
}

void page(Canvas& canvas, const Box& box, const std::string& title, std::size_t from) {
  frame(canvas, box, title);
  cairo_save(canvas.pen());
  cairo_rectangle(canvas.pen(), box.x, box.y, box.width, box.height);
  cairo_clip(canvas.pen());
  for (int y = 60; y < box.height - 10; y += 24)
    canvas.text(box.x + 20, box.y + y, 15, prose()[from++ % prose().size()]);
  cairo_restore(canvas.pen());
}

void sheet(Canvas& canvas, const Box& box, int round) {
  frame(canvas, box, "Calculation");
  Dice dice(static_cast<std::uint32_t>(100 + round));
  for (int y = 30; y + 22 < box.height; y += 22) {
    canvas.line(box.x, box.y + y + 0.5, box.x + box.width, box.y + y + 0.5, 1, kLine);
    for (int x = 0; x + 90 < box.width; x += 90)
      canvas.text(box.x + x + 6, box.y + y + 16, 13, std::format("{:.2f}", dice.unit() * 10'000));
  }
  for (int x = 90; x < box.width; x += 90)
    canvas.line(box.x + x + 0.5, box.y + 28, box.x + x + 0.5, box.y + box.height, 1, kLine);
}

class Office final : public Scene {
 public:
  void begin(Canvas& canvas) override {
    desk(canvas);
    scene_ = 0;
    windows(canvas);
  }
  // Ten steps a second; every two seconds something else is done.
  void step(Canvas& canvas, int number) override {
    const int phase = number / 20 % 5;
    const int within = number % 20;
    switch (phase) {
      case 0:
        return menu(canvas, within);
      case 1:
        return dialog(canvas, within);
      case 2:
        return calculate(canvas, within);
      case 3:
        return alt_tab(canvas, within);
      default:
        return menu(canvas, within);
    }
  }
  [[nodiscard]] int frames_a_second() const override { return 10; }

 private:
  [[nodiscard]] static Box text_box() { return {120, 90, 1100, 820}; }
  [[nodiscard]] static Box sheet_box() { return {600, 160, 1150, 780}; }

  void windows(Canvas& canvas) {
    if (scene_ % 2 == 0) {
      sheet(canvas, sheet_box(), round_);
      page(canvas, text_box(), "Letter", 40);
    } else {
      page(canvas, text_box(), "Letter", 40);
      sheet(canvas, sheet_box(), round_);
    }
  }
  void menu(Canvas& canvas, int within) {
    const Box box{text_box().x + 60, text_box().y + 28, 260, 360};
    if (within == 19) {
      windows(canvas);
    } else {
      canvas.fill(box, {0.97, 0.97, 0.98});
      for (int i = 0; i < 13; ++i) {
        const bool chosen = i == within % 13;
        if (chosen) canvas.fill({box.x + 2, box.y + 6 + i * 26, box.width - 4, 26}, kChosen);
        canvas.text(box.x + 30, box.y + 24 + i * 26, 14, prose()[static_cast<std::size_t>(i + 50)].substr(0, 24),
                    chosen ? kWhite : kInk);
      }
    }
    canvas.put(box);
  }
  void dialog(Canvas& canvas, int within) {
    const Box box{canvas.width() / 2 - 300, canvas.height() / 2 - 160, 600, 320};
    if (within == 19) {
      windows(canvas);
    } else if (within == 0) {
      frame(canvas, box, "Save changes?");
      for (int i = 0; i < 4; ++i)
        canvas.text(box.x + 30, box.y + 80 + i * 30, 15, prose()[static_cast<std::size_t>(i + 60)].substr(0, 60));
    } else {  // a field is filled in
      canvas.fill({box.x + 30, box.y + 220, 400, 30}, {0.95, 0.95, 0.8});
      canvas.text(box.x + 36, box.y + 241, 15, prose()[70].substr(0, static_cast<std::size_t>(within)));
    }
    canvas.put({box.x - 1, box.y - 1, box.width + 2, box.height + 2});
  }
  void calculate(Canvas& canvas, int within) {
    if (within % 5 != 0) return scroll_bar(canvas, within);
    ++round_;
    scene_ = 1;
    windows(canvas);
    canvas.put({100, 80, 1700, 880});
  }
  void scroll_bar(Canvas& canvas, int within) {
    const Box track{sheet_box().x + sheet_box().width - 14, sheet_box().y + 30, 12, 700};
    canvas.fill(track, kBar);
    canvas.fill({track.x, track.y + within * 20, 12, 120}, kLine);
    canvas.put(track);
  }
  void alt_tab(Canvas& canvas, int within) {
    if (within % 10 != 0) return scroll_bar(canvas, within);
    ++scene_;
    windows(canvas);
    canvas.put({100, 80, 1700, 880});
  }
  int scene_ = 0;
  int round_ = 0;
};

class WindowMove final : public Scene {
 public:
  void begin(Canvas& canvas) override {
    canvas.fill({0, 0, canvas.width(), kTop}, kBar);
    draw(canvas, place(canvas, 0));
  }
  void step(Canvas& canvas, int number) override {
    const Box from = place(canvas, number);
    const Box to = place(canvas, number + 1);
    draw(canvas, to);
    const int x = std::min(from.x, to.x) - 1;
    const int y = std::min(from.y, to.y) - 1;
    canvas.put({x, y, std::max(from.x, to.x) + to.width + 1 - x, std::max(from.y, to.y) + to.height + 1 - y});
  }

 private:
  static Box place(const Canvas& canvas, int number) {
    const auto swing = [](int at, int range) { return at % (2 * range) < range ? at % range : range - 1 - at % range; };
    return {20 + swing(number * 14, canvas.width() - 760), kTop + 10 + swing(number * 6, canvas.height() - 620), 700,
            500};
  }
  // Below the bar, whose marks stay on the screen and so have to stay here.
  static void draw(Canvas& canvas, const Box& box) {
    cairo_save(canvas.pen());
    cairo_rectangle(canvas.pen(), 0, kTop, canvas.width(), canvas.height() - kTop);
    cairo_clip(canvas.pen());
    desk(canvas);
    page(canvas, {300, 200, 900, 700}, "Behind", 90);
    page(canvas, box, "Letter", 10);
    cairo_restore(canvas.pen());
  }
};

}  // namespace

std::unique_ptr<Scene> make_office() { return std::make_unique<Office>(); }
std::unique_ptr<Scene> make_window_move() { return std::make_unique<WindowMove>(); }

}  // namespace tobari::workload
