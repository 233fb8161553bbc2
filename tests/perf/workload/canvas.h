// SPDX-License-Identifier: GPL-3.0-or-later
// A window over the whole X screen, drawn in memory with cairo and put on the screen by parts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include <tobari/base/result.h>

struct _cairo;

namespace tobari::workload {

struct Box {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
};

struct Colour {
  double red = 0;
  double green = 0;
  double blue = 0;
};
inline constexpr Colour kWhite{1, 1, 1};
inline constexpr Colour kInk{0.1, 0.1, 0.12};

enum class Face : std::uint8_t { kSans, kMono, kBold };

class Canvas {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Canvas>> open(int width, int height);
  ~Canvas();
  Canvas(const Canvas&) = delete;
  Canvas& operator=(const Canvas&) = delete;

  [[nodiscard]] int width() const noexcept { return width_; }
  [[nodiscard]] int height() const noexcept { return height_; }

  // ---- drawing, in memory
  void fill(const Box& box, Colour colour);
  void text(double x, double baseline, double size, const std::string& words, Colour ink = kInk,
            Face face = Face::kSans);
  void line(double x0, double y0, double x1, double y1, double width, Colour colour);
  [[nodiscard]] _cairo* pen() noexcept { return pen_; }
  [[nodiscard]] std::uint32_t* row(int y) noexcept;  // flush() before, touch() after, when cairo draws too
  [[nodiscard]] std::byte* pixels() noexcept;
  [[nodiscard]] std::size_t stride() const noexcept;
  void flush();
  void touch();

  // ---- on the screen
  void put(const Box& box);  // asks
  void put_all() { put({0, 0, width_, height_}); }
  void settle();                                  // returns when it is there
  [[nodiscard]] int connection() const noexcept;  // readable: keys may have come
  [[nodiscard]] int take_keys();                  // how many were pressed since the last call

 private:
  struct Window;
  Canvas(std::unique_ptr<Window> window, int width, int height);
  std::unique_ptr<Window> window_;
  int width_;
  int height_;
  _cairo* pen_ = nullptr;
};

}  // namespace tobari::workload
