// SPDX-License-Identifier: GPL-3.0-or-later
// Who is connected without a confirmed token, by age and by address, and who gives way when there are too many. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>

namespace tobari::gateway {

// What counts as one address: an IPv4 address, or an IPv6 /64, of which anybody has a whole one. Numeric form.
[[nodiscard]] std::string address_key(std::string_view address);

class UnauthenticatedBook {
 public:
  using Id = std::uint64_t;  // grows with every connection: lower is older

  UnauthenticatedBook(std::size_t max_total, std::size_t max_per_address) noexcept
      : max_total_(max_total), max_per_address_(max_per_address) {}

  void add(Id id, const std::string& address_key);
  void remove(Id id);  // of an unknown id: nothing
  // After add(): the one that must go so that the caps hold again.
  [[nodiscard]] std::optional<Id> surplus(const std::string& address_key) const;
  [[nodiscard]] std::optional<Id> oldest() const;
  [[nodiscard]] std::size_t size() const noexcept { return key_of_.size(); }

 private:
  std::size_t max_total_, max_per_address_;
  std::set<Id> by_age_;
  std::unordered_map<Id, std::string> key_of_;
  std::unordered_map<std::string, std::set<Id>> by_address_;
};

}  // namespace tobari::gateway
