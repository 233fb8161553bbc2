// SPDX-License-Identifier: GPL-3.0-or-later
// The container's network card: one end of a pair of devices, which the host puts into the container's network name
// space, at its start or while it runs, under a name of the host's.
#pragma once

#include <cstring>
#include <memory>
#include <net/if.h>
#include <string>
#include <unistd.h>

#include <linux/ethtool.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "root.h"

namespace tobari::guest {

inline constexpr const char* kCard = "eth0";

// Of a kernel with tunnels there are others in every name space, that are no cards.
inline bool is_pair(int socket, const char* name) {
  ethtool_drvinfo driver{};
  driver.cmd = ETHTOOL_GDRVINFO;
  ifreq asked{};
  std::strncpy(asked.ifr_name, name, IFNAMSIZ - 1);
  asked.ifr_data = reinterpret_cast<char*>(&driver);
  return ioctl(socket, SIOCETHTOOL, &asked) == 0 && std::strcmp(driver.driver, "veth") == 0;
}

// Its name; empty: it is not there.
inline std::string find_card(int socket) {
  const std::unique_ptr<struct if_nameindex, void (*)(struct if_nameindex*)> all(if_nameindex(), if_freenameindex);
  if (!all) return "";
  for (const struct if_nameindex* each = all.get(); each->if_index != 0; ++each) {
    if (is_pair(socket, each->if_name)) return each->if_name;
  }
  return "";
}

inline bool rename_card(int socket, const std::string& name) {
  if (name == kCard) return true;
  ifreq asked{};
  std::strncpy(asked.ifr_name, name.c_str(), IFNAMSIZ - 1);
  std::strncpy(asked.ifr_newname, kCard, IFNAMSIZ - 1);
  return ioctl(socket, SIOCSIFNAME, &asked) == 0 || failed("name the network card");
}

// Returns when the card is there, as kCard; until then it waits. False: it cannot be known.
inline bool wait_for_card() {
  const int news = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
  const int asks = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  sockaddr_nl links{};
  links.nl_family = AF_NETLINK;
  links.nl_groups = RTMGRP_LINK;
  if (news < 0 || asks < 0 || bind(news, reinterpret_cast<const sockaddr*>(&links), sizeof links) != 0) {
    return failed("wait for the network card");
  }
  std::string name;
  while ((name = find_card(asks)).empty()) {
    char unread[8192];  // that something changed is enough; what was lost (ENOBUFS) did too
    if (recv(news, unread, sizeof unread, 0) < 0 && errno != EINTR && errno != ENOBUFS) {
      return failed("wait for the network card");
    }
  }
  return rename_card(asks, name);
}

}  // namespace tobari::guest
