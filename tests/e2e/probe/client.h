// SPDX-License-Identifier: GPL-3.0-or-later
// The FreeRDP side of the probe: a connection without a screen, and what was seen on it.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <freerdp/freerdp.h>

#include <tobari/base/result.h>

#include "frames/samples.h"
#include "measures.h"
#include "probe.h"

namespace tobari::probe {

using testing::Samples;

struct Seen {
  std::string want_sha256;
  std::string got_sha256;
  Coverage coverage;
  Clock::time_point started{};
  Clock::time_point first_picture{};
  Clock::time_point last_paint{};
  long paints = 0;
  std::function<void(const rdpGdi&)> on_paint;  // may be empty
};

class Session {
 public:
  [[nodiscard]] static Result<std::unique_ptr<Session>> connect(const Options& options, Seen& seen);
  ~Session();
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  // Handles what arrives until `done`, asked every 2 ms or sooner, says so or the time is over.
  bool pump(Clock::duration longest, const std::function<bool()>& done);
  bool settle();
  void press_key(UINT32 key);                     // down and up
  [[nodiscard]] bool connected() const noexcept;  // over the one connection that it has made
  [[nodiscard]] const rdpGdi& picture() const noexcept;

 private:
  Session(rdpContext* context, Seen& seen) : context_(context), seen_(seen) {}
  rdpContext* context_;
  Seen& seen_;
};

}  // namespace tobari::probe
