// SPDX-License-Identifier: GPL-3.0-or-later
#include "within_grant.h"

#include <algorithm>
#include <array>
#include <format>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include "clipboard_scene.h"

namespace tobari::leak {
namespace {

using policy::Format;

constexpr std::array kFormats{Format::kText, Format::kRtf, Format::kHtml, Format::kImage};
constexpr std::size_t kLimit = 65'534;  // bytes a transfer; a picture can have exactly so many
constexpr std::size_t kDay = 10'000;
constexpr const char* kBothWays =
    "clipboard.to_guest:text,rtf,html,image,files clipboard.from_guest:text,rtf,html,image,files";
constexpr const char* kToGuest = "to guest";
constexpr const char* kFromGuest = "from guest";

std::string name(Format format) { return std::string(policy::kFormatNames[static_cast<std::size_t>(format)]); }

class Trial {
 public:
  Trial(std::string program, std::size_t attempts, const std::function<void(const ClipboardCase&)>& say)
      : program_(std::move(program)), attempts_(attempts), say_(say) {}

  Result<void> run();

 private:
  Result<void> open(const std::string& grant) {
    grant_ = grant;
    TOBARI_ASSIGN(scene_, ClipboardScene::open(program_, grant));
    return {};
  }
  // The formats and sizes of one direction: those of `open` pass, all others do not.
  void direction_to_guest(const std::vector<Format>& open, const std::string& under);
  void direction_from_guest(const std::vector<Format>& open, const std::string& under);
  Result<void> all_lies();
  Result<void> lengths();
  Result<void> day();
  Result<void> files();

  // ---- one paste each; an empty text: as it should be
  void pass_to_guest(Format format, std::size_t size, const std::string& under);
  void pass_from_guest(Format format, std::size_t size, const std::string& under);
  void block_to_guest(Format format, const std::string& what, std::size_t size,
                      const std::function<Bytes(const std::string&)>& content, bool may_offer);
  void block_from_guest(Format format, const std::string& what, std::size_t size, bool may_offer);
  void ends_session(const std::string& direction, const std::string& what, const std::function<void()>& act);

  const std::string program_;
  const std::size_t attempts_;
  const std::function<void(const ClipboardCase&)>& say_;
  std::string grant_;
  std::unique_ptr<ClipboardScene> scene_;
};

// ---- what passes

void Trial::pass_to_guest(Format format, std::size_t size, const std::string& under) {
  ClipboardScene& s = *scene_;
  const Content content = content_of(format, s.client_canaries.next(), size);
  ClipboardCase row{.allowed = true,
                    .direction = kToGuest,
                    .format = name(format) + under,
                    .size = content.plain.size(),
                    .attempts = 1};
  s.clipboard->copies(format, content.windows);
  if (!s.wait([&] { return s.guest->offered(format); })) {
    row.fault = "the desktop is not offered it";
  } else {
    const std::uint32_t id = s.guest->asks(format);
    if (!s.wait([&] { return s.guest->answered(id); })) {
      row.fault = "nobody answers the desktop";
    } else if (!s.guest->given(id)) {
      row.fault = "it is refused";
    } else if (*s.guest->given(id) != content.plain) {
      row.fault = "what arrives is not what was copied";
    }
  }
  say_(row);
}

void Trial::pass_from_guest(Format format, std::size_t size, const std::string& under) {
  ClipboardScene& s = *scene_;
  const Content content = content_of(format, s.machine_canaries.next(), size);
  ClipboardCase row{.allowed = true,
                    .direction = kFromGuest,
                    .format = name(format) + under,
                    .size = content.plain.size(),
                    .attempts = 1};
  s.guest->copies(format, content.plain);
  if (!s.wait([&] { return s.clipboard->offered(format_id(format)); })) {
    row.fault = "the client is not offered it";
  } else {
    s.clipboard->asks(format_id(format));
    if (!s.wait([&] { return s.clipboard->answered(); })) {
      row.fault = "nobody answers the client";
    } else if (!s.clipboard->given()) {
      row.fault = "it is refused";
    } else if (format == Format::kHtml ? document_of(*s.clipboard->given()) != content.plain
                                       : *s.clipboard->given() != content.windows) {
      row.fault = "what arrives is not what was copied";
    }
  }
  say_(row);
}

// ---- what does not

void Trial::block_to_guest(Format format, const std::string& what, std::size_t size,
                           const std::function<Bytes(const std::string&)>& content, bool may_offer) {
  ClipboardScene& s = *scene_;
  ClipboardCase row{.direction = kToGuest, .format = what, .size = size};
  for (std::size_t i = 0; i < attempts_ && row.fault.empty(); ++i) {
    ++row.attempts;
    const std::size_t before = s.guest->canaries();
    const std::size_t asked = s.clipboard->asked();
    s.clipboard->copies(format, content(s.client_canaries.next()));
    if (!s.settle()) {
      row.fault = "the session ends";
      break;
    }
    if (!may_offer && s.guest->offered(format)) row.fault = "the desktop is offered it";
    const std::uint32_t id = s.guest->asks(format);
    if (!s.wait([&] { return s.guest->answered(id); })) {
      row.fault = "nobody answers the desktop";
    } else if (s.guest->given(id)) {
      row.fault = "something is pasted";
      ++row.through;
    }
    if (!may_offer && s.clipboard->asked() != asked) row.fault = "the client is asked for it";
    row.through += s.guest->canaries() - before;
  }
  say_(row);
}

void Trial::block_from_guest(Format format, const std::string& what, std::size_t size, bool may_offer) {
  ClipboardScene& s = *scene_;
  ClipboardCase row{.direction = kFromGuest, .format = what, .size = size};
  for (std::size_t i = 0; i < attempts_ && row.fault.empty(); ++i) {
    ++row.attempts;
    const std::size_t before = s.to_client();
    s.guest->copies(format, content_of(format, s.machine_canaries.next(), size).plain);
    if (!s.settle()) {
      row.fault = "the session ends";
      break;
    }
    if (!may_offer && s.clipboard->offered(format_id(format))) row.fault = "the client is offered it";
    s.clipboard->asks(format_id(format));
    if (!s.wait([&] { return s.clipboard->answered(); })) {
      row.fault = "nobody answers the client";
    } else if (s.clipboard->given()) {
      row.fault = "something is pasted";
      ++row.through;
    }
    row.through += s.to_client() - before;
  }
  say_(row);
}

void Trial::ends_session(const std::string& direction, const std::string& what, const std::function<void()>& act) {
  ClipboardScene& s = *scene_;
  ClipboardCase row{.direction = direction, .format = what, .size = 96, .attempts = 1};
  const std::size_t before = s.guest->canaries();
  act();
  static_cast<void>(s.wait([&] { return s.client->ended(); }, std::chrono::seconds(5)));
  s.guest->serve();
  row.through = s.guest->canaries() - before;
  if (!s.client->ended()) row.fault = "the session goes on";
  s.clipboard.reset();
  s.client.reset();
  const auto report = s.stand->wait_ended(s.session);
  if (row.fault.empty() && (!report || !report->violation)) row.fault = "it is not reported as a violation";
  say_(row);
}

// ---- formats and directions

void Trial::direction_to_guest(const std::vector<Format>& open, const std::string& under) {
  for (const Format format : kFormats) {
    const bool passes = std::ranges::contains(open, format);
    if (passes) {
      for (const std::size_t size : {std::size_t{96}, std::size_t{4096}, kLimit}) pass_to_guest(format, size, under);
    }
    for (const std::size_t size : passes ? std::vector{kLimit + 1} : std::vector<std::size_t>{96, 4096}) {
      block_to_guest(
          format, name(format) + (passes ? ", a byte more than may pass" : "") + under, size,
          [format, size](const std::string& canary) { return content_of(format, canary, size).windows; }, passes);
    }
  }
}

void Trial::direction_from_guest(const std::vector<Format>& open, const std::string& under) {
  for (const Format format : kFormats) {
    const bool passes = std::ranges::contains(open, format);
    if (passes) {
      for (const std::size_t size : {std::size_t{96}, std::size_t{4096}, kLimit}) pass_from_guest(format, size, under);
    }
    for (const std::size_t size : passes ? std::vector{kLimit + 1} : std::vector<std::size_t>{96, 4096}) {
      block_from_guest(format, name(format) + (passes ? ", a byte more than may pass" : "") + under, size, passes);
    }
  }
}

Result<void> Trial::run() {
  const std::vector<Format> all(kFormats.begin(), kFormats.end());
  const std::string everything = std::format(":text,rtf,html,image,files:{}", kLimit);
  TOBARI_TRY(open("clipboard.to_guest" + everything));
  direction_to_guest(all, " (one way)");
  direction_from_guest({}, " (the other way is open)");
  TOBARI_TRY(open("clipboard.from_guest" + everything));
  direction_from_guest(all, " (one way)");
  direction_to_guest({}, " (the other way is open)");
  for (const Format only : kFormats) {
    const std::string limits = std::format(":{}:{}", name(only), kLimit);
    TOBARI_TRY(open("clipboard.to_guest" + limits + " clipboard.from_guest" + limits));
    const std::string under = std::format(" (only {} is open)", name(only));
    direction_to_guest({only}, under);
    direction_from_guest({only}, under);
  }
  TOBARI_TRY(all_lies());
  TOBARI_TRY(lengths());
  TOBARI_TRY(day());
  return files();
}

// ---- what is claimed

Result<void> Trial::all_lies() {
  const auto each = [this](std::vector<Lie> (*make)(const std::string&), const char* under) {
    for (std::size_t i = 0; const Lie& lie : make(Canaries().next())) {
      block_to_guest(
          lie.format, lie.what + std::string(under), lie.windows.size(),
          [make, i](const std::string& canary) { return make(canary)[i].windows; }, true);
      ++i;
    }
  };
  TOBARI_TRY(open("clipboard.to_guest:text,rtf,html,image"));
  each(lies, "");
  TOBARI_TRY(open("clipboard.to_guest:text,rtf,html"));
  each(hidden_pictures, " (pictures are not open)");
  return {};
}

Result<void> Trial::lengths() {
  for (const std::uint32_t length : {0x7FFF'FFF0U, 0xFFFF'FFF0U, std::uint32_t{64} << 20}) {
    TOBARI_TRY(open("clipboard.to_guest:text,rtf,html,image:65536"));
    ClipboardScene& s = *scene_;
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
    say_(row);
  }
  return {};
}

Result<void> Trial::day() {
  TOBARI_TRY(open(kBothWays));
  const std::string under = std::format(" ({} bytes are left of the day)", kDay);
  scene_->stand->allow_bytes(kDay);
  pass_to_guest(Format::kText, kDay - 1, under);
  block_to_guest(
      Format::kText, "text" + under, 96,
      [](const std::string& canary) { return content_of(Format::kText, canary, 96).windows; }, true);
  scene_->stand->allow_bytes(kDay);
  pass_from_guest(Format::kText, kDay - 1, under);
  block_from_guest(Format::kText, "text" + under, 96, true);
  return {};
}

// A policy may name files; there is no way for them (docs/CHANNELS.md).
Result<void> Trial::files() {
  TOBARI_TRY(open(kBothWays));
  ClipboardScene& s = *scene_;
  ClipboardCase row{.direction = kToGuest, .format = "an offer of files", .size = 0, .attempts = 1};
  s.clipboard->copies_files();
  if (!s.settle()) row.fault = "the session ends";
  for (const Format format : kFormats) {
    if (s.guest->offered(format)) row.fault = "the desktop is offered something";
  }
  if (s.clipboard->asked() != 0) row.fault = "the client is asked for something";
  say_(row);
  for (const std::uint32_t id : {kFileList, 15U, 0U, 0xFFFF'FFFFU}) {
    ClipboardCase asked{.direction = kFromGuest,
                        .format = std::format("format {:x}, which was never offered", id),
                        .size = 0,
                        .attempts = 1};
    s.clipboard->asks(id);
    if (!s.wait([&s] { return s.clipboard->answered(); })) asked.fault = "nobody answers the client";
    if (s.clipboard->given()) ++asked.through;
    say_(asked);
  }
  ends_session(kToGuest, "contents of a file, unasked",
               [&s] { s.clipboard->pushes_file_contents(filled(s.client_canaries.next(), 96)); });
  TOBARI_TRY(open(kBothWays));
  ends_session(kFromGuest, "contents of a file are asked for", [this] { scene_->clipboard->asks_for_file_contents(); });
  return {};
}

}  // namespace

Result<void> try_within_grant(const std::string& program, std::size_t attempts,
                              const std::function<void(const ClipboardCase&)>& say) {
  return Trial(program, attempts, say).run();
}

}  // namespace tobari::leak
