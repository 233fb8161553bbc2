// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/admission.h"

#include <gtest/gtest.h>

namespace tobari::display {
namespace {

using namespace std::chrono_literals;

Sha256 hash(const std::string& ticket) { return sha256(std::as_bytes(std::span(ticket))); }

Errc refusal(Admission& admission, const std::string& secret) {
  const auto result = admission.admit("anybody", secret);
  EXPECT_FALSE(result);
  return result ? Errc::kInternal : result.error().code;
}

TEST(TicketAdmission, ATicketWorksOnceAndInTime) {
  ManualClock clock;
  TicketAdmission admission(clock);
  admission.arm(hash("a"), {{}, "session-a"}, 60s);
  admission.arm(hash("b"), {{}, "session-b"}, 60s);
  EXPECT_EQ(refusal(admission, ""), Errc::kUnauthenticated);
  EXPECT_EQ(refusal(admission, "c"), Errc::kUnauthenticated);
  EXPECT_EQ(admission.admit("anybody", "a").value().session_id, "session-a");
  EXPECT_EQ(refusal(admission, "a"), Errc::kTimeout);
  clock.advance(60s);
  EXPECT_EQ(refusal(admission, "b"), Errc::kTimeout);
}

TEST(TicketAdmission, ADisarmedTicketIsUnknown) {
  ManualClock clock;
  TicketAdmission admission(clock);
  admission.arm(hash("a"), {{}, "session-a"}, 60s);
  admission.disarm("session-a");
  EXPECT_EQ(refusal(admission, "a"), Errc::kUnauthenticated);
}

TEST(TicketAdmission, RemembersABoundedNumber) {
  ManualClock clock;
  TicketAdmission admission(clock);
  admission.arm(hash("first"), {}, 60s);
  for (std::size_t i = 0; i < TicketAdmission::kMaxTickets; ++i) admission.arm(hash(std::to_string(i)), {}, 60s);
  EXPECT_EQ(refusal(admission, "first"), Errc::kUnauthenticated);
}

TEST(PasswordAdmission, BothMustBeRight) {
  PasswordAdmission admission("user", "password");
  EXPECT_TRUE(admission.admit("user", "password"));
  EXPECT_FALSE(admission.admit("user", ""));
  EXPECT_FALSE(admission.admit("user", "passwor"));
  EXPECT_FALSE(admission.admit("", "password"));
  EXPECT_TRUE(admission.admit("user", "password")) << "a password is not used up";
}

}  // namespace
}  // namespace tobari::display
