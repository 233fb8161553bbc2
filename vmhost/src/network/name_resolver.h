// SPDX-License-Identifier: GPL-3.0-or-later
// What names stand for. Blocking; any thread.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include <tobari/base/result.h>
#include <tobari/policy/ip_network.h>

namespace tobari::vmhost {

inline constexpr std::size_t kMaxAddressesOfName = 64;  // further ones are left out

class NameResolver {
 public:
  virtual ~NameResolver() = default;
  // IPv4 addresses. kNotFound: there is no such name, or it has none. kUnavailable: nobody answers.
  [[nodiscard]] virtual Result<std::set<policy::IpAddress>> resolve(const std::string& name) = 0;
};

// As this machine resolves names (nsswitch, resolv.conf).
[[nodiscard]] std::unique_ptr<NameResolver> make_system_resolver();

class FakeNameResolver final : public NameResolver {
 public:
  Result<std::set<policy::IpAddress>> resolve(const std::string& name) override {
    const std::scoped_lock lock(mutex_);
    const auto found = names_.find(name);
    if (found == names_.end()) return fail(Errc::kNotFound, "no such name");
    return found->second;
  }
  void add(const std::string& name, std::set<policy::IpAddress> addresses) {
    const std::scoped_lock lock(mutex_);
    names_[name] = std::move(addresses);
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::set<policy::IpAddress>> names_;
};

}  // namespace tobari::vmhost
