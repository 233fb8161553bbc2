// SPDX-License-Identifier: GPL-3.0-or-later
// The command line of tobari-display.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tobari/base/log.h>
#include <tobari/base/result.h>
#include <tobari/display/framebuffer_source.h>
#include <tobari/policy/limits.h>

namespace tobari::display {

struct Options {
  std::vector<std::string> sources;  // a screen each: "x11::0", "pattern:card@1920x1080"
  std::string listen;                // ADDRESS:PORT
  std::string user;
  std::string password_file;
  std::string certificate_file;  // with the key: PEM; both empty: made at the start
  std::string key_file;
  std::string record_folder;  // empty: nothing is recorded
  std::string recording_key;  // file with the public key
  std::string log_level = "info";
  int control_fd = -1;           // managed by a host agent; excludes everything above but the log level
  std::string clipboard;         // the socket of the desktop's clipboard agent; empty: none
  policy::FormatSet paste = {};  // may pass from the client to the desktop
  policy::FormatSet copy = {};   // ... from the desktop to the client
  std::optional<std::uint64_t> clipboard_bytes = {};  // at once, either way
  std::vector<std::string> watermark;                 // "visible", "invisible" or both
  bool sound = false;                                 // the client hears the desktop, where it has a sound
  bool stats = false;                                 // a panel of figures in the picture
  bool once = false;                                  // end when the first client that got in is gone
};

struct Parsed {
  Options options;
  std::optional<int> exit_status;  // help, version or a mistake: it was printed, leave now
};
[[nodiscard]] Parsed parse_options(int argc, char** argv);

// kInvalidArgument: no such kind of source; otherwise as the source itself fails.
[[nodiscard]] Result<std::unique_ptr<FramebufferSource>> open_source(const std::string& description);

}  // namespace tobari::display
