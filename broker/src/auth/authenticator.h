// SPDX-License-Identifier: GPL-3.0-or-later
// Signing in with a password, and the bearer tokens that stand for it afterwards. Any thread; sign_in() is slow.
#pragma once

#include <chrono>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <tobari/base/clock.h>
#include <tobari/base/result.h>

#include "auth/worker_pool.h"
#include "core/login_throttle.h"
#include "core/types.h"
#include "store/state_store.h"

namespace tobari::broker {

inline constexpr std::chrono::hours kTokenLifetime{12};

// How many passwords are checked at once: half of the machine's processors, so that at nine in the morning the other
// half is left for those who are signed in, and for the database. Each takes kPasswordMemoryBytes.
[[nodiscard]] std::size_t hashers() noexcept;
inline constexpr std::size_t kMaxHashers = 8;
inline constexpr std::size_t kMaxHashing = 256;
// What has expired counts for nothing; it is removed with a sign-in, so often at most.
inline constexpr std::chrono::minutes kCleanEvery{1};

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
  [[nodiscard]] bool is_to_clean();
  [[nodiscard]] bool verified(const std::string& hash, std::string_view password);
  [[nodiscard]] Result<User> find_and_verify(const std::string& name, std::string_view password);
  [[nodiscard]] Result<SignedIn> issue_token(User user, const std::string& client_address);

  StateStore& store_;
  const Clock& clock_;
  WorkerPool hashing_{hashers(), kMaxHashing, WorkerPool::Urgency::kYields};
  const std::string decoy_hash_;  // of a random password: what unknown users are compared with
  std::mutex throttle_mutex_;
  LoginThrottle throttle_;
  std::optional<Clock::Steady> cleaned_at_;
};

}  // namespace tobari::broker
