// SPDX-License-Identifier: GPL-3.0-or-later
// The life of a session as log lines.
#pragma once

#include <string>

#include <tobari/base/log.h>

#include "daemon/statistics_report.h"
#include "rdp/log_limiter.h"
#include "session/display_session.h"

namespace tobari::display {

class SessionLog final : public SessionObserver {
 public:
  void on_client_connected(const ClientInfo& client, const Admitted& admitted) override {
    log::info("client connected", {{"client", client.address},
                                   {"name", client.name},
                                   {"user", admitted.grant.user},
                                   {"session", admitted.session_id}});
  }
  void on_client_closed(const ClientLabel& client, const Admitted* admitted, const Error& reason) override {
    const bool ordinary = reason.code == Errc::kUnavailable || reason.code == Errc::kCancelled;
    log::write(ordinary ? log::Level::kInfo : log::Level::kWarning,
               admitted != nullptr ? "client disconnected" : "client refused",
               {{"client", client.address},
                {"session", admitted != nullptr ? admitted->session_id : client.session_id},
                {"because", describe(reason)}});
  }
  void on_client_statistics(const Admitted& admitted, const DisplayStats& stats) override {
    log_statistics(admitted.session_id.empty() ? "session" : admitted.session_id, stats);
  }
  void on_source_lost(std::size_t screen, const Error& reason) override {
    log::warning("desktop lost", {{"screen", std::to_string(screen)}, {"because", describe(reason)}});
  }
  void on_denied(const ClipboardRelay::Denial& denial) override {
    const auto admitted = denials_.admit(SystemClock().now());
    if (!admitted) return;
    log::warning("not let through", {{"session", denial.session_id},
                                     {"channel", denial.channel},
                                     {"because", denial.reason},
                                     {"suppressed", std::to_string(admitted->suppressed)}});
  }
  void on_notice_read(const Admitted& admitted) override {
    log::info("notice confirmed", {{"session", admitted.session_id}});
  }

 private:
  LogLimiter denials_;
};

}  // namespace tobari::display
