// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/admission.h"

#include <string_view>
#include <utility>

#include <openssl/sha.h>

#include <tobari/base/random.h>

namespace tobari::display {
namespace {

std::string_view as_text(const Sha256& hash) noexcept {
  return {reinterpret_cast<const char*>(hash.data()), hash.size()};
}

}  // namespace

Sha256 sha256(std::span<const std::byte> data) {
  Sha256 hash{};
  SHA256(reinterpret_cast<const unsigned char*>(data.data()), data.size(),
         reinterpret_cast<unsigned char*>(hash.data()));
  return hash;
}

void TicketAdmission::arm(const Sha256& ticket, Admitted admitted, std::chrono::seconds valid) {
  const std::scoped_lock lock(mutex_);
  tickets_.push_front({ticket, std::move(admitted), clock_.now() + valid});
  if (tickets_.size() > kMaxTickets) tickets_.pop_back();
}

void TicketAdmission::disarm(const std::string& session_id) {
  const std::scoped_lock lock(mutex_);
  tickets_.remove_if([&session_id](const Ticket& t) { return t.admitted.session_id == session_id; });
}

void TicketAdmission::narrow(const std::string& session_id, const policy::Grant& grant) {
  const std::scoped_lock lock(mutex_);
  for (Ticket& ticket : tickets_) {
    if (ticket.admitted.session_id != session_id) continue;
    const std::array grants{ticket.admitted.grant, grant};
    ticket.admitted.grant = policy::narrowest(grants);
  }
}

policy::Grant TicketAdmission::foreseen(const std::string& session_id) {
  const std::scoped_lock lock(mutex_);
  for (const Ticket& ticket : tickets_) {
    if (ticket.admitted.session_id == session_id && !ticket.used) return ticket.admitted.grant;
  }
  return {};
}

Result<Admitted> TicketAdmission::admit(const std::string& /*user*/, const std::string& secret) {
  const Sha256 shown = sha256(std::as_bytes(std::span(secret)));
  const std::scoped_lock lock(mutex_);
  Ticket* found = nullptr;
  for (Ticket& ticket : tickets_) {  // all of them, always
    if (equal_constant_time(as_text(shown), as_text(ticket.hash)) && found == nullptr) found = &ticket;
  }
  if (found == nullptr) return fail(Errc::kUnauthenticated, "the ticket is not known");
  if (found->used) return fail(Errc::kTimeout, "the ticket was used before");
  if (clock_.now() >= found->expires) return fail(Errc::kTimeout, "the ticket has expired");
  found->used = true;
  // A used ticket is remembered, so that its second use is known for one; its recording is not kept from ending by
  // that.
  Admitted admitted = found->admitted;
  found->admitted.tap.reset();
  return admitted;
}

PasswordAdmission::PasswordAdmission(std::string user, std::string password, policy::Grant grant)
    : user_(std::move(user)), password_(std::move(password)), grant_(std::move(grant)) {
  grant_.user = user_;
}

Result<Admitted> PasswordAdmission::admit(const std::string& user, const std::string& secret) {
  // Hashes have one length, so that the comparison's time does not tell the password's.
  const auto same = [](const std::string& a, const std::string& b) {
    return equal_constant_time(as_text(sha256(std::as_bytes(std::span(a)))),
                               as_text(sha256(std::as_bytes(std::span(b)))));
  };
  const bool user_right = same(user, user_);
  const bool password_right = same(secret, password_);
  if (!user_right || !password_right) return fail(Errc::kUnauthenticated, "wrong user or password");
  const bool marked = grant_.visible_watermark || grant_.invisible_watermark;
  return Admitted{grant_, marked ? random_uuid() : std::string()};
}

}  // namespace tobari::display
