// SPDX-License-Identifier: GPL-3.0-or-later
// Text: typed, scrolled, paged through, flooding a terminal.
#include <cairo/cairo.h>
#include <cstring>

#include "scene.h"

namespace tobari::workload {
namespace {

class Typing final : public Scene {
 public:
  void begin(Canvas& canvas) override { canvas.fill({0, 0, canvas.width(), canvas.height()}, kWhite); }
  void step(Canvas& canvas, int) override {
    const std::string& line = prose()[line_ % prose().size()];
    if (column_ >= line.size()) {
      next_line(canvas);
      return;
    }
    canvas.text(x_, y_, 16, std::string(1, line[column_++]));
    canvas.put({x_ - 1, y_ - 17, 18, 24});
    x_ += 10;
  }
  [[nodiscard]] int frames_a_second() const override { return 12; }

 private:
  void next_line(Canvas& canvas) {
    x_ = 40;
    column_ = 0;
    ++line_;
    y_ += 24;
    if (y_ < canvas.height() - 30) return;
    y_ = kTop + 30;
    const Box page{0, kTop, canvas.width(), canvas.height() - kTop};
    canvas.fill(page, kWhite);
    canvas.put(page);
  }
  int x_ = 40;
  int y_ = kTop + 30;
  std::size_t line_ = 1;
  std::size_t column_ = 0;
};

// A long document, drawn once: text with a chart now and then.
class Document {
 public:
  static constexpr int kHeight = 12'000;
  explicit Document(int width)
      : width_(width), pixels_(static_cast<std::size_t>(width) * static_cast<std::size_t>(kHeight)) {
    cairo_surface_t* surface = cairo_image_surface_create_for_data(reinterpret_cast<unsigned char*>(pixels_.data()),
                                                                   CAIRO_FORMAT_RGB24, width, kHeight, width * 4);
    cairo_t* pen = cairo_create(surface);
    cairo_set_source_rgb(pen, 1, 1, 1);
    cairo_paint(pen);
    cairo_select_font_face(pen, "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL, CAIRO_FONT_WEIGHT_NORMAL);
    for (int i = 0; i * 24 + 40 < kHeight; ++i) draw_line(pen, i);
    cairo_destroy(pen);
    cairo_surface_finish(surface);
    cairo_surface_destroy(surface);
  }
  void show(Canvas& canvas, int from) const {
    canvas.flush();
    for (int y = kTop; y < canvas.height(); ++y) {
      const int line = (from + y) % kHeight;
      std::memcpy(canvas.row(y), pixels_.data() + static_cast<std::size_t>(line) * static_cast<std::size_t>(width_),
                  static_cast<std::size_t>(width_) * 4);
    }
    canvas.touch();
    canvas.put({0, kTop, canvas.width(), canvas.height() - kTop});
  }

 private:
  static void draw_line(cairo_t* pen, int i) {
    cairo_set_font_size(pen, i % 27 == 0 ? 24 : 17);
    cairo_set_source_rgb(pen, 0.1, 0.1, 0.12);
    cairo_move_to(pen, 60, 40 + i * 24);
    cairo_show_text(pen, prose()[static_cast<std::size_t>(i) % prose().size()].c_str());
    if (i % 40 != 39) return;
    for (int bar = 0; bar < 12; ++bar) {
      const int high = 60 + bar * 37 % 90;
      cairo_set_source_rgb(pen, 0.2 + bar * 0.05, 0.4, 0.8 - bar * 0.05);
      cairo_rectangle(pen, 1100 + bar * 55, 40 + i * 24 - high, 45, high);
      cairo_fill(pen);
    }
  }
  int width_;
  std::vector<std::uint32_t> pixels_;
};

class Scrolling final : public Scene {
 public:
  Scrolling(int pixels, int frames_a_second) : pixels_(pixels), frames_(frames_a_second) {}
  void begin(Canvas& canvas) override {
    canvas.fill({0, 0, canvas.width(), kTop}, {0.9, 0.9, 0.9});
    document_ = std::make_unique<Document>(canvas.width());
    document_->show(canvas, 0);
  }
  // Down and up again, as people read.
  void step(Canvas& canvas, int number) override {
    const int turn = 180;
    const int place = number % (2 * turn);
    document_->show(canvas, (place < turn ? place : 2 * turn - place) * pixels_);
  }
  [[nodiscard]] int frames_a_second() const override { return frames_; }

 private:
  int pixels_;
  int frames_;
  std::unique_ptr<Document> document_;
};

class Terminal final : public Scene {
 public:
  void begin(Canvas& canvas) override { canvas.fill({0, 0, canvas.width(), canvas.height()}, {0.05, 0.05, 0.06}); }
  void step(Canvas& canvas, int) override {
    const Box box{0, kTop, canvas.width(), canvas.height() - kTop};
    canvas.fill(box, {0.05, 0.05, 0.06});
    for (int y = kTop + 18; y < canvas.height(); y += 18) {
      const auto& words = prose()[static_cast<std::size_t>(dice_.below(static_cast<int>(prose().size())))];
      static constexpr Colour kInks[]{{0.8, 0.8, 0.8}, {0.4, 0.8, 0.4}, {0.5, 0.6, 0.9}};
      canvas.text(8, y, 14, std::to_string(dice_.below(1'000'000)) + " " + words, kInks[dice_.below(3)], Face::kMono);
    }
    canvas.put(box);
  }

 private:
  Dice dice_;
};

}  // namespace

std::unique_ptr<Scene> make_typing() { return std::make_unique<Typing>(); }
std::unique_ptr<Scene> make_wheel() { return std::make_unique<Scrolling>(36, 30); }
std::unique_ptr<Scene> make_pages() { return std::make_unique<Scrolling>(1000, 3); }
std::unique_ptr<Scene> make_terminal() { return std::make_unique<Terminal>(); }

}  // namespace tobari::workload
