// SPDX-License-Identifier: GPL-3.0-or-later
// How often a password may be guessed. A bucket of attempts for each user name and for each address, refilled slowly;
// an attempt is taken before the password is looked at, so that parallel guesses count, and a success gives it back.
// Pure: the caller says what time it is. Not thread-safe.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include <tobari/base/clock.h>

namespace tobari::broker {

class LoginThrottle {
 public:
  static constexpr int kUserAttempts = 10;
  static constexpr std::chrono::seconds kUserRefill{6};  // one more attempt each
  static constexpr int kAddressAttempts = 30;            // many people may sit behind one address
  static constexpr std::chrono::seconds kAddressRefill{2};
  static constexpr std::size_t kMaxKeys = 65536;  // of each kind

  // nullopt: go on, one attempt was taken. Otherwise how long to wait; nothing was taken.
  [[nodiscard]] std::optional<std::chrono::seconds> take(std::string_view user, std::string_view address,
                                                         Clock::Steady now);
  void give_back(std::string_view user, std::string_view address);

  // Whoever has an IPv6 address has a /64 of them: they count as one.
  [[nodiscard]] static std::string address_key(std::string_view address);

 private:
  // `used` attempts are outstanding; one is forgiven every refill interval after `since`.
  struct Bucket {
    int used = 0;
    Clock::Steady since;
  };
  struct Buckets {
    std::unordered_map<std::string, Bucket> by_key;
    Clock::Steady swept;  // going over all of them is for once a while, not for every spray
  };

  static Bucket& bucket(Buckets& buckets, const std::string& key, std::chrono::seconds refill, Clock::Steady now);
  static void forget_refilled(Buckets& buckets, std::chrono::seconds refill, Clock::Steady now);

  Buckets users_;
  Buckets addresses_;
};

}  // namespace tobari::broker
