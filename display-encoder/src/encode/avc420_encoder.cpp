// SPDX-License-Identifier: GPL-3.0-or-later
#include "encode/avc420_encoder.h"

#include <cstdint>
extern "C" {
#include <x264.h>
}

#include <algorithm>
#include <cstring>
#include <vector>

#include "encode/yuv_convert.h"

namespace tobari::display {

namespace {

constexpr int kMacroblock = 16;
constexpr int kFrameRate = 30;  // what the level is computed for; frames come as they come
// Constant, so that what does not change is skipped; CRF would spend bits on making still areas better, which is done
// without loss anyway.
constexpr int kQuantizer = 23;
constexpr std::uint8_t kQuality = 100;  // informative

int padded(int side) { return (side + kMacroblock - 1) / kMacroblock * kMacroblock; }

bool configure(x264_param_t& param, Size coded) {
  if (x264_param_default_preset(&param, "ultrafast", "zerolatency") < 0) return false;
  param.i_log_level = X264_LOG_NONE;
  param.i_width = coded.width;
  param.i_height = coded.height;
  param.i_csp = X264_CSP_I420;
  param.i_fps_num = kFrameRate;
  param.i_fps_den = 1;
  param.b_vfr_input = 0;
  param.i_threads = 1;  // sessions share the host's cores; one each serves more of them
  param.i_frame_reference = 1;
  // TCP loses nothing, so a key frame is needed once: each one is a burst that delays all else.
  param.i_keyint_max = X264_KEYINT_MAX_INFINITE;
  param.i_scenecut_threshold = 0;
  param.b_annexb = 1;
  param.b_repeat_headers = 1;
  param.rc.i_rc_method = X264_RC_CQP;
  param.rc.i_qp_constant = kQuantizer;
  param.analyse.b_mb_info = 1;
  param.vui.b_fullrange = 1;
  param.vui.i_colorprim = 1;  // BT.709, all three
  param.vui.i_transfer = 1;
  param.vui.i_colmatrix = 1;
  return x264_param_apply_profile(&param, "baseline") == 0;
}

class X264Encoder final : public Avc420Encoder {
 public:
  X264Encoder(x264_t* encoder, Size surface) : encoder_(encoder), surface_(surface) {
    const auto width = static_cast<std::size_t>(padded(surface.width));
    const auto height = static_cast<std::size_t>(padded(surface.height));
    luma_stride_ = width;
    luma_.assign(width * height, 0);
    u_.assign(width * height / 4, 128);
    v_ = u_;
    blocks_.assign(width / kMacroblock * (height / kMacroblock), 0);
  }
  ~X264Encoder() override { x264_encoder_close(encoder_); }
  X264Encoder(const X264Encoder&) = delete;
  X264Encoder& operator=(const X264Encoder&) = delete;

  Result<EncodedRect> encode(const FrameView& picture, const Region& changed) override;

 private:
  void convert(const FrameView& picture, const Rect& rect);
  void mark_blocks(const Region& changed);

  x264_t* encoder_;
  Size surface_;
  std::size_t luma_stride_ = 0;
  std::vector<std::uint8_t> luma_;
  std::vector<std::uint8_t> u_;
  std::vector<std::uint8_t> v_;
  std::vector<std::byte> wide_rows_[2];
  std::vector<std::uint8_t> blocks_;  // of 16x16: flags for x264
  std::int64_t frames_ = 0;
};

// Odd edges repeat the last pixel, so that its chroma is its own.
void X264Encoder::convert(const FrameView& picture, const Rect& rect) {
  const auto width = static_cast<std::size_t>(rect.width + rect.width % 2);
  const auto bytes = static_cast<std::size_t>(rect.width) * kBytesPerPixel;
  const auto x = static_cast<std::size_t>(rect.x);
  for (int y = rect.y; y < rect.bottom(); y += 2) {
    const std::byte* rows[2] = {picture.at(rect.x, y), picture.at(rect.x, std::min(y + 1, rect.bottom() - 1))};
    if (rect.width % 2 != 0) {
      for (std::size_t i = 0; i < 2; ++i) {
        wide_rows_[i].assign(rows[i], rows[i] + bytes);
        wide_rows_[i].insert(wide_rows_[i].end(), rows[i] + bytes - kBytesPerPixel, rows[i] + bytes);
        rows[i] = wide_rows_[i].data();
      }
    }
    const std::size_t at = static_cast<std::size_t>(y) * luma_stride_ + x;
    const std::size_t chroma_at = static_cast<std::size_t>(y / 2) * (luma_stride_ / 2) + x / 2;
    convert_two_rows(rows[0], rows[1], width,
                     {{&luma_[at], &luma_[at + luma_stride_]}, &u_[chroma_at], &v_[chroma_at]});
  }
}

void X264Encoder::mark_blocks(const Region& changed) {
  constexpr std::uint8_t kUnchanged = X264_MBINFO_CONSTANT;
  std::ranges::fill(blocks_, frames_ == 0 ? std::uint8_t{0} : kUnchanged);
  const std::size_t in_row = luma_stride_ / kMacroblock;
  for (const Rect& rect : changed.rects()) {
    for (int y = rect.y / kMacroblock; y * kMacroblock < rect.bottom(); ++y) {
      for (int x = rect.x / kMacroblock; x * kMacroblock < rect.right(); ++x) {
        blocks_[static_cast<std::size_t>(y) * in_row + static_cast<std::size_t>(x)] = 0;
      }
    }
  }
}

Result<EncodedRect> X264Encoder::encode(const FrameView& picture, const Region& changed) {
  for (const Rect& rect : changed.rects()) convert(picture, rect);
  mark_blocks(changed);
  x264_picture_t in;
  x264_picture_init(&in);
  in.i_pts = frames_++;
  in.prop.mb_info = blocks_.data();  // x264 reads it before it returns
  in.img.i_csp = X264_CSP_I420;
  in.img.i_plane = 3;
  in.img.plane[0] = luma_.data();
  in.img.plane[1] = u_.data();
  in.img.plane[2] = v_.data();
  in.img.i_stride[0] = static_cast<int>(luma_stride_);
  in.img.i_stride[1] = in.img.i_stride[2] = static_cast<int>(luma_stride_ / 2);
  x264_picture_t out;
  x264_nal_t* nals = nullptr;
  int count = 0;
  const int size = x264_encoder_encode(encoder_, &nals, &count, &in, &out);
  if (size <= 0) return fail(Errc::kInternal, "x264 gave no frame");
  EncodedRect result;
  result.codec = Codec::kAvc420;
  result.rect = bounds(surface_);
  const auto* bytes = reinterpret_cast<const std::byte*>(nals[0].p_payload);  // all NAL units, one behind the other
  result.data.assign(bytes, bytes + size);
  result.regions.assign(changed.rects().begin(), changed.rects().end());
  result.qp = static_cast<std::uint8_t>(std::clamp(out.i_qpplus1 - 1, 0, 51));
  result.quality = kQuality;
  return result;
}

}  // namespace

Region aligned_for_chroma(const Region& changed, Size surface) {
  Region aligned;
  for (const Rect& rect : changed.rects()) {
    const int x = rect.x / 2 * 2;
    const int y = rect.y / 2 * 2;
    aligned.add({x, y, (rect.right() + 1) / 2 * 2 - x, (rect.bottom() + 1) / 2 * 2 - y});
  }
  aligned.clip(bounds(surface));
  return aligned;
}

Result<std::unique_ptr<Avc420Encoder>> Avc420Encoder::create(Size surface) {
  x264_param_t param;
  if (!configure(param, {padded(surface.width), padded(surface.height)})) {
    return fail(Errc::kUnavailable, "x264 refuses our settings");
  }
  x264_t* const encoder = x264_encoder_open(&param);
  x264_param_cleanup(&param);
  if (encoder == nullptr) return fail(Errc::kUnavailable, "x264 cannot encode this size");
  return std::make_unique<X264Encoder>(encoder, surface);
}

}  // namespace tobari::display
