// SPDX-License-Identifier: GPL-3.0-or-later
// What traders look at: many small fields that flash, and charts that crawl.
#include <algorithm>
#include <array>
#include <cairo/cairo.h>
#include <format>

#include "scene.h"

namespace tobari::workload {
namespace {

constexpr int kChartWidth = 640;
constexpr int kColumns = 10;
constexpr int kRow = 24;
constexpr int kCharts = 4;

class Dashboard final : public Scene {
 public:
  void begin(Canvas& canvas) override {
    canvas.fill({0, 0, canvas.width(), canvas.height()}, {0.02, 0.02, 0.03});
    prices_.resize(static_cast<std::size_t>(kColumns * ((canvas.height() - kTop) / kRow)));
    for (std::size_t i = 0; i < prices_.size(); ++i) {
      prices_[i] = 90 + dice_.unit() * 20;
      cell(canvas, static_cast<int>(i), {0.07, 0.09, 0.12});
    }
    for (int i = 0; i < kCharts; ++i) chart(canvas, i);
  }
  void step(Canvas& canvas, int number) override {
    for (std::size_t k = 0; k < prices_.size() / 20; ++k) {
      const int i = dice_.below(static_cast<int>(prices_.size()));
      const double change = dice_.unit() - 0.5;
      prices_[static_cast<std::size_t>(i)] += change * 0.2;
      cell(canvas, i, change > 0 ? Colour{0.05, 0.4, 0.12} : Colour{0.45, 0.05, 0.12});
    }
    chart(canvas, number % kCharts);
  }
  [[nodiscard]] int frames_a_second() const override { return 20; }

 private:
  void cell(Canvas& canvas, int i, Colour ground) {
    const int width = (canvas.width() - kChartWidth) / kColumns;
    const Box box{i % kColumns * width, kTop + i / kColumns * kRow, width - 1, kRow - 1};
    canvas.fill(box, ground);
    canvas.text(box.x + 8, box.y + 17, 14, std::format("{:.3f}", prices_[static_cast<std::size_t>(i)]),
                {0.95, 0.95, 0.8});
    canvas.put(box);
  }
  void chart(Canvas& canvas, int which) {
    auto& curve = curves_[static_cast<std::size_t>(which)];
    std::copy(curve.begin() + 1, curve.end(), curve.begin());
    curve.back() = 0.9 * curve.back() + 0.1 * dice_.unit();
    const int height = (canvas.height() - kTop) / kCharts;
    const Box box{canvas.width() - kChartWidth, kTop + which * height, kChartWidth, height - 2};
    canvas.fill(box, {0.03, 0.03, 0.06});
    cairo_t* pen = canvas.pen();
    cairo_save(pen);
    cairo_rectangle(pen, box.x, box.y, box.width, box.height);
    cairo_clip(pen);
    cairo_set_source_rgb(pen, 0.2 + 0.2 * which, 0.9 - 0.15 * which, 0.4);
    cairo_set_line_width(pen, 1.5);
    for (int x = 0; x < kChartWidth; ++x)
      cairo_line_to(pen, box.x + x, box.y + box.height * (1 - curve[static_cast<std::size_t>(x)]));
    cairo_stroke(pen);
    cairo_restore(pen);
    canvas.put(box);
  }

  Dice dice_;
  std::vector<double> prices_;
  std::array<std::array<double, kChartWidth>, kCharts> curves_{};
};

}  // namespace

std::unique_ptr<Scene> make_dashboard() { return std::make_unique<Dashboard>(); }

}  // namespace tobari::workload
