// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/options.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <format>
#include <optional>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>

#include "capture/test_pattern_source.h"
#include "capture/x11_source.h"
#include "rdp/library.h"
#include "session/display_session.h"

namespace tobari::display {
namespace {

constexpr Size kPatternSize{1280, 800};

std::optional<policy::FormatSet> formats(std::string_view text) {
  if (text == "all") return policy::FormatSet::all();
  policy::FormatSet set;
  while (!text.empty()) {
    const std::size_t comma = std::min(text.find(','), text.size());
    const auto format = policy::find_format(text.substr(0, comma));
    if (!format) return std::nullopt;
    set.add(*format);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return set;
}

const CLI::Validator& known_formats() {
  static const CLI::Validator validator(
      [](const std::string& text) {
        return formats(text) ? std::string() : "'" + text + "' is no list of text, rtf, html and image, nor all";
      },
      "FORMATS");
  return validator;
}

void describe(CLI::App& app, Options& o) {
  auto* control = app.add_option("--control-fd", o.control_fd, "descriptor of the host agent's control socket (3)");
  auto* source = app.add_option("--source", o.sources,
                                "x11:DISPLAY (x11::0) or pattern:NAME[@WIDTHxHEIGHT]; several: a screen each, for a "
                                "client's monitors in reading order")
                     ->allow_extra_args(false)
                     ->expected(1, static_cast<int>(DisplaySession::kMaxScreens));
  auto* listen = app.add_option("--listen", o.listen, "ADDRESS:PORT to listen on");
  auto* user = app.add_option("--user", o.user, "the one user who may connect");
  auto* password =
      app.add_option("--password-file", o.password_file, "file with that user's password in its first line");
  auto* cert = app.add_option("--cert", o.certificate_file, "certificate in PEM form (default: made at the start)");
  app.add_option("--key", o.key_file, "its key in PEM form")->needs(cert);
  cert->needs("--key");
  auto* clipboard =
      app.add_option("--clipboard", o.clipboard, "socket of the desktop's clipboard agent (tobari-clipboard --listen)");
  app.add_option_function<std::string>(
         "--paste", [&o](const std::string& text) { o.paste = formats(text).value_or(policy::FormatSet{}); },
         "formats that pass from the client to the desktop: all, or some of text,rtf,html,image")
      ->check(known_formats())
      ->needs(clipboard);
  app.add_option_function<std::string>(
         "--copy", [&o](const std::string& text) { o.copy = formats(text).value_or(policy::FormatSet{}); },
         "formats that pass from the desktop to the client")
      ->check(known_formats())
      ->needs(clipboard);
  app.add_option("--clipboard-bytes", o.clipboard_bytes, "that pass at once, either way")->needs(clipboard);
  auto* record = app.add_option("--record", o.record_folder, "folder into which every session is recorded");
  app.add_option("--recording-key", o.recording_key, "file with the public key of whoever may read that")
      ->needs(record);
  record->needs("--recording-key");
  app.add_flag("--sound", o.sound, "let the client hear it: a pattern has a tone, an X display has no sound");
  app.add_option("--watermark", o.watermark, "mark the picture: visible, invisible or both, separated by a comma")
      ->delimiter(',')
      ->check(CLI::IsMember({"visible", "invisible"}));
  app.add_flag("--stats", o.stats, "draw frames, bits and delays a second into the picture's corner");
  app.add_flag("--once", o.once, "end when the first client has left");
  app.add_option("--log-level", o.log_level, "debug, info, warning or error")->capture_default_str();
  source->needs(listen, user, password)->excludes(control);
  app.set_version_flag("--version",
                       std::format("tobari-display {} (FreeRDP {})", TOBARI_VERSION, rdp_library_version()));
}

Result<Size> parse_size(std::string_view text) {
  Size size;
  const char* end = text.data() + text.size();
  const auto [after_width, width_error] = std::from_chars(text.data(), end, size.width);
  if (width_error == std::errc{} && after_width != end && *after_width == 'x') {
    const auto [after_height, height_error] = std::from_chars(after_width + 1, end, size.height);
    if (height_error == std::errc{} && after_height == end && size.valid()) return size;
  }
  return fail(Errc::kInvalidArgument, std::format("'{}' is no size such as 1920x1080", text));
}

Result<std::unique_ptr<FramebufferSource>> open_pattern(std::string_view description) {
  const std::size_t at = description.find('@');
  Size size = kPatternSize;
  if (at != std::string_view::npos) {
    TOBARI_ASSIGN(size, parse_size(description.substr(at + 1)));
  }
  TOBARI_ASSIGN(std::unique_ptr<FramebufferSource> source, TestPatternSource::make(description.substr(0, at), size));
  return source;
}

}  // namespace

Parsed parse_options(int argc, char** argv) {
  Parsed parsed;
  CLI::App app("Shows one or more desktops to one RDP client at a time.");
  describe(app, parsed.options);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    const int status = app.exit(e);
    parsed.exit_status = status == 0 ? 0 : 2;
    return parsed;
  }
  if (parsed.options.control_fd < 0 && parsed.options.sources.empty()) {
    std::fputs("tobari-display: say what to show with --source; --help tells how\n", stderr);
    parsed.exit_status = 2;
  }
  return parsed;
}

Result<std::unique_ptr<FramebufferSource>> open_source(const std::string& description) {
  const std::string_view text = description;
  if (text.starts_with("pattern:")) return open_pattern(text.substr(8));
  if (text.starts_with("x11:")) {
    TOBARI_ASSIGN(std::unique_ptr<FramebufferSource> source, X11Source::create(std::string(text.substr(4))));
    return source;
  }
  return fail(Errc::kInvalidArgument, std::format("'{}' is no source: use x11:DISPLAY or pattern:NAME", description));
}

}  // namespace tobari::display
