// SPDX-License-Identifier: GPL-3.0-or-later
// A display process with a clipboard, a machine and a client at its two ends, both played.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include <tobari/base/result.h>

#include "canary.h"
#include "played_clipboard.h"
#include "played_guest.h"
#include "rogue.h"
#include "stand.h"

namespace tobari::leak {

struct ClipboardScene {
  std::unique_ptr<Stand> stand;
  Canaries client_canaries, machine_canaries;
  std::unique_ptr<PlayedGuest> guest;
  std::unique_ptr<Rogue> client;
  std::unique_ptr<PlayedClipboard> clipboard;
  std::string session;

  // `grant`: channels as parse_channel() takes them, with blanks between.
  [[nodiscard]] static Result<std::unique_ptr<ClipboardScene>> open(const std::string& program,
                                                                    const std::string& grant);
  [[nodiscard]] bool wait(const std::function<bool()>& done, std::chrono::seconds limit = std::chrono::seconds(10));
  // Whatever either side sent before has been taken when this is true; false: the session has ended.
  [[nodiscard]] bool settle();
  [[nodiscard]] std::size_t to_client() const { return client->canaries_on("static cliprdr"); }
};

}  // namespace tobari::leak
