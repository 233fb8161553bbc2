// SPDX-License-Identifier: GPL-3.0-or-later
#include "serve.h"

#include <cerrno>
#include <cstdio>
#include <iostream>
#include <sstream>
#include <utility>

#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/un.h>

#include <tobari/base/unique_fd.h>

#include "canary.h"
#include "stand.h"

namespace tobari::leak {
namespace {

using nlohmann::json;

json answer(Stand& stand, const std::vector<wire::ChannelGrant>& channels, const std::string& line) {
  std::istringstream words(line);
  std::string command;
  std::string session;
  std::string ticket;
  words >> command >> session >> ticket;
  if (command == "arm") {
    ticket = stand.arm(session, channels, ticket);
    return {{"port", stand.port()}, {"ticket", ticket}, {"certificate_sha256", stand.certificate_sha256()}};
  }
  if (command == "seen") {
    const Tap::Seen seen = stand.seen();
    return {{"canaries", seen.canaries},
            {"calls", stand.calls()},
            {"files", seen.files_to_machine},
            {"bytes_to_machine", seen.bytes_to_machine},
            {"interfaces", seen.interfaces}};
  }
  if (command == "report") {
    const Stand::Report report = stand.report(session);
    return {{"connected", report.connected},
            {"violation", report.violation},
            {"ended", report.ended},
            {"detail", report.detail}};
  }
  return {{"error", "unknown command"}};
}

Result<UniqueFd> connect_to(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(Errc::kInvalidArgument, path + " is too long");
  path.copy(address.sun_path, path.size());
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail_errno(errno, "connect to " + path);
  }
  return fd;
}

}  // namespace

Result<void> serve(const std::string& display, const std::vector<std::string>& grants, const std::string& client_stem,
                   const std::string& clipboard) {
  std::vector<wire::ChannelGrant> channels;
  for (const std::string& text : grants) {
    TOBARI_ASSIGN(auto grant, parse_channel(text));
    channels.push_back(std::move(grant));
  }
  TOBARI_ASSIGN(const auto stand, Stand::start(display, client_stem.empty() ? Canaries().stem() : client_stem));
  if (!clipboard.empty()) {
    TOBARI_ASSIGN(UniqueFd port, connect_to(clipboard));
    stand->give_clipboard(std::move(port));
  }
  std::string line;
  while (std::getline(std::cin, line)) {
    std::puts(answer(*stand, channels, line).dump(-1, ' ', false, json::error_handler_t::replace).c_str());
    std::fflush(stdout);
  }
  return {};
}

}  // namespace tobari::leak
