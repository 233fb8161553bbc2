// SPDX-License-Identifier: GPL-3.0-or-later
// The life of a session as messages to the host agent, and as log lines.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include <tobari/display/control_channel.h>

#include "daemon/session_log.h"
#include "rdp/log_limiter.h"
#include "session/display_session.h"

namespace tobari::wire {
class FromDisplay;
}

namespace tobari::display {

class ControlReports final : public SessionObserver {
 public:
  // Clients' threads report as well as the main thread, so all sending goes through here.
  explicit ControlReports(ControlChannel& channel) noexcept : channel_(channel) {}
  void send(const wire::FromDisplay& message);
  void send_picture(std::uint64_t id, const Result<std::vector<std::byte>>& picture);

  void on_client_connected(const ClientInfo& client, const Admitted& admitted) override;
  void on_client_closed(const ClientLabel& client, const Admitted* admitted, const Error& reason) override;
  void on_client_statistics(const Admitted& admitted, const DisplayStats& stats) override;
  void on_source_lost(std::size_t screen, const Error& reason) override;
  // As many as anybody can read; what was left out is counted in the next one.
  void on_denied(const ClipboardRelay::Denial& denial) override;
  void on_notice_read(const Admitted& admitted) override;

 private:
  ControlChannel& channel_;
  std::mutex mutex_;
  SessionLog log_;
  LogLimiter denials_;
};

}  // namespace tobari::display
