// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/frame_encoder.h"

#include <algorithm>

#include "encode/uncompressed_encoder.h"

namespace tobari::display {

// First version: everything uncompressed, in order, within the budget.
class FrameEncoder::Impl {
 public:
  explicit Impl(Size size) : size_(size) {}

  EncodedFrame encode(const FrameView& picture, Region changed, std::size_t budget) {
    changed.add(owed_);
    changed.clip(bounds(size_));
    owed_.clear();
    EncodedFrame frame;
    std::size_t bytes = 0;
    for (const Rect& rect : changed.rects()) {
      for (int y = rect.y; y < rect.bottom(); y += kSlice) {
        const Rect slice{rect.x, y, rect.width, std::min(kSlice, rect.bottom() - y)};
        if (bytes >= budget) {
          owed_.add(slice);
          continue;
        }
        EncodedRect& out = frame.rects.emplace_back();
        out.rect = slice;
        raw_.encode(picture, slice, out.data);
        bytes += out.data.size();
      }
    }
    return frame;
  }

  [[nodiscard]] const Region& owed() const { return owed_; }

 private:
  static constexpr int kSlice = 64;
  Size size_;
  Region owed_;
  UncompressedEncoder raw_;
};

FrameEncoder::FrameEncoder(Size size, ClientCodecs codecs) { reset(size, codecs); }
FrameEncoder::~FrameEncoder() = default;

void FrameEncoder::reset(Size size, ClientCodecs /*codecs*/) { impl_ = std::make_unique<Impl>(size); }

EncodedFrame FrameEncoder::encode(const FrameView& picture, const Region& changed, Time /*now*/) {
  return impl_->encode(picture, changed, kFrameByteBudget);
}

EncodedFrame FrameEncoder::refine(const FrameView& picture, Time /*now*/) {
  return impl_->encode(picture, {}, kRefineByteBudget);
}

std::optional<FrameEncoder::Time> FrameEncoder::next_refinement() const {
  if (impl_->owed().empty()) return std::nullopt;
  return Time::min();
}

Region FrameEncoder::inexact() const { return impl_->owed(); }

bool FrameEncoder::trim(Time /*now*/) { return false; }

}  // namespace tobari::display
