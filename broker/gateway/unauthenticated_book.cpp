// SPDX-License-Identifier: GPL-3.0-or-later
#include "unauthenticated_book.h"

#include <arpa/inet.h>
#include <netinet/in.h>

namespace tobari::gateway {

std::string address_key(std::string_view address) {
  const std::string text(address);
  in6_addr v6{};
  if (::inet_pton(AF_INET6, text.c_str(), &v6) != 1) return text;
  constexpr std::size_t kPrefixBytes = 8;
  return {reinterpret_cast<const char*>(v6.s6_addr), kPrefixBytes};
}

void UnauthenticatedBook::add(Id id, const std::string& address_key) {
  by_age_.insert(id);
  key_of_.emplace(id, address_key);
  by_address_[address_key].insert(id);
}

void UnauthenticatedBook::remove(Id id) {
  const auto found = key_of_.find(id);
  if (found == key_of_.end()) return;
  const auto group = by_address_.find(found->second);
  group->second.erase(id);
  if (group->second.empty()) by_address_.erase(group);
  by_age_.erase(id);
  key_of_.erase(found);
}

std::optional<UnauthenticatedBook::Id> UnauthenticatedBook::surplus(const std::string& address_key) const {
  const auto group = by_address_.find(address_key);
  if (group != by_address_.end() && group->second.size() > max_per_address_) return *group->second.begin();
  if (by_age_.size() > max_total_) return *by_age_.begin();
  return std::nullopt;
}

std::optional<UnauthenticatedBook::Id> UnauthenticatedBook::oldest() const {
  if (by_age_.empty()) return std::nullopt;
  return *by_age_.begin();
}

}  // namespace tobari::gateway
