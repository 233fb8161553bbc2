// SPDX-License-Identifier: GPL-3.0-or-later
#include "postgres/cut_line.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>

namespace tobari::test {
namespace {

constexpr int kLookAgainMs = 5;

sockaddr_un address_in(const std::filesystem::path& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (folder / ".s.PGSQL.5432").c_str(), sizeof(address.sun_path) - 1);
  return address;
}

UniqueFd connect_to(const std::filesystem::path& folder) {
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_un address = address_in(folder);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) fd.reset();
  return fd;
}

// False: it is over.
bool copy_some(const UniqueFd& from, const UniqueFd& to) {
  std::array<char, 65536> bytes{};
  const ssize_t got = ::read(from.get(), bytes.data(), bytes.size());
  if (got <= 0) return false;
  for (ssize_t done = 0; done < got;) {
    const ssize_t put = ::send(to.get(), bytes.data() + done, static_cast<std::size_t>(got - done), MSG_NOSIGNAL);
    if (put <= 0) return false;
    done += put;
  }
  return true;
}

}  // namespace

Result<std::unique_ptr<CutLine>> CutLine::start(const std::filesystem::path& folder,
                                                const std::filesystem::path& server) {
  UniqueFd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const sockaddr_un address = address_in(folder);
  if (::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(listener.get(), 16) != 0) {
    return fail_errno(errno, "listen for a line to cut");
  }
  return std::unique_ptr<CutLine>(new CutLine(std::move(listener), server));
}

CutLine::CutLine(UniqueFd listener, std::filesystem::path server)
    : listener_(std::move(listener)),
      server_(std::move(server)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

CutLine::~CutLine() {
  thread_.request_stop();
  thread_.join();
  for (std::jthread& line : lines_) line.request_stop();
}

void CutLine::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd waiting{listener_.get(), POLLIN, 0};
    if (::poll(&waiting, 1, kLookAgainMs) <= 0) continue;
    const int client = ::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC);
    if (client < 0) continue;
    lines_.emplace_back([this, client](const std::stop_token& over) {
      const UniqueFd near(client);
      const UniqueFd far = connect_to(server_);
      if (far) pass(over, near, far);
    });
  }
}

void CutLine::pass(const std::stop_token& stop, const UniqueFd& client, const UniqueFd& server) const {
  const int cuts = cuts_;
  while (!stop.stop_requested()) {
    if (cuts_ != cuts) {
      ::shutdown(client.get(), SHUT_RDWR);
      // The server's end stays open: what it would notice is not what is tested.
      while (!stop.stop_requested()) ::poll(nullptr, 0, kLookAgainMs);
      return;
    }
    std::array<pollfd, 2> ends{{{client.get(), POLLIN, 0}, {server.get(), POLLIN, 0}}};
    if (::poll(ends.data(), ends.size(), kLookAgainMs) <= 0) continue;
    if (ends[0].revents != 0 && !copy_some(client, server)) return;
    if (ends[1].revents != 0 && !copy_some(server, client)) return;
  }
}

}  // namespace tobari::test
