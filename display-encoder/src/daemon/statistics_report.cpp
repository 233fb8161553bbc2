// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/statistics_report.h"

#include <format>

#include <tobari/base/log.h>
#include <tobari/display_control.pb.h>

#include "stats/stats_text.h"

namespace tobari::display {
namespace {

void to_wire(const LogHistogram& histogram, wire::LogHistogram& out) {
  const auto counts = histogram.counts();
  std::size_t used = counts.size();
  while (used > 0 && counts[used - 1] == 0) --used;
  for (const std::uint32_t count : counts.first(used)) out.add_counts(count);
}

}  // namespace

void to_wire(const DisplayStats& stats, wire::Statistics& out) {
  out.set_frames(stats.frames);
  out.set_frames_acknowledged(stats.frames_acknowledged);
  out.set_observed_ms(static_cast<std::uint64_t>(stats.observed.count()));
  for (const CodecUse& use : stats.codecs) {
    wire::CodecUse& one = *out.add_codecs();
    one.set_codec(std::string(name_of(use.codec)));
    one.set_commands(use.commands);
    one.set_bytes(use.bytes);
    one.set_pixels(use.pixels);
  }
  to_wire(stats.encode, *out.mutable_encode_us());
  to_wire(stats.acknowledge, *out.mutable_acknowledge_us());
  for (const LogHistogram& screen : stats.input) to_wire(screen, *out.add_input_us());
  out.set_unsent_bytes(stats.unsent_bytes);
  out.set_unsent_peak_bytes(stats.unsent_peak_bytes);
  out.set_in_flight(stats.in_flight);
  out.set_connected(stats.connected);
}

void log_statistics(std::string_view whose, const DisplayStats& stats) {
  log::info("statistics", {{"of", std::string(whose)},
                           {"seconds", std::format("{:.1f}", static_cast<double>(stats.observed.count()) / 1000)},
                           {"frames", std::to_string(stats.frames)},
                           {"inexact", std::to_string(stats.frames_inexact)},
                           {"acknowledged", std::to_string(stats.frames_acknowledged)},
                           {"bytes", std::to_string(stats.bytes())},
                           {"kbit_s", std::format("{:.0f}", kilobits_a_second(stats))},
                           {"codecs", codec_shares(stats)},
                           {"encode_ms", milliseconds(stats.encode)},
                           {"ack_ms", milliseconds(stats.acknowledge)},
                           {"input_ms", milliseconds(stats.input_of_all())},
                           {"inputs", std::to_string(stats.input_of_all().count())},
                           {"unsent_peak", std::to_string(stats.unsent_peak_bytes)}});
}

}  // namespace tobari::display
