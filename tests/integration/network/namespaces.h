// SPDX-License-Identifier: GPL-3.0-or-later
// A small internet of network namespaces: two desktops on a bridge of this namespace, a neighbour on the same bridge,
// and a server behind a router, which is this namespace. Sockets are made in any of them.
#pragma once

#include <array>
#include <chrono>
#include <cstdlib>
#include <fcntl.h>
#include <net/if.h>
#include <netpacket/packet.h>
#include <poll.h>
#include <sched.h>
#include <string>
#include <string_view>
#include <thread>
#include <unistd.h>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <sys/socket.h>

#include <tobari/base/ids.h>
#include <tobari/base/unique_fd.h>
#include <tobari/vmhost/domain_xml.h>

namespace tobari::vmhost {

inline constexpr int kLong = 5000;  // ms: something that must come
inline constexpr int kShort = 300;  // something that must not; what passes, passes in less than one

inline void sh(const std::string& command) { EXPECT_EQ(std::system(("set -e; " + command).c_str()), 0) << command; }

inline sockaddr_in address_of(const std::string& ip, std::uint16_t port) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_port = htons(port);
  EXPECT_EQ(::inet_pton(AF_INET, ip.c_str(), &out.sin_addr), 1);
  return out;
}
inline const sockaddr* raw(const sockaddr_in& address) { return reinterpret_cast<const sockaddr*>(&address); }

// A socket belongs to the namespace of the thread that makes it, wherever it is used.
inline UniqueFd socket_in(const std::string& space, int type) {
  UniqueFd made;
  std::jthread([&] {
    if (!space.empty()) {
      const UniqueFd fd(::open(("/run/netns/" + space).c_str(), O_RDONLY | O_CLOEXEC));
      ASSERT_EQ(::setns(fd.get(), CLONE_NEWNET), 0) << space;
    }
    made.reset(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  }).join();
  const int on = 1;
  ::setsockopt(made.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(made.get(), SOL_SOCKET, SO_BROADCAST, &on, sizeof on);
  return made;
}
inline bool ready(int fd, short events, int within) {
  pollfd one{.fd = fd, .events = events, .revents = 0};
  return ::poll(&one, 1, within) == 1 && (one.revents & events) != 0;
}
inline std::string mac_bytes(const std::string& mac) {
  std::string bytes;
  for (std::size_t i = 0; i < 6; ++i) bytes += static_cast<char>(std::stoi(mac.substr(3 * i, 2), nullptr, 16));
  return bytes;
}
// Frames of the namespace's eth0, as they are.
inline UniqueFd frames_in(const std::string& space) {
  UniqueFd made;
  std::jthread([&] {
    const UniqueFd fd(::open(("/run/netns/" + space).c_str(), O_RDONLY | O_CLOEXEC));
    ASSERT_EQ(::setns(fd.get(), CLONE_NEWNET), 0) << space;
    made.reset(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, htons(ETH_P_ALL)));
    sockaddr_ll device{};
    device.sll_family = AF_PACKET;
    device.sll_protocol = htons(ETH_P_ALL);
    device.sll_ifindex = static_cast<int>(::if_nametoindex("eth0"));
    ASSERT_EQ(::bind(made.get(), reinterpret_cast<sockaddr*>(&device), sizeof device), 0);
  }).join();
  return made;
}
inline bool sees(const UniqueFd& fd, const std::string& bytes, int within) {
  std::string got(65'536, '\0');
  while (ready(fd.get(), POLLIN, within)) {
    const ssize_t n = ::recv(fd.get(), got.data(), got.size(), 0);
    if (n <= 0) return false;
    if (got.substr(0, static_cast<std::size_t>(n)).contains(bytes)) return true;
  }
  return false;
}
// How many packets with these bytes come.
inline int count(const UniqueFd& fd, const std::string& bytes, int within) {
  int found = 0;
  std::array<char, 65'536> got;
  while (within == 0 || ready(fd.get(), POLLIN, within)) {
    const ssize_t n = ::recv(fd.get(), got.data(), got.size(), MSG_DONTWAIT);
    if (n <= 0) break;
    if (std::string_view(got.data(), static_cast<std::size_t>(n)).contains(bytes)) ++found;
  }
  return found;
}
// Packets of this protocol that this namespace itself gets, behind its filters.
inline UniqueFd delivered(int protocol) {
  UniqueFd fd(::socket(AF_INET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  EXPECT_TRUE(fd);
  return fd;
}
inline UniqueFd bound(const std::string& space, int type, std::uint16_t port) {
  UniqueFd fd = socket_in(space, type);
  const sockaddr_in any = address_of("0.0.0.0", port);
  EXPECT_EQ(::bind(fd.get(), raw(any), sizeof any), 0) << space << " " << port;
  if (type == SOCK_STREAM) {
    EXPECT_EQ(::listen(fd.get(), 8), 0);
  }
  return fd;
}
// An open connection, or none within that time.
inline UniqueFd connected(const std::string& space, const std::string& ip, std::uint16_t port, int within,
                          std::uint16_t from_port = 0) {
  UniqueFd fd = socket_in(space, SOCK_STREAM);
  if (from_port != 0) {
    const sockaddr_in any = address_of("0.0.0.0", from_port);
    EXPECT_EQ(::bind(fd.get(), raw(any), sizeof any), 0);
  }
  const sockaddr_in to = address_of(ip, port);
  static_cast<void>(::connect(fd.get(), raw(to), sizeof to));
  int error = -1;
  socklen_t size = sizeof error;
  if (!ready(fd.get(), POLLOUT, within) || ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 ||
      error != 0) {
    return {};
  }
  return fd;
}
inline bool opens(const std::string& space, const std::string& ip, std::uint16_t port) {
  return static_cast<bool>(connected(space, ip, port, kLong));
}
inline bool stays_closed(const std::string& space, const std::string& ip, std::uint16_t port) {
  return !connected(space, ip, port, kShort);
}
inline void send_to(const UniqueFd& fd, const std::string& ip, std::uint16_t port, const std::string& bytes) {
  const sockaddr_in to = address_of(ip, port);
  static_cast<void>(::sendto(fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL, raw(to), sizeof to));
}
inline bool hears(const UniqueFd& fd, const std::string& bytes, int within) {
  std::string got(65'536, '\0');
  while (ready(fd.get(), POLLIN, within)) {
    const ssize_t n = ::recv(fd.get(), got.data(), got.size(), 0);
    if (n <= 0) return false;
    if (got.substr(0, static_cast<std::size_t>(n)) == bytes) return true;
  }
  return false;
}

class Internet {
 public:
  static constexpr const char* kGateway = "192.0.2.1";
  static constexpr const char* kNeighbour = "192.0.2.50";
  static constexpr const char* kServer = "198.51.100.2";
  const DesktopId alice = DesktopId::random();  // namespace "alice", 192.0.2.11
  const DesktopId bob = DesktopId::random();    // "bob", 192.0.2.12

  Internet() {
    sh("ip link set lo up; mkdir -p /run/netns; ip link add br-test type bridge; ip link set br-test up; "
       "ip addr add 192.0.2.1/24 dev br-test; sysctl -qw net.ipv4.ip_forward=1 net.ipv4.conf.all.send_redirects=0; "
       "ip link add mgmt0 type bridge; ip addr add 10.9.9.1/24 dev mgmt0; ip link set mgmt0 up");
    add("alice", tap_name(alice), guest_mac(alice), "192.0.2.11/24");
    add("bob", tap_name(bob), guest_mac(bob), "192.0.2.12/24");
    add("lan", "lan0", "02:aa:aa:aa:aa:aa", "192.0.2.50/24");
    sh("ip netns add server; ip link add up0 type veth peer name eth0 netns server; "
       "ip addr add 198.51.100.1/24 dev up0; ip link set up0 up; ip -n server addr add 198.51.100.2/24 dev eth0; "
       "ip -n server link set eth0 up; ip -n server link set lo up; ip -n server route add default via 198.51.100.1");
  }
  ~Internet() {
    // Devices first: a name space ends later than its name.
    sh("for d in " + tap_name(alice) + " " + tap_name(bob) +
       " lan0 up0 br-test mgmt0; do ip link del $d; done; for n in alice bob lan server; do ip netns del $n; done");
  }

 private:
  static void add(const std::string& space, const std::string& tap, const std::string& mac, const std::string& ip) {
    sh("ip netns add " + space + "; ip link add " + tap + " type veth peer name eth0 netns " + space +
       "; ip link set " + tap + " master br-test up; ip -n " + space + " link set eth0 address " + mac + " up; ip -n " +
       space + " link set lo up; ip -n " + space + " addr add " + ip + " dev eth0; ip -n " + space +
       " route add default via 192.0.2.1");
  }
};

}  // namespace tobari::vmhost
