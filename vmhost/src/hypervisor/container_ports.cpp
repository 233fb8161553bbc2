// SPDX-License-Identifier: GPL-3.0-or-later
#include "container_ports.h"

#include <cerrno>
#include <cstring>
#include <format>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <tobari/vmhost/ports.h>

namespace tobari::vmhost {
namespace {

constexpr int kWaitingConnections = 4;  // a display that was started again may come before the former one is noticed

Result<sockaddr_un> address_of_port(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) {
    return fail(Errc::kInvalidArgument, std::format("path of a port is too long: {}", path));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

Result<UniqueFd> listen_port(const std::string& path, int type) {
  TOBARI_ASSIGN(const sockaddr_un address, address_of_port(path));
  UniqueFd port(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (!port) return fail_errno(errno, "make a port");
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno(errno, "remove the port " + path);
  // Ours alone from the beginning: who may connect is decided by the mode that the socket has when it is bound.
  if (::fchmod(port.get(), 0600) != 0) return fail_errno(errno, "close a port to others");
  if (::bind(port.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      ::listen(port.get(), kWaitingConnections) != 0) {
    return fail_errno(errno, "listen at the port " + path);
  }
  return port;
}

}  // namespace

Result<ContainerPorts> listen_container_ports(const std::string& folder, const DesktopId& id) {
  TOBARI_ASSIGN(UniqueFd agent, listen_port(agent_port(folder, id), SOCK_STREAM));
  TOBARI_ASSIGN(UniqueFd picture, listen_port(picture_port(folder, id), SOCK_SEQPACKET));
  TOBARI_ASSIGN(UniqueFd clipboard, listen_port(clipboard_port(folder, id), SOCK_STREAM));
  return ContainerPorts{std::move(agent), std::move(picture), std::move(clipboard)};
}

Result<UniqueFd> connect_picture_port(const std::string& folder, const DesktopId& id) {
  TOBARI_ASSIGN(const sockaddr_un address, address_of_port(picture_port(folder, id)));
  UniqueFd connection(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!connection) return fail_errno(errno, "make a socket");
  if (::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    // Full, or closed: its desktop is busy or has just ended.
    return fail(Errc::kUnavailable, std::format("connect to a container's picture: {}", std::strerror(errno)));
  }
  return connection;
}

}  // namespace tobari::vmhost
