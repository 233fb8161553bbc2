// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/library.h"

#include <csignal>
#include <string_view>

#include <freerdp/freerdp.h>
#include <freerdp/primitives.h>
#include <freerdp/version.h>
#include <winpr/ssl.h>
#include <winpr/wlog.h>

#include <tobari/base/clock.h>
#include <tobari/base/log.h>
#include <tobari/base/no_throw.h>

#include "rdp/log_limiter.h"

namespace tobari::display {
namespace {

// FreeRDP speaks of what a peer sends, a line a packet if need be; a hostile client must not fill the disk with it.
LogLimiter& limiter() {
  static LogLimiter instance;
  return instance;
}

// A line that is dropped is no event of its own: the transport reports it, with the client's address.
bool repeats_the_end(const wLogMessage& message) noexcept {
  const std::string_view where = message.FunctionName != nullptr ? message.FunctionName : "";
  return where == "transport_read_layer" || where == "rdp_set_error_info";
}

BOOL on_message(const wLogMessage* message) {
  return no_throw("FreeRDP's log", [message] {
    if (repeats_the_end(*message)) return TRUE;
    const auto admitted = limiter().admit(SystemClock().now());
    if (!admitted) return TRUE;
    // What FreeRDP calls an error is nearly always a peer's doing, so it is at most a warning here.
    log::warning("freerdp", {{"where", message->FunctionName != nullptr ? message->FunctionName : ""},
                             {"says", message->TextString != nullptr ? message->TextString : ""},
                             {"suppressed", std::to_string(admitted->suppressed)}});
    return TRUE;
  });
}

void route_log() {
  wLog* root = WLog_GetRoot();
  static wLogCallbacks callbacks{};
  callbacks.message = on_message;
  if (WLog_SetLogAppenderType(root, WLOG_APPENDER_CALLBACK) == FALSE ||
      WLog_ConfigureAppender(WLog_GetLogAppender(root), "callbacks", &callbacks) == FALSE ||
      WLog_SetLogLevel(root, WLOG_WARN) == FALSE) {
    log::warning("freerdp's log stays as it is");
  }
}

}  // namespace

void init_rdp_library() {
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  route_log();
  if (winpr_InitializeSSL(WINPR_SSL_INIT_DEFAULT) == FALSE) log::error("OpenSSL does not start");
  static_cast<void>(primitives_get());
}

std::string rdp_library_version() { return freerdp_get_version_string(); }

}  // namespace tobari::display
