// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/planar_encoder.h"

#include <algorithm>
#include <span>

#include "encode/byte_writer.h"

namespace tobari::display {

namespace {

constexpr std::uint32_t kRunLengthEncoded = 0x10;
constexpr std::uint32_t kNoAlpha = 0x20;

// A client takes some 17 ns to undo the runs of a pixel of grain, and one to copy its planes (FreeRDP 3.33).
bool saves_little(std::size_t encoded, std::size_t as_it_is) { return encoded > as_it_is * 7 / 8; }

}  // namespace

void PlanarEncoder::encode(const FrameView& frame, const Rect& rect, std::vector<std::byte>& out) {
  const auto width = static_cast<std::size_t>(rect.width);
  const auto height = static_cast<std::size_t>(rect.height);
  for (Plane* plane : {&red_, &green_, &blue_}) plane->reshape(width, height);
  for (std::size_t row = 0; row < height; ++row) {
    const int y = rows_ == Rows::kTopDown ? rect.y + static_cast<int>(row) : rect.bottom() - 1 - static_cast<int>(row);
    split_planes(frame.at(rect.x, y), width, red_.row(row), green_.row(row), blue_.row(row));
  }
  const std::size_t begin = out.size();
  put_u8(out, alpha_ == Alpha::kNone ? kRunLengthEncoded | kNoAlpha : kRunLengthEncoded);
  if (alpha_ == Alpha::kOpaque) {
    opaque_.reshape(width, height);
    for (std::size_t row = 0; row < height; ++row) std::fill_n(opaque_.row(row), width, std::uint8_t{0xFF});
    put_plane(opaque_, out);
  }
  for (const Plane* plane : {&red_, &green_, &blue_}) put_plane(*plane, out);
  if (!raw_ || alpha_ != Alpha::kNone || !saves_little(out.size() - begin, 3 * width * height)) return;
  out.resize(begin);
  put_as_they_are(out);
}

void PlanarEncoder::put_as_they_are(std::vector<std::byte>& out) const {
  put_u8(out, kNoAlpha);
  for (const Plane* plane : {&red_, &green_, &blue_}) {
    for (std::size_t row = 0; row < plane->height(); ++row) {
      const auto values = std::as_bytes(std::span(plane->row(row), plane->width()));
      out.insert(out.end(), values.begin(), values.end());
    }
  }
  put_u8(out, 0);  // Pad
}

void PlanarEncoder::put_plane(const Plane& plane, std::vector<std::byte>& out) {
  const std::size_t begin = out.size();
  out.resize(begin + plane_bound(plane));
  const std::byte* const end = write_plane(plane, scratch_, out.data() + begin);
  out.resize(static_cast<std::size_t>(end - out.data()));
}

}  // namespace tobari::display
