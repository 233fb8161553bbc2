// SPDX-License-Identifier: GPL-3.0-or-later
// Signing in with a password, and the bearer tokens that stand for it afterwards. Any thread; check() is slow.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include <tobari/base/clock.h>
#include <tobari/base/result.h>

#include "core/login_throttle.h"
#include "core/types.h"
#include "store/state_store.h"

namespace tobari::broker {

inline constexpr std::chrono::hours kTokenLifetime{12};

// Who calls, once a token has been looked up.
struct Caller {
  User user;
  std::string token_sha256;
};

class Authenticator {
 public:
  struct SignedIn {
    User user;
    std::string token;
    Time expires_at;
  };
  // Either signed in, refused (kUnauthenticated), or told to wait (kExhausted and a time).
  struct Refusal {
    Error error;
    std::chrono::seconds retry_after{0};
  };

  [[nodiscard]] static Result<std::unique_ptr<Authenticator>> create(StateStore& store, const Clock& clock);

  // An unknown user and a wrong password give the same answer after the same work. Every attempt that is looked at is
  // audited; throttled ones are only logged, so that guessing cannot fill the disk.
  [[nodiscard]] std::expected<SignedIn, Refusal> sign_in(const std::string& name, std::string_view password,
                                                         const std::string& client_address);
  [[nodiscard]] Result<Caller> check_token(std::string_view token);
  [[nodiscard]] Result<void> sign_out(const Caller& caller, const std::string& client_address);

 private:
  Authenticator(StateStore& store, const Clock& clock, std::string decoy_hash);
  [[nodiscard]] Result<User> find_and_verify(const std::string& name, std::string_view password);
  [[nodiscard]] Result<SignedIn> issue_token(User user, const std::string& client_address);

  StateStore& store_;
  const Clock& clock_;
  const std::string decoy_hash_;  // of a random password: what unknown users are compared with
  std::mutex throttle_mutex_;
  LoginThrottle throttle_;
};

}  // namespace tobari::broker
