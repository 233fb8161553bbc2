// SPDX-License-Identifier: GPL-3.0-or-later
#include <format>

#include <gmock/gmock.h>

#include "core/login_throttle.h"

namespace tobari::broker {
namespace {

using namespace std::chrono_literals;

class Throttle : public ::testing::Test {
 protected:
  auto take(const std::string& user, const std::string& address) { return throttle_.take(user, address, clock_.now()); }
  ManualClock clock_;
  LoginThrottle throttle_;
};

TEST_F(Throttle, StopsGuessingAtOneUserFromManyAddresses) {
  for (int i = 0; i < LoginThrottle::kUserAttempts; ++i) {
    EXPECT_FALSE(take("alice", std::format("192.0.2.{}", i)).has_value());
  }
  EXPECT_EQ(take("alice", "198.51.100.1"), LoginThrottle::kUserRefill);
  EXPECT_FALSE(take("bob", "198.51.100.1").has_value());
  clock_.advance(LoginThrottle::kUserRefill);
  EXPECT_FALSE(take("alice", "198.51.100.1").has_value());
  EXPECT_TRUE(take("alice", "198.51.100.1").has_value());
}

TEST_F(Throttle, StopsOneAddressThatTriesManyUsers) {
  for (int i = 0; i < LoginThrottle::kAddressAttempts; ++i) {
    EXPECT_FALSE(take(std::format("user{}", i), "192.0.2.1").has_value());
  }
  EXPECT_EQ(take("alice", "192.0.2.1"), LoginThrottle::kAddressRefill);
  EXPECT_FALSE(take("alice", "192.0.2.2").has_value());
}

TEST_F(Throttle, ASlash64IsOneAddress) {
  EXPECT_EQ(LoginThrottle::address_key("2001:db8::1"), LoginThrottle::address_key("2001:db8::ffff:2"));
  EXPECT_NE(LoginThrottle::address_key("2001:db8:0:1::1"), LoginThrottle::address_key("2001:db8::1"));
}

TEST_F(Throttle, WhoSignsInRightIsNeverStopped) {
  for (int i = 0; i < 200; ++i) {
    EXPECT_FALSE(take("alice", "192.0.2.1").has_value());
    throttle_.give_back("alice", "192.0.2.1");
  }
}

TEST_F(Throttle, MemoryHasAMaximum) {
  for (std::size_t i = 0; i < LoginThrottle::kMaxKeys + 1000; ++i) {
    static_cast<void>(take(std::format("u{}", i), std::format("2001:db8:{:x}:{:x}::1", i / 65536, i % 65536)));
  }
  // Still works, and still counts.
  for (int i = 0; i < LoginThrottle::kUserAttempts; ++i) static_cast<void>(take("alice", std::format("10.0.0.{}", i)));
  EXPECT_TRUE(take("alice", "10.0.1.1").has_value());
}

}  // namespace
}  // namespace tobari::broker
