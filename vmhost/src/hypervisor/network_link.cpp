// SPDX-License-Identifier: GPL-3.0-or-later
#include "network_link.h"

#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <format>
#include <net/if.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <tobari/base/unique_fd.h>

namespace tobari::vmhost {
namespace {

// No attributes but the name: its 16 bytes keep what follows aligned.
struct LinkRequest {
  nlmsghdr header;
  ifinfomsg link;
  rtattr name_attribute;
  std::array<char, IFNAMSIZ> name;
};
static_assert(sizeof(LinkRequest) == NLMSG_SPACE(sizeof(ifinfomsg)) + RTA_SPACE(IFNAMSIZ));

struct LinkAnswer {
  nlmsghdr header;
  nlmsgerr error;
  std::array<std::byte, 512> rest;  // the request again
};

LinkRequest removal_of(const std::string& name) {
  LinkRequest request{};
  request.header.nlmsg_len = sizeof request;
  request.header.nlmsg_type = RTM_DELLINK;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  request.name_attribute.rta_type = IFLA_IFNAME;
  request.name_attribute.rta_len = RTA_LENGTH(IFNAMSIZ);
  std::memcpy(request.name.data(), name.data(), name.size());
  return request;
}

}  // namespace

Result<void> remove_network_link(const std::string& name) {
  if (name.empty() || name.size() >= IFNAMSIZ) return fail(Errc::kInvalidArgument, "no network device has such a name");
  const UniqueFd kernel(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!kernel) return fail_errno(errno, "make a socket for network devices");
  const LinkRequest request = removal_of(name);
  if (::send(kernel.get(), &request, sizeof request, 0) != sizeof request) {
    return fail_errno(errno, "ask for a network device's end");
  }
  LinkAnswer answer{};
  const ssize_t size = ::recv(kernel.get(), &answer, sizeof answer, 0);
  if (size < 0) return fail_errno(errno, "hear of a network device's end");
  if (size < static_cast<ssize_t>(NLMSG_LENGTH(sizeof(nlmsgerr))) || answer.header.nlmsg_type != NLMSG_ERROR) {
    return fail(Errc::kIo, "the kernel does not say whether a network device is gone");
  }
  if (answer.error.error == 0 || answer.error.error == -ENODEV) return {};
  return fail_errno(-answer.error.error, std::format("remove the network device {}", name));
}

}  // namespace tobari::vmhost
