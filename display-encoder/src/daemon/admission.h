// SPDX-License-Identifier: GPL-3.0-or-later
// Who gets in: by one-time tickets from the host agent, or by one fixed password for a display that runs alone.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <list>
#include <mutex>
#include <span>
#include <string>

#include <tobari/base/clock.h>
#include <tobari/display/display_transport.h>

namespace tobari::display {

using Sha256 = std::array<std::byte, 32>;
[[nodiscard]] Sha256 sha256(std::span<const std::byte> data);

// A user name says nothing here: the ticket does. Only its hash is known.
class TicketAdmission final : public Admission {
 public:
  // Tickets that are armed, or were and are remembered to say why they are refused; the oldest goes first.
  static constexpr std::size_t kMaxTickets = 16;

  explicit TicketAdmission(const Clock& clock) : clock_(clock) {}

  void arm(const Sha256& ticket, Admitted admitted, std::chrono::seconds valid);
  void disarm(const std::string& session_id);
  // Tickets of this session that are not used yet open no more than this.
  void narrow(const std::string& session_id, const policy::Grant& grant);

  // kTimeout: the ticket was used before, or is too old. Takes as long for a wrong ticket as for a right one.
  [[nodiscard]] Result<Admitted> admit(const std::string& user, const std::string& secret) override;
  [[nodiscard]] policy::Grant foreseen(const std::string& session_id) override;

 private:
  struct Ticket {
    Sha256 hash;
    Admitted admitted;
    Clock::Steady expires;
    bool used = false;
  };
  const Clock& clock_;
  std::mutex mutex_;
  std::list<Ticket> tickets_;  // the newest first
};

class PasswordAdmission final : public Admission {
 public:
  // Everybody who gets in holds `grant`, in this user's name. Where it asks for a mark, each gets a session id that the
  // mark can name.
  PasswordAdmission(std::string user, std::string password, policy::Grant grant = {});
  [[nodiscard]] Result<Admitted> admit(const std::string& user, const std::string& secret) override;
  [[nodiscard]] policy::Grant foreseen(const std::string& /*session_id*/) override { return grant_; }

 private:
  std::string user_;
  std::string password_;
  policy::Grant grant_;
};

}  // namespace tobari::display
