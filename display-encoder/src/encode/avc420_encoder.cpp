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
constexpr int kFrameRate = 30;  // what level and bounds are computed for; frames come as they come
// The quantizer is constant unless the line asks for less (set_line_rate): a rate factor that followed the content
// would spend bits on making still areas better, which is done without loss anyway.
constexpr float kQuantizer = 22;
constexpr int kCoarsestQuantizer = 44;
constexpr std::uint8_t kQuality = 100;  // informative
// A line that is not known to be narrow bounds nothing.
constexpr std::size_t kWideLine = 30'000'000;  // bytes a second
constexpr std::size_t kNarrowestLine = 16'000;
constexpr std::size_t kShareOfLine = 8;  // in tenths: the rest is for everything that is no video
// What a film may cost however wide the line is: 0.4 bits a pixel and frame, or 2 Mbit/s for small ones. Only grain
// needs more, and its bits cost time at both ends; at rest it is exact anyway. A cut may use what was saved before it.
constexpr std::size_t kMostMillibits = 400;
constexpr std::size_t kSmallFilm = 250'000;  // bytes a second
constexpr int kSavedFrames = 6;

int padded(int side) { return (side + kMacroblock - 1) / kMacroblock * kMacroblock; }

// The lowest level (H.264 table A-1) whose frame size and macroblocks a second suffice, times ten. Given explicitly,
// because x264 would raise it for the bounds on bytes, and decoders of small devices refuse high levels.
int level_of(Size coded) {
  struct Level {
    int idc;
    long frame;
    long second;
  };
  constexpr Level kLevels[] = {{30, 1620, 40500},  {31, 3600, 108000},  {32, 5120, 216000}, {40, 8192, 245760},
                               {42, 8704, 522240}, {50, 22080, 589824}, {51, 36864, 983040}};
  const long blocks = coded.area() / (kMacroblock * kMacroblock);
  for (const Level& level : kLevels) {
    if (blocks <= level.frame && blocks * kFrameRate <= level.second) return level.idc;
  }
  return 52;
}

// One frame may hold what the line carries in one frame's time, so that none is a burst that all else waits for.
void bound_bytes(x264_param_t& param, std::size_t bytes_per_second) {
  const std::size_t line = std::clamp(bytes_per_second, kNarrowestLine, kWideLine) * kShareOfLine / 10;
  const auto pixels = static_cast<std::size_t>(param.i_width) * static_cast<std::size_t>(param.i_height);
  const std::size_t film = std::max(kSmallFilm, pixels * kMostMillibits * kFrameRate / 8000);
  const auto kilobits = [](std::size_t bytes) { return static_cast<int>(bytes * 8 / 1000); };
  param.rc.i_vbv_max_bitrate = kilobits(std::min(line, film));
  param.rc.i_vbv_buffer_size = std::max(1, std::min(kilobits(line), kilobits(film) * kSavedFrames) / kFrameRate);
}

// What was tried and what it cost: docs/PERFORMANCE.md.
void choose_tools(x264_param_t& param) {
  param.b_cabac = 1;
  param.b_deblocking_filter = 1;
  param.analyse.i_subpel_refine = 1;
  param.analyse.i_weighted_pred = X264_WEIGHTP_NONE;
}

bool configure(x264_param_t& param, Size coded) {
  if (x264_param_default_preset(&param, "ultrafast", "zerolatency") < 0) return false;
  choose_tools(param);
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
  param.i_level_idc = level_of(coded);
  param.rc.i_rc_method = X264_RC_CRF;
  param.rc.f_rf_constant = kQuantizer;
  param.rc.f_qcompress = 1;  // the same quantizer whatever the content
  param.rc.i_qp_min = static_cast<int>(kQuantizer);
  param.rc.i_qp_max = kCoarsestQuantizer;
  bound_bytes(param, kWideLine);
  param.analyse.b_mb_info = 1;
  param.vui.b_fullrange = 1;
  param.vui.i_colorprim = 1;  // BT.709, all three
  param.vui.i_transfer = 1;
  param.vui.i_colmatrix = 1;
  return x264_param_apply_profile(&param, "main") == 0;
}

class X264Encoder final : public Avc420Encoder {
 public:
  X264Encoder(x264_t* encoder, const Rect& place) : encoder_(encoder), place_(place) {
    const auto width = static_cast<std::size_t>(padded(place.width));
    const auto height = static_cast<std::size_t>(padded(place.height));
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
  void set_line_rate(std::size_t bytes_per_second) override;

 private:
  void convert(const FrameView& picture, const Rect& rect);
  void mark_blocks(const Region& changed);

  x264_t* encoder_;
  Rect place_;
  std::size_t luma_stride_ = 0;
  std::vector<std::uint8_t> luma_;
  std::vector<std::uint8_t> u_;
  std::vector<std::uint8_t> v_;
  std::vector<std::byte> wide_rows_[2];
  std::vector<std::uint8_t> blocks_;  // of 16x16: flags for x264
  std::int64_t frames_ = 0;
  std::size_t rate_ = kWideLine;
};

// Odd edges repeat the last pixel, so that its chroma is its own.
void X264Encoder::convert(const FrameView& picture, const Rect& rect) {
  const auto width = static_cast<std::size_t>(rect.width + rect.width % 2);
  const auto bytes = static_cast<std::size_t>(rect.width) * kBytesPerPixel;
  const auto x = static_cast<std::size_t>(rect.x - place_.x);
  for (int y = rect.y; y < rect.bottom(); y += 2) {
    const std::byte* rows[2] = {picture.at(rect.x, y), picture.at(rect.x, std::min(y + 1, rect.bottom() - 1))};
    if (rect.width % 2 != 0) {
      for (std::size_t i = 0; i < 2; ++i) {
        wide_rows_[i].assign(rows[i], rows[i] + bytes);
        wide_rows_[i].insert(wide_rows_[i].end(), rows[i] + bytes - kBytesPerPixel, rows[i] + bytes);
        rows[i] = wide_rows_[i].data();
      }
    }
    const auto line = static_cast<std::size_t>(y - place_.y);
    const std::size_t at = line * luma_stride_ + x;
    const std::size_t chroma_at = line / 2 * (luma_stride_ / 2) + x / 2;
    convert_two_rows(rows[0], rows[1], width,
                     {{&luma_[at], &luma_[at + luma_stride_]}, &u_[chroma_at], &v_[chroma_at]});
  }
}

void X264Encoder::mark_blocks(const Region& changed) {
  constexpr std::uint8_t kUnchanged = X264_MBINFO_CONSTANT;
  std::ranges::fill(blocks_, frames_ == 0 ? std::uint8_t{0} : kUnchanged);
  const std::size_t in_row = luma_stride_ / kMacroblock;
  for (const Rect& rect : changed.rects()) {
    const Rect inside{rect.x - place_.x, rect.y - place_.y, rect.width, rect.height};
    for (int y = inside.y / kMacroblock; y * kMacroblock < inside.bottom(); ++y) {
      for (int x = inside.x / kMacroblock; x * kMacroblock < inside.right(); ++x) {
        blocks_[static_cast<std::size_t>(y) * in_row + static_cast<std::size_t>(x)] = 0;
      }
    }
  }
}

void X264Encoder::set_line_rate(std::size_t bytes_per_second) {
  const std::size_t change = std::max(rate_, bytes_per_second) - std::min(rate_, bytes_per_second);
  if (change * 8 < rate_ || std::min(rate_, bytes_per_second) >= kWideLine) return;  // an estimate is never still
  rate_ = bytes_per_second;
  x264_param_t param;
  x264_encoder_parameters(encoder_, &param);
  bound_bytes(param, bytes_per_second);
  static_cast<void>(x264_encoder_reconfig(encoder_, &param));  // refused: it stays as it was
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
  result.rect = place_;
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

Result<std::unique_ptr<Avc420Encoder>> Avc420Encoder::create(const Rect& place) {
  x264_param_t param;
  if (!configure(param, {padded(place.width), padded(place.height)})) {
    return fail(Errc::kUnavailable, "x264 refuses our settings");
  }
  x264_t* const encoder = x264_encoder_open(&param);
  x264_param_cleanup(&param);
  if (encoder == nullptr) return fail(Errc::kUnavailable, "x264 cannot encode this size");
  return std::make_unique<X264Encoder>(encoder, place);
}

}  // namespace tobari::display
