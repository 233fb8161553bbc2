// SPDX-License-Identifier: GPL-3.0-or-later
// A whole display in this process, on a port of loopback.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <tobari/base/unique_fd.h>

#include "capture/test_pattern_source.h"
#include "daemon/admission.h"
#include "rdp/rdp_transport.h"
#include "session/display_session.h"

namespace tobari::display::testing {

class RdpServer : private SessionObserver {
 public:
  explicit RdpServer(const std::string& pattern = "card", Size size = {800, 600},
                     std::chrono::milliseconds handshake_deadline = std::chrono::seconds(10), std::size_t screens = 1);
  ~RdpServer() override;

  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] const TlsIdentity& identity() const noexcept { return identity_; }
  [[nodiscard]] DisplaySession& session() noexcept { return *session_; }

  // A ticket that one client may bring; the grant with it, and who hears what it is shown.
  void arm(const std::string& ticket, std::chrono::seconds valid = std::chrono::seconds(60), policy::Grant grant = {},
           std::shared_ptr<ShownTap> tap = nullptr);

  // The next connections are brought here for the session of this ticket, as a front would say.
  void foresee(const std::string& ticket);
  // Once there are so many, or after the limit.
  [[nodiscard]] std::vector<ClipboardRelay::Denial> wait_denials(std::size_t count);

  struct Closed {
    bool admitted = false;
    Error reason;
  };
  // The n-th connection that ended, from 0.
  [[nodiscard]] std::optional<Closed> wait_closed(std::size_t n,
                                                  std::chrono::milliseconds limit = std::chrono::seconds(15));
  [[nodiscard]] std::size_t connected();

  // A plain TCP connection to it.
  [[nodiscard]] UniqueFd dial() const;

 private:
  void on_client_connected(const ClientInfo& client, const Admitted& admitted) override;
  void on_client_closed(const ClientLabel& client, const Admitted* admitted, const Error& reason) override;
  void on_source_lost(std::size_t screen, const Error& reason) override;
  void on_denied(const ClipboardRelay::Denial& denial) override;
  void accept_all(const std::stop_token& stop);

  std::chrono::milliseconds handshake_deadline_;
  TlsIdentity identity_;
  SystemClock clock_;
  TicketAdmission admission_{clock_};
  UniqueFd listener_;
  UniqueFd wake_;
  std::uint16_t port_ = 0;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Closed> closed_;
  std::size_t connected_ = 0;
  std::string foreseen_;
  std::vector<ClipboardRelay::Denial> denials_;
  std::unique_ptr<DisplaySession> session_;
  std::jthread thread_;
};

// What the card pattern shows, to compare with.
[[nodiscard]] TestPattern card(Size size);

}  // namespace tobari::display::testing
