// SPDX-License-Identifier: GPL-3.0-or-later
#include "within_grant.h"

#include <algorithm>
#include <array>
#include <format>
#include <string_view>
#include <utility>
#include <vector>

#include "clipboard_trial.h"

namespace tobari::leak {
namespace {

using policy::Format;

constexpr std::array kFormats{Format::kText, Format::kRtf, Format::kHtml, Format::kImage};
constexpr std::size_t kLimit = 65'534;  // bytes a transfer; a picture can have exactly so many
constexpr std::size_t kDay = 10'000;
constexpr const char* kBothWays =
    "clipboard.to_guest:text,rtf,html,image,files clipboard.from_guest:text,rtf,html,image,files";

void direction_to_guest(ClipboardTrial& trial, const std::vector<Format>& open, const std::string& under) {
  for (const Format format : kFormats) {
    const bool passes = std::ranges::contains(open, format);
    if (passes) {
      for (const std::size_t size : {std::size_t{96}, std::size_t{4096}, kLimit})
        trial.pass_to_guest(format, size, under);
    }
    for (const std::size_t size : passes ? std::vector{kLimit + 1} : std::vector<std::size_t>{96, 4096}) {
      trial.block_to_guest(
          format, name_of(format) + (passes ? ", a byte more than may pass" : "") + under, size,
          [format, size](const std::string& canary) { return content_of(format, canary, size).windows; }, passes);
    }
  }
}

void direction_from_guest(ClipboardTrial& trial, const std::vector<Format>& open, const std::string& under) {
  for (const Format format : kFormats) {
    const bool passes = std::ranges::contains(open, format);
    if (passes) {
      for (const std::size_t size : {std::size_t{96}, std::size_t{4096}, kLimit})
        trial.pass_from_guest(format, size, under);
    }
    for (const std::size_t size : passes ? std::vector{kLimit + 1} : std::vector<std::size_t>{96, 4096}) {
      trial.block_from_guest(format, name_of(format) + (passes ? ", a byte more than may pass" : "") + under, size,
                             passes);
    }
  }
}

Result<void> all_lies(ClipboardTrial& trial) {
  const auto each = [&trial](std::vector<Lie> (*make)(const std::string&), const char* under) {
    for (std::size_t i = 0; const Lie& lie : make(Canaries().next())) {
      trial.block_to_guest(
          lie.format, lie.what + std::string(under), lie.windows.size(),
          [make, i](const std::string& canary) { return make(canary)[i].windows; }, true);
      ++i;
    }
  };
  TOBARI_TRY(trial.open("clipboard.to_guest:text,rtf,html,image"));
  each(lies, "");
  TOBARI_TRY(trial.open("clipboard.to_guest:text,rtf,html"));
  each(hidden_pictures, " (pictures are not open)");
  return {};
}

Result<void> lengths(ClipboardTrial& trial) {
  for (const std::uint32_t length : {0x7FFF'FFF0U, 0xFFFF'FFF0U, std::uint32_t{64} << 20}) {
    TOBARI_TRY(trial.open("clipboard.to_guest:text,rtf,html,image:65536"));
    ClipboardScene& s = trial.scene();
    ClipboardCase row{.direction = kToGuest,
                      .format = std::format("text of {} bytes, as it says", length),
                      .size = length,
                      .attempts = 1};
    s.clipboard->lies_about_length(length);
    s.clipboard->copies(Format::kText, content_of(Format::kText, s.client_canaries.next(), 500).windows);
    if (s.wait([&] { return s.guest->offered(Format::kText); })) {
      const std::uint32_t id = s.guest->asks(Format::kText);
      static_cast<void>(s.wait([&] { return s.guest->answered(id); }));
      if (!s.guest->answered(id)) row.fault = "the desktop waits for all of it";
    } else {
      row.fault = "the desktop is not offered it";
    }
    row.through = s.guest->canaries();
    if (!s.stand->alive()) row.fault = "the display process has ended";
    trial.say(row);
  }
  return {};
}

Result<void> day(ClipboardTrial& trial) {
  TOBARI_TRY(trial.open(kBothWays));
  const std::string under = std::format(" ({} bytes are left of the day)", kDay);
  trial.scene().stand->allow_bytes(kDay);
  trial.pass_to_guest(Format::kText, kDay - 1, under);
  trial.block_to_guest(
      Format::kText, "text" + under, 96,
      [](const std::string& canary) { return content_of(Format::kText, canary, 96).windows; }, true);
  trial.scene().stand->allow_bytes(kDay);
  trial.pass_from_guest(Format::kText, kDay - 1, under);
  trial.block_from_guest(Format::kText, "text" + under, 96, true);
  return {};
}

// A policy may name files; there is no way for them (docs/CHANNELS.md).
Result<void> files(ClipboardTrial& trial) {
  TOBARI_TRY(trial.open(kBothWays));
  ClipboardScene& s = trial.scene();
  ClipboardCase row{.direction = kToGuest, .format = "an offer of files", .size = 0, .attempts = 1};
  s.clipboard->copies_files();
  if (!s.settle()) row.fault = "the session ends";
  for (const Format format : kFormats) {
    if (s.guest->offered(format)) row.fault = "the desktop is offered something";
  }
  if (s.clipboard->asked() != 0) row.fault = "the client is asked for something";
  trial.say(row);
  for (const std::uint32_t id : {kFileList, 15U, 0U, 0xFFFF'FFFFU}) {
    ClipboardCase asked{.direction = kFromGuest,
                        .format = std::format("format {:x}, which was never offered", id),
                        .size = 0,
                        .attempts = 1};
    s.clipboard->asks(id);
    if (!s.wait([&s] { return s.clipboard->answered(); })) asked.fault = "nobody answers the client";
    if (s.clipboard->given()) ++asked.through;
    trial.say(asked);
  }
  trial.ends_session(kToGuest, "contents of a file, unasked",
                     [&s] { s.clipboard->pushes_file_contents(filled(s.client_canaries.next(), 96)); });
  TOBARI_TRY(trial.open(kBothWays));
  trial.ends_session(kFromGuest, "contents of a file are asked for",
                     [&trial] { trial.scene().clipboard->asks_for_file_contents(); });
  return {};
}

}  // namespace

Result<void> try_within_grant(const std::string& program, std::size_t attempts, ClipboardTrial::Say say) {
  ClipboardTrial trial(program, attempts, std::move(say));
  const std::vector<Format> all(kFormats.begin(), kFormats.end());
  const std::string everything = std::format(":text,rtf,html,image,files:{}", kLimit);
  TOBARI_TRY(trial.open("clipboard.to_guest" + everything));
  direction_to_guest(trial, all, " (one way)");
  direction_from_guest(trial, {}, " (the other way is open)");
  TOBARI_TRY(trial.open("clipboard.from_guest" + everything));
  direction_from_guest(trial, all, " (one way)");
  direction_to_guest(trial, {}, " (the other way is open)");
  for (const Format only : kFormats) {
    const std::string limits = std::format(":{}:{}", name_of(only), kLimit);
    TOBARI_TRY(trial.open("clipboard.to_guest" + limits + " clipboard.from_guest" + limits));
    const std::string under = std::format(" (only {} is open)", name_of(only));
    direction_to_guest(trial, {only}, under);
    direction_from_guest(trial, {only}, under);
  }
  TOBARI_TRY(all_lies(trial));
  TOBARI_TRY(lengths(trial));
  TOBARI_TRY(day(trial));
  return files(trial);
}

}  // namespace tobari::leak
