// SPDX-License-Identifier: GPL-3.0-or-later
// The life of a session as messages to the host agent, and as log lines; and what there is of it now, for an agent that
// is new. While nobody reads, what must not be lost waits here.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include <tobari/display/control_channel.h>
#include <tobari/display_control.pb.h>

#include "daemon/session_log.h"
#include "rdp/log_limiter.h"
#include "session/display_session.h"

namespace tobari::display {

class ControlReports final : public SessionObserver {
 public:
  // Beyond what the socket takes; more cannot happen to a few clients while there is no agent.
  static constexpr std::size_t kMaxWaiting = 256;
  static constexpr int kMaxStanding = 16;

  // Clients' threads report as well as the main thread, so all sending goes through here.
  explicit ControlReports(ControlChannel& channel) noexcept : channel_(channel) {}
  void send(const wire::FromDisplay& message);
  void send_picture(std::uint64_t id, const Result<std::vector<std::byte>>& picture);
  // Somebody reads again: what waits goes first.
  void flush();

  // ---- what there is
  void source_is_there(std::size_t screen);
  void send_resumed(const std::string& certificate_sha256);  // after everything that waits

  void on_client_connected(const ClientInfo& client, const Admitted& admitted) override;
  void on_client_closed(const ClientLabel& client, const Admitted* admitted, const Error& reason) override;
  void on_client_statistics(const Admitted& admitted, const DisplayStats& stats) override;
  void on_source_lost(std::size_t screen, const Error& reason) override;
  // As many as anybody can read; what was left out is counted in the next one.
  void on_denied(const ClipboardRelay::Denial& denial) override;
  void on_notice_read(const Admitted& admitted) override;

 private:
  void report(const wire::FromDisplay& message);
  void queue(const wire::FromDisplay& message);  // with the lock held
  [[nodiscard]] bool send_waiting();             // with the lock held

  ControlChannel& channel_;
  std::mutex mutex_;
  std::deque<wire::FromDisplay> waiting_;
  std::map<std::string, wire::Session> standing_;  // sessions that a client is signed in with
  std::set<std::size_t> sources_;                  // screens that have one
  SessionLog log_;
  LogLimiter denials_;
};

}  // namespace tobari::display
