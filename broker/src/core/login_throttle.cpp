// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/login_throttle.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>

#include <arpa/inet.h>

#include <tobari/base/random.h>

namespace tobari::broker {
namespace {

std::chrono::seconds until_next(Clock::Steady since, std::chrono::seconds refill, Clock::Steady now) {
  const auto left = std::chrono::ceil<std::chrono::seconds>(since + refill - now);
  return std::max(left, std::chrono::seconds(1));
}

}  // namespace

std::string LoginThrottle::address_key(std::string_view address) {
  std::array<std::byte, 16> bytes{};
  const std::string text(address);
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return text;
  return to_hex(std::span(bytes).first(8));
}

void LoginThrottle::forget_refilled(Buckets& buckets, std::chrono::seconds refill, Clock::Steady now) {
  if (now - buckets.swept < refill) return;
  buckets.swept = now;
  std::erase_if(buckets.by_key, [refill, now](const auto& entry) {
    return now - entry.second.since >= refill * std::max(entry.second.used, 1);
  });
}

LoginThrottle::Bucket& LoginThrottle::bucket(Buckets& buckets, const std::string& key, std::chrono::seconds refill,
                                             Clock::Steady now) {
  auto& by_key = buckets.by_key;
  if (by_key.size() >= kMaxKeys && !by_key.contains(key)) {
    forget_refilled(buckets, refill, now);
    // Still full: somebody sprays names. Forgetting one at random costs less than refusing everybody.
    if (by_key.size() >= kMaxKeys) by_key.erase(by_key.begin());
  }
  Bucket& found = by_key.try_emplace(key, Bucket{0, now}).first->second;
  const auto forgiven = (now - found.since) / refill;
  if (forgiven >= found.used) {
    found = {0, now};
  } else {
    found.used -= static_cast<int>(forgiven);
    found.since += forgiven * refill;
  }
  return found;
}

std::optional<std::chrono::seconds> LoginThrottle::take(std::string_view user, std::string_view address,
                                                        Clock::Steady now) {
  Bucket& of_address = bucket(addresses_, address_key(address), kAddressRefill, now);
  if (of_address.used >= kAddressAttempts) return until_next(of_address.since, kAddressRefill, now);
  Bucket& of_user = bucket(users_, std::string(user), kUserRefill, now);
  if (of_user.used >= kUserAttempts) return until_next(of_user.since, kUserRefill, now);
  ++of_address.used;
  ++of_user.used;
  return std::nullopt;
}

void LoginThrottle::give_back(std::string_view user, std::string_view address) {
  const auto forgive = [](Buckets& buckets, const std::string& key) {
    const auto at = buckets.by_key.find(key);
    if (at != buckets.by_key.end() && at->second.used > 0) --at->second.used;
  };
  forgive(users_, std::string(user));
  forgive(addresses_, address_key(address));
}

}  // namespace tobari::broker
