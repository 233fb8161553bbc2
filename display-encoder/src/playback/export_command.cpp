// SPDX-License-Identifier: GPL-3.0-or-later
// tobari recording export
#include <algorithm>
#include <cstdio>
#include <limits>
#include <print>
#include <string>

#include "playback/commands.h"
#include "playback/locked.h"
#include "playback/player.h"
#include "playback/times.h"
#include "playback/video_writer.h"

namespace tobari::display::playback {
namespace {

constexpr std::uint64_t kSecond = 1'000'000;

struct Span {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
};

// The end, as the recording says it, or as far as it goes.
Result<std::uint64_t> end_of(const recording::Recording& recording) {
  TOBARI_ASSIGN(const auto end, recording.end_us());
  if (end) return *end;
  TOBARI_ASSIGN(const auto verified, recording.verify());
  return verified.duration_us;
}

Result<Span> span_of(const recording::Recording& recording, const ExportOptions& options) {
  Span span;
  TOBARI_ASSIGN(span.from, parse_time(options.from));
  TOBARI_ASSIGN(const std::uint64_t end, end_of(recording));
  span.to = end;
  if (!options.to.empty()) {
    TOBARI_ASSIGN(const std::uint64_t to, parse_time(options.to));
    span.to = std::min(end, to);
  }
  if (span.from > span.to)
    return fail(Errc::kInvalidArgument,
                "there is nothing between these times: the recording is " + to_text(end) + " long");
  return span;
}

// A picture when something has changed, and one a second so that every player can be wound.
Result<std::int64_t> write_film(Player& player, VideoWriter& film, const Span& span, const ExportOptions& options) {
  const auto tick = kSecond / static_cast<std::uint64_t>(options.per_second);
  const auto last = static_cast<std::int64_t>((span.to - span.from) / tick);
  Canvas picture;
  std::int64_t written = -1;
  std::uint64_t seen = 0;
  for (std::int64_t moment = 0; moment <= last;) {
    const std::uint64_t now = span.from + static_cast<std::uint64_t>(moment) * tick;
    TOBARI_TRY(player.play_until(now));
    const bool due = written < 0 || moment - written >= options.per_second || moment == last;
    if (player.size().valid() && (due || player.changes() != seen)) {
      player.picture(picture, options.pointer);
      TOBARI_TRY(film.write(picture, moment));
      written = moment;
      seen = player.changes();
    }
    TOBARI_ASSIGN(const auto next, player.next_us());
    std::int64_t then = moment + options.per_second;
    if (next) then = std::min(then, static_cast<std::int64_t>((*next - span.from + tick - 1) / tick));
    moment = moment == last ? last + 1 : std::clamp(then, moment + 1, last);
  }
  return written;
}

Result<void> export_it(const ExportOptions& options) {
  TOBARI_ASSIGN(const recording::Recording recording, open_recording(options.file, options.key));
  TOBARI_ASSIGN(const Span span, span_of(recording, options));
  Player player(recording);
  TOBARI_TRY(player.seek(span.from));
  std::println(stderr, "read {} chunks to get to {}", player.chunks_read(), to_text(span.from));
  if (options.out.extension() == ".png") {
    if (!player.size().valid()) return fail(Errc::kNotFound, "nothing was shown yet at that time");
    Canvas picture;
    player.picture(picture, options.pointer);
    return write_png(options.out, picture);
  }
  TOBARI_ASSIGN(const Size size, largest_desktop(recording, span.from, span.to));
  if (!size.valid()) return fail(Errc::kNotFound, "nothing was shown between these times");
  const auto quality = options.lossless ? VideoWriter::Quality::kLossless : VideoWriter::Quality::kFilm;
  TOBARI_ASSIGN(VideoWriter film, VideoWriter::create(options.out, size, options.per_second, quality));
  TOBARI_TRY(write_film(player, film, span, options));
  TOBARI_TRY(film.finish());
  std::println("{}: {} of the recording, {}x{}", options.out.string(), to_text(span.to - span.from), size.width,
               size.height);
  return {};
}

}  // namespace

int export_recording(const ExportOptions& options) {
  const auto done = export_it(options);
  if (done) return kGood;
  std::println(stderr, "tobari recording: {}", done.error().message);
  return done.error().code == Errc::kInvalidArgument ? kBadArguments : kNo;
}

}  // namespace tobari::display::playback
