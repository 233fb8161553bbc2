// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstring>
#include <format>
#include <memory>
#include <netdb.h>

#include <netinet/in.h>
#include <sys/socket.h>

#include "network/name_resolver.h"

namespace tobari::vmhost {
namespace {

class SystemResolver final : public NameResolver {
 public:
  Result<std::set<policy::IpAddress>> resolve(const std::string& name) override {
    addrinfo hints{};
    hints.ai_family = AF_INET;
    hints.ai_socktype = SOCK_STREAM;  // each address once
    addrinfo* raw = nullptr;
    const int status = ::getaddrinfo(name.c_str(), nullptr, &hints, &raw);
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> found(raw, &::freeaddrinfo);
    if (status == EAI_AGAIN) return fail(Errc::kUnavailable, std::format("resolve {}: nobody answers", name));
    if (status != 0) return fail(Errc::kNotFound, std::format("resolve {}: {}", name, ::gai_strerror(status)));
    std::set<policy::IpAddress> addresses;
    for (const addrinfo* each = found.get(); each != nullptr; each = each->ai_next) {
      if (addresses.size() == kMaxAddressesOfName) break;
      sockaddr_in socket_address{};
      std::memcpy(&socket_address, each->ai_addr, sizeof socket_address);
      policy::IpAddress address;
      address.bytes[10] = address.bytes[11] = 0xff;
      std::memcpy(address.bytes.data() + 12, &socket_address.sin_addr, 4);
      addresses.insert(address);
    }
    return addresses;
  }
};

}  // namespace

std::unique_ptr<NameResolver> make_system_resolver() { return std::make_unique<SystemResolver>(); }

}  // namespace tobari::vmhost
