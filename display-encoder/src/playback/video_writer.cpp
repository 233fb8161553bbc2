// SPDX-License-Identifier: GPL-3.0-or-later
#include "playback/video_writer.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <format>
#include <fstream>
#include <string>
#include <utility>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/error.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
}

namespace tobari::display::playback {
namespace {

constexpr const char* kFilmQuality = "18";  // x264's constant rate factor
constexpr int kKeyEverySeconds = 10;        // so that a player can be wound

struct Free {
  void operator()(AVCodecContext* context) const { avcodec_free_context(&context); }
  void operator()(AVFrame* frame) const { av_frame_free(&frame); }
  void operator()(AVPacket* packet) const { av_packet_free(&packet); }
  void operator()(SwsContext* context) const { sws_freeContext(context); }
  void operator()(AVFormatContext* context) const {
    if (context->pb != nullptr) static_cast<void>(avio_closep(&context->pb));
    avformat_free_context(context);
  }
};
template <class T>
using Owned = std::unique_ptr<T, Free>;

std::unexpected<Error> failed(const char* what, int code) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> text{};
  static_cast<void>(av_strerror(code, text.data(), text.size()));
  return fail(Errc::kIo, std::format("{}: {}", what, text.data()));
}

Result<Owned<AVCodecContext>> open_encoder(const char* name, Size size, int per_second, AVPixelFormat format,
                                           bool global_header) {
  const AVCodec* const codec = avcodec_find_encoder_by_name(name);
  if (codec == nullptr) return fail(Errc::kUnavailable, std::format("FFmpeg has no encoder {}", name));
  Owned<AVCodecContext> encoder(avcodec_alloc_context3(codec));
  if (!encoder) return fail(Errc::kExhausted, "no memory for an encoder");
  encoder->width = size.width;
  encoder->height = size.height;
  encoder->pix_fmt = format;
  encoder->time_base = {1, per_second};
  encoder->framerate = {per_second, 1};
  encoder->gop_size = per_second * kKeyEverySeconds;
  if (global_header) encoder->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  if (format == AV_PIX_FMT_YUV420P) {
    encoder->color_range = AVCOL_RANGE_MPEG;
    encoder->colorspace = AVCOL_SPC_BT709;
    encoder->color_primaries = AVCOL_PRI_BT709;
    encoder->color_trc = AVCOL_TRC_BT709;
    static_cast<void>(av_opt_set(encoder->priv_data, "crf", kFilmQuality, 0));
  } else {
    static_cast<void>(av_opt_set(encoder->priv_data, "qp", "0", 0));
  }
  static_cast<void>(av_opt_set(encoder->priv_data, "preset", "veryfast", 0));
  if (const int code = avcodec_open2(encoder.get(), codec, nullptr); code < 0) return failed("open an encoder", code);
  return encoder;
}

Result<Owned<AVFrame>> make_frame(Size size, AVPixelFormat format) {
  Owned<AVFrame> frame(av_frame_alloc());
  if (!frame) return fail(Errc::kExhausted, "no memory for a picture");
  frame->width = size.width;
  frame->height = size.height;
  frame->format = format;
  if (const int code = av_frame_get_buffer(frame.get(), 0); code < 0) return failed("make a picture", code);
  return frame;
}

Size even(Size size) { return {(size.width + 1) / 2 * 2, (size.height + 1) / 2 * 2}; }

// The picture, on as much canvas as the film has.
void fit(const Canvas& picture, Canvas& onto) {
  if (picture.size != onto.size) std::ranges::fill(onto.pixels, 0);
  const auto columns = static_cast<std::size_t>(std::min(picture.size.width, onto.size.width));
  for (int y = 0; y < std::min(picture.size.height, onto.size.height); ++y) {
    const auto row = static_cast<std::size_t>(y);
    std::memcpy(onto.pixels.data() + row * static_cast<std::size_t>(onto.size.width),
                picture.pixels.data() + row * static_cast<std::size_t>(picture.size.width),
                columns * sizeof(std::uint32_t));
  }
}

}  // namespace

class VideoWriter::Impl {
 public:
  Result<void> open(const std::filesystem::path& file, Size wanted, int per_second, Quality quality) {
    const Size size = even(wanted);
    AVFormatContext* raw = nullptr;
    if (avformat_alloc_output_context2(&raw, nullptr, nullptr, file.c_str()) < 0 || raw == nullptr) {
      return fail(Errc::kInvalidArgument, file.string() + ": films are .mkv or .mp4, single pictures .png");
    }
    format_.reset(raw);
    const bool exact = quality == Quality::kLossless;
    const AVPixelFormat pixels = exact ? AV_PIX_FMT_BGR0 : AV_PIX_FMT_YUV420P;
    const bool global_header = (format_->oformat->flags & AVFMT_GLOBALHEADER) != 0;
    TOBARI_ASSIGN(encoder_, open_encoder(exact ? "libx264rgb" : "libx264", size, per_second, pixels, global_header));
    TOBARI_ASSIGN(frame_, make_frame(size, pixels));
    packet_.reset(av_packet_alloc());
    stream_ = avformat_new_stream(format_.get(), nullptr);
    if (!packet_ || stream_ == nullptr) return fail(Errc::kExhausted, "no memory for a film");
    stream_->time_base = encoder_->time_base;
    if (const int code = avcodec_parameters_from_context(stream_->codecpar, encoder_.get()); code < 0) {
      return failed("describe the film", code);
    }
    if (const int code = avio_open(&format_->pb, file.c_str(), AVIO_FLAG_WRITE); code < 0) {
      return failed(file.c_str(), code);
    }
    if (const int code = avformat_write_header(format_.get(), nullptr); code < 0) return failed("begin the film", code);
    canvas_ = {size, std::vector<std::uint32_t>(static_cast<std::size_t>(size.area()))};
    scaler_.reset(sws_getContext(size.width, size.height, AV_PIX_FMT_BGR0, size.width, size.height, pixels, SWS_POINT,
                                 nullptr, nullptr, nullptr));
    if (!scaler_) return fail(Errc::kInternal, "no way from these pixels to a film's");
    if (!exact) {
      const int* const bt709 = sws_getCoefficients(SWS_CS_ITU709);
      static_cast<void>(sws_setColorspaceDetails(scaler_.get(), bt709, 1, bt709, 0, 0, 1 << 16, 1 << 16));
    }
    return {};
  }

  Result<void> write(const Canvas& picture, std::int64_t moment) {
    fit(picture, canvas_);
    if (const int code = av_frame_make_writable(frame_.get()); code < 0) return failed("take a picture", code);
    const auto* const from = reinterpret_cast<const std::uint8_t*>(canvas_.pixels.data());
    const std::array<const std::uint8_t*, 1> planes{from};
    const std::array<int, 1> strides{canvas_.size.width * 4};
    static_cast<void>(sws_scale(scaler_.get(), planes.data(), strides.data(), 0, canvas_.size.height, frame_->data,
                                frame_->linesize));
    frame_->pts = moment;
    return encode(frame_.get());
  }

  Result<void> finish() {
    TOBARI_TRY(encode(nullptr));
    if (const int code = av_write_trailer(format_.get()); code < 0) return failed("end the film", code);
    if (const int code = avio_closep(&format_->pb); code < 0) return failed("end the film", code);
    return {};
  }

 private:
  Result<void> encode(const AVFrame* frame) {
    if (const int code = avcodec_send_frame(encoder_.get(), frame); code < 0) return failed("encode a picture", code);
    for (;;) {
      const int code = avcodec_receive_packet(encoder_.get(), packet_.get());
      if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return {};
      if (code < 0) return failed("encode a picture", code);
      av_packet_rescale_ts(packet_.get(), encoder_->time_base, stream_->time_base);
      packet_->stream_index = stream_->index;
      if (const int written = av_interleaved_write_frame(format_.get(), packet_.get()); written < 0) {
        return failed("write the film", written);
      }
    }
  }

  Owned<AVFormatContext> format_;
  AVStream* stream_ = nullptr;  // the format's
  Owned<AVCodecContext> encoder_;
  Owned<AVFrame> frame_;
  Owned<AVPacket> packet_;
  Owned<SwsContext> scaler_;
  Canvas canvas_;
};

VideoWriter::VideoWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
VideoWriter::VideoWriter(VideoWriter&&) noexcept = default;
VideoWriter& VideoWriter::operator=(VideoWriter&&) noexcept = default;
VideoWriter::~VideoWriter() = default;

Result<VideoWriter> VideoWriter::create(const std::filesystem::path& file, Size size, int per_second, Quality quality) {
  av_log_set_level(AV_LOG_ERROR);
  auto impl = std::make_unique<Impl>();
  TOBARI_TRY(impl->open(file, size, per_second, quality));
  return VideoWriter(std::move(impl));
}

Result<void> VideoWriter::write(const Canvas& picture, std::int64_t moment) { return impl_->write(picture, moment); }
Result<void> VideoWriter::finish() { return impl_->finish(); }

Result<void> write_png(const std::filesystem::path& file, const Canvas& picture) {
  TOBARI_ASSIGN(const auto encoder, open_encoder("png", picture.size, 1, AV_PIX_FMT_RGB24, false));
  TOBARI_ASSIGN(const auto frame, make_frame(picture.size, AV_PIX_FMT_RGB24));
  for (int y = 0; y < picture.size.height; ++y) {
    std::uint8_t* to = frame->data[0] + static_cast<std::ptrdiff_t>(y) * frame->linesize[0];
    for (int x = 0; x < picture.size.width; ++x) {
      const std::uint32_t pixel =
          picture.pixels[static_cast<std::size_t>(y) * static_cast<std::size_t>(picture.size.width) +
                         static_cast<std::size_t>(x)];
      for (const unsigned shift : {16U, 8U, 0U}) *to++ = static_cast<std::uint8_t>(pixel >> shift);
    }
  }
  const Owned<AVPacket> packet(av_packet_alloc());
  if (!packet) return fail(Errc::kExhausted, "no memory for a picture");
  if (const int code = avcodec_send_frame(encoder.get(), frame.get()); code < 0)
    return failed("encode a picture", code);
  if (const int code = avcodec_receive_packet(encoder.get(), packet.get()); code < 0) {
    return failed("encode a picture", code);
  }
  std::ofstream out(file, std::ios::binary | std::ios::trunc);
  out.write(reinterpret_cast<const char*>(packet->data), packet->size);
  out.close();
  if (!out) return fail(Errc::kIo, "write " + file.string());
  return {};
}

}  // namespace tobari::display::playback
