// SPDX-License-Identifier: GPL-3.0-or-later
// A hostile QEMU on the display listener: calls with any numbers, over memory that is large enough or not, and a
// consumer that reads the picture in between. The input is a program: a byte that says which call, then its operands.
// Properties: every pixel of a picture that was accepted can be read; damage lies inside it; heads, pointers and what
// they are made of agree.
#include <algorithm>
#include <array>
#include <memory>
#include <unistd.h>
#include <vector>

#include <sys/mman.h>

#include "capture/glib_handle.h"
#include "capture/qemu_listener.h"
#include "capture/qemu_surface.h"
#include "input.h"

namespace {

using namespace tobari::display;
using tobari::Errc;
using tobari::Error;
using tobari::Result;
using tobari::UniqueFd;
using tobari::fuzz::Input;
using tobari::fuzz::require;

constexpr std::array<std::size_t, 4> kFiles{0, 4096, std::size_t{64} * 1024, std::size_t{1} << 20};
constexpr std::size_t kReadAtMost = 1 << 14;  // pixels of a picture; of larger ones the corners

GUnixFDList* files() {
  static GUnixFDList* const list = [] {
    GUnixFDList* const made = g_unix_fd_list_new();
    for (const std::size_t size : kFiles) {
      const UniqueFd fd(::memfd_create("picture", MFD_CLOEXEC));
      require(::ftruncate(fd.get(), static_cast<off_t>(size)) == 0);
      require(g_unix_fd_list_append(made, fd.get(), nullptr) >= 0);
    }
    return made;
  }();
  return list;
}

class Display final : private QemuListenerHandler {
 public:
  // False: the connection would be ended.
  [[nodiscard]] bool act(Input& in) {
    const std::uint8_t what = in.u8();
    const bool plausible = (what & 0x80U) != 0;
    switch (what % 8) {
      case 0:
        return call("ScanoutMap", scanout_map(in, plausible));
      case 1:
        return call("Scanout", scanout(in, plausible));
      case 2:
        return call("Update", update(in, plausible));
      case 3:
        return call("UpdateMap", g_variant_new("(iiii)", in.i32(), in.i32(), in.i32(), in.i32()));
      case 4:
        return call("CursorDefine", cursor(in, plausible));
      case 5:
        return call("MouseSet", g_variant_new("(iii)", in.i32(), in.i32(), in.i32()));
      case 6:
        if (plausible) surface_.rest();
        return plausible || call("Disable", g_variant_new("()"));
      default:
        read();
        return true;
    }
  }

 private:
  [[nodiscard]] bool call(const char* method, GVariant* arguments) {
    const VariantRef owner(g_variant_ref_sink(arguments));
    const auto taken = QemuListener::take(*this, method, owner.get(), files());
    return taken || taken.error().code != Errc::kPeerProtocol;
  }

  // Plausible numbers are small, and their bytes nearly enough.
  struct Shape {
    std::uint32_t width, height, stride, format;
  };
  static Shape shape(Input& in, bool plausible) {
    if (!plausible) return {in.u32(), in.u32(), in.u32(), in.u32()};
    const std::uint32_t width = 1 + in.u8() % 96U;
    return {width, 1 + in.u8() % 96U, width * 4 + in.u8() % 4U * 4,
            (in.u8() & 1U) != 0 ? kPixmanX8R8G8B8 : kPixmanA8R8G8B8};
  }
  static GVariant* bytes(Input& in, const Shape& of) {
    const std::size_t whole = std::min<std::size_t>(std::size_t{of.stride} * (of.height % 128), 1 << 16);
    const std::size_t cut = in.u8();
    std::vector<std::byte> data(whole - std::min(whole, cut));
    const auto given = in.bytes(in.u8());
    std::copy_n(given.begin(), std::min(given.size(), data.size()), data.begin());
    return g_variant_new_fixed_array(G_VARIANT_TYPE_BYTE, data.data(), data.size(), 1);
  }
  static GVariant* scanout_map(Input& in, bool plausible) {
    const std::int32_t handle = plausible ? in.u8() % 4 : in.i32();
    const std::uint32_t offset = plausible ? in.u8() * 64U : in.u32();
    const Shape of = shape(in, plausible);
    return g_variant_new("(huuuuu)", handle, offset, of.width, of.height, of.stride, of.format);
  }
  static GVariant* scanout(Input& in, bool plausible) {
    const Shape of = shape(in, plausible);
    return g_variant_new("(uuuu@ay)", of.width, of.height, of.stride, of.format, bytes(in, of));
  }
  static GVariant* update(Input& in, bool plausible) {
    const std::int32_t x = plausible ? in.u8() - 64 : in.i32();
    const std::int32_t y = plausible ? in.u8() - 64 : in.i32();
    const Shape of = shape(in, plausible);
    return g_variant_new("(iiiiuu@ay)", x, y, static_cast<std::int32_t>(of.width), static_cast<std::int32_t>(of.height),
                         of.stride, of.format, bytes(in, of));
  }
  static GVariant* cursor(Input& in, bool plausible) {
    const std::int32_t width = plausible ? in.u8() % 66 : in.i32();
    const std::int32_t height = plausible ? in.u8() % 66 : in.i32();
    const std::int32_t hot_x = in.i32();
    const std::int32_t hot_y = in.i32();
    const Shape of{0, static_cast<std::uint32_t>(height), static_cast<std::uint32_t>(width) * 4U, 0};
    return g_variant_new("(iiii@ay)", width, height, hot_x, hot_y, bytes(in, of));
  }

  void read() {
    const Size size = surface_.size();
    const auto view = surface_.view(damage_);
    require(view.has_value() == size.valid());
    damage_.clear();
    if (!view) return;
    require(view->size == size && view->stride >= static_cast<std::size_t>(size.width) * kBytesPerPixel);
    const int step = size.area() <= static_cast<long>(kReadAtMost) ? 1 : std::max(size.width, size.height) / 16;
    for (int y = 0; y < size.height; y += step) {
      for (int x = 0; x < size.width; x += step) sum_ = sum_ + std::to_integer<unsigned>(*view->at(x, y));
    }
    sum_ = sum_ + std::to_integer<unsigned>(*(view->at(size.width - 1, size.height - 1) + kBytesPerPixel - 1));
  }

  void require_head(const Scanout& scanout, std::size_t file) {
    const HeadPlace place = place_of_head(scanout, file);
    require(place.head == scanout.size && place.origin.x >= 0 && place.origin.y >= 0);
    require(place.origin.x + place.head.width <= place.whole.width);
    require(place.origin.y + place.head.height <= place.whole.height);
    for (const Point on_head : {Point{-1, -1}, Point{scanout.size.width, scanout.size.height}}) {
      const Point told = place.for_tablet(on_head);
      require(told.x >= 0 && told.x < scanout.size.width && told.y >= 0 && told.y < scanout.size.height);
    }
  }

  Result<void> on_scanout_map(UniqueFd fd, const Scanout& scanout) override {
    for (const std::size_t file : kFiles) require_head(scanout, file);
    TOBARI_TRY(surface_.share(fd.get(), scanout));
    damage_ = Region(bounds(scanout.size));
    return {};
  }
  Result<void> on_scanout(const Scanout& scanout, std::span<const std::byte> bytes) override {
    TOBARI_TRY(surface_.replace(scanout, bytes));
    damage_ = Region(bounds(scanout.size));
    return {};
  }
  void on_update_map(const Rect& rect) override { damaged(rect); }
  Result<void> on_update(const Rect& rect, Point skip, std::size_t stride, std::span<const std::byte> bytes) override {
    require(skip.x >= 0 && skip.y >= 0);
    TOBARI_TRY(surface_.update(rect, skip, stride, bytes));
    damaged(rect);
    return {};
  }
  void damaged(const Rect& rect) {
    require(intersect(rect, bounds(surface_.size())) == rect);
    damage_.add(rect);
  }
  void on_disable() override { surface_.drop(); }
  void on_cursor(CursorShape shape) override {
    require(shape.size.valid() && shape.size.width <= kMaxCursorSide && shape.size.height <= kMaxCursorSide);
    require(shape.argb.size() == static_cast<std::size_t>(shape.size.area()));
    require(shape.hotspot.x >= 0 && shape.hotspot.x < shape.size.width);
    require(shape.hotspot.y >= 0 && shape.hotspot.y < shape.size.height);
  }
  void on_mouse(bool /*visible*/) override {}
  void on_refused(const Error& /*error*/) override {}
  [[nodiscard]] Size surface() const override { return surface_.size(); }

  QemuSurface surface_;
  Region damage_;
  volatile unsigned sum_ = 0;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Input in(data, size);
  Display display;
  for (int calls = 0; !in.done() && calls < 200; ++calls) {
    if (!display.act(in)) return 0;
  }
  return 0;
}
