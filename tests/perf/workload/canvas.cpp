// SPDX-License-Identifier: GPL-3.0-or-later
#include "canvas.h"

#include <algorithm>
#include <cairo/cairo.h>
#include <cstddef>

#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <X11/extensions/XShm.h>
#include <sys/ipc.h>
#include <sys/shm.h>

namespace tobari::workload {

struct Canvas::Window {
  Display* display = nullptr;
  ::Window window = 0;
  GC gc = nullptr;
  XImage* image = nullptr;
  XShmSegmentInfo memory{};
  cairo_surface_t* surface = nullptr;
};

Result<std::unique_ptr<Canvas>> Canvas::open(int width, int height) {
  auto w = std::make_unique<Window>();
  w->display = XOpenDisplay(nullptr);
  if (w->display == nullptr) return fail(Errc::kUnavailable, "no X display: set DISPLAY");
  Display* d = w->display;
  XSetWindowAttributes attributes{};
  attributes.override_redirect = True;
  attributes.event_mask = KeyPressMask;
  w->window =
      XCreateWindow(d, XDefaultRootWindow(d), 0, 0, static_cast<unsigned>(width), static_cast<unsigned>(height), 0,
                    CopyFromParent, InputOutput, CopyFromParent, CWOverrideRedirect | CWEventMask, &attributes);
  XMapRaised(d, w->window);
  XSync(d, False);
  XSetInputFocus(d, w->window, RevertToParent, CurrentTime);
  w->gc = XCreateGC(d, w->window, 0, nullptr);
  w->image = XShmCreateImage(d, XDefaultVisual(d, XDefaultScreen(d)),
                             static_cast<unsigned>(XDefaultDepth(d, XDefaultScreen(d))), ZPixmap, nullptr, &w->memory,
                             static_cast<unsigned>(width), static_cast<unsigned>(height));
  if (w->image == nullptr || w->image->bits_per_pixel != 32) return fail(Errc::kUnavailable, "no 32-bit X images");
  const auto bytes = static_cast<std::size_t>(w->image->bytes_per_line) * static_cast<std::size_t>(height);
  w->memory.shmid = ::shmget(IPC_PRIVATE, bytes, IPC_CREAT | 0600);
  w->memory.shmaddr = w->image->data = static_cast<char*>(::shmat(w->memory.shmid, nullptr, 0));
  XShmAttach(d, &w->memory);
  XSync(d, False);
  ::shmctl(w->memory.shmid, IPC_RMID, nullptr);
  w->surface = cairo_image_surface_create_for_data(reinterpret_cast<unsigned char*>(w->image->data), CAIRO_FORMAT_RGB24,
                                                   width, height, w->image->bytes_per_line);
  return std::unique_ptr<Canvas>(new Canvas(std::move(w), width, height));
}

Canvas::Canvas(std::unique_ptr<Window> window, int width, int height)
    : window_(std::move(window)), width_(width), height_(height), pen_(cairo_create(window_->surface)) {}

Canvas::~Canvas() {
  cairo_destroy(pen_);
  cairo_surface_destroy(window_->surface);
  XCloseDisplay(window_->display);
}

void Canvas::fill(const Box& box, Colour colour) {
  cairo_set_source_rgb(pen_, colour.red, colour.green, colour.blue);
  cairo_rectangle(pen_, box.x, box.y, box.width, box.height);
  cairo_fill(pen_);
}

void Canvas::text(double x, double baseline, double size, const std::string& words, Colour ink, Face face) {
  cairo_select_font_face(pen_, face == Face::kMono ? "DejaVu Sans Mono" : "DejaVu Sans", CAIRO_FONT_SLANT_NORMAL,
                         face == Face::kBold ? CAIRO_FONT_WEIGHT_BOLD : CAIRO_FONT_WEIGHT_NORMAL);
  cairo_set_font_size(pen_, size);
  cairo_set_source_rgb(pen_, ink.red, ink.green, ink.blue);
  cairo_move_to(pen_, x, baseline);
  cairo_show_text(pen_, words.c_str());
}

void Canvas::line(double x0, double y0, double x1, double y1, double width, Colour colour) {
  cairo_set_source_rgb(pen_, colour.red, colour.green, colour.blue);
  cairo_set_line_width(pen_, width);
  cairo_move_to(pen_, x0, y0);
  cairo_line_to(pen_, x1, y1);
  cairo_stroke(pen_);
}

std::byte* Canvas::pixels() noexcept { return reinterpret_cast<std::byte*>(window_->image->data); }
std::size_t Canvas::stride() const noexcept { return static_cast<std::size_t>(window_->image->bytes_per_line); }
std::uint32_t* Canvas::row(int y) noexcept {
  return reinterpret_cast<std::uint32_t*>(pixels() + static_cast<std::size_t>(y) * stride());
}
void Canvas::flush() { cairo_surface_flush(window_->surface); }
void Canvas::touch() { cairo_surface_mark_dirty(window_->surface); }

void Canvas::put(const Box& asked) {
  flush();
  Box box = asked;
  box.width = std::min(box.width, width_ - box.x);
  box.height = std::min(box.height, height_ - box.y);
  if (box.width <= 0 || box.height <= 0) return;
  XShmPutImage(window_->display, window_->window, window_->gc, window_->image, box.x, box.y, box.x, box.y,
               static_cast<unsigned>(box.width), static_cast<unsigned>(box.height), False);
}

void Canvas::settle() { XSync(window_->display, False); }
int Canvas::connection() const noexcept { return XConnectionNumber(window_->display); }

int Canvas::take_keys() {
  int keys = 0;
  while (XPending(window_->display) > 0) {
    XEvent event;
    XNextEvent(window_->display, &event);
    if (event.type == KeyPress) ++keys;
  }
  return keys;
}

}  // namespace tobari::workload
