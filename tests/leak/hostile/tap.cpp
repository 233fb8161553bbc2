// SPDX-License-Identifier: GPL-3.0-or-later
#include "tap.h"

#include <array>
#include <cctype>
#include <cstring>
#include <optional>
#include <poll.h>
#include <unistd.h>
#include <utility>

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <tobari/base/invariant.h>

namespace tobari::leak {
namespace {

constexpr std::size_t kPiece = std::size_t{64} * 1024;
constexpr std::size_t kMaxDescriptors = 8;
constexpr std::string_view kNamePrefix = "org.qemu.Display1";
constexpr std::size_t kLongestName = 64;

std::pair<UniqueFd, UniqueFd> make_line() {
  std::array<int, 2> pair{};
  TOBARI_INVARIANT(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) == 0);
  return {UniqueFd(pair[0]), UniqueFd(pair[1])};
}

bool is_socket(int fd) {
  struct stat status{};
  return ::fstat(fd, &status) == 0 && S_ISSOCK(status.st_mode);
}

struct Piece {
  std::vector<std::byte> bytes;
  std::vector<UniqueFd> descriptors;
};

// Nothing when the other side has closed. MSG_PEEK: descriptors come as duplicates.
std::optional<Piece> receive_at_most(int fd, std::size_t most, int flags) {
  Piece piece;
  piece.bytes.resize(most);
  iovec part{piece.bytes.data(), piece.bytes.size()};
  alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(kMaxDescriptors * sizeof(int))> control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.data();
  message.msg_controllen = control.size();
  const ssize_t got = ::recvmsg(fd, &message, flags | MSG_CMSG_CLOEXEC);
  if (got <= 0) return std::nullopt;
  piece.bytes.resize(static_cast<std::size_t>(got));
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int passed = -1;
      std::memcpy(&passed, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      piece.descriptors.emplace_back(passed);
    }
  }
  return piece;
}

// Descriptors belong to one byte, and GDBus to the message that begins there; a read takes what was sent before along.
std::optional<Piece> receive(int fd) {
  const auto ahead = receive_at_most(fd, kPiece, MSG_PEEK);
  if (!ahead) return std::nullopt;
  return receive_at_most(fd, ahead->descriptors.empty() ? ahead->bytes.size() : 1, 0);
}

// One control message at the end of `control`.
void attach(msghdr& message, int type, const void* data, std::size_t size) {
  cmsghdr* header = reinterpret_cast<cmsghdr*>(static_cast<std::byte*>(message.msg_control) + message.msg_controllen);
  header->cmsg_len = CMSG_LEN(size);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = type;
  std::memcpy(CMSG_DATA(header), data, size);
  message.msg_controllen += CMSG_SPACE(size);
}

// GDBus wants to hear in the first message who speaks; display and tap are the same user.
bool send(int fd, const Piece& piece, bool first) {
  std::size_t sent = 0;
  while (sent < piece.bytes.size()) {
    iovec part{const_cast<std::byte*>(piece.bytes.data()) + sent, piece.bytes.size() - sent};
    alignas(cmsghdr) std::array<std::byte, CMSG_SPACE(kMaxDescriptors * sizeof(int)) + CMSG_SPACE(sizeof(ucred))>
        control{};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    std::vector<int> descriptors;
    for (const UniqueFd& one : piece.descriptors) descriptors.push_back(one.get());
    if (sent == 0 && !descriptors.empty())
      attach(message, SCM_RIGHTS, descriptors.data(), descriptors.size() * sizeof(int));
    const ucred self{::getpid(), ::getuid(), ::getgid()};
    if (sent == 0 && first) attach(message, SCM_CREDENTIALS, &self, sizeof self);
    if (message.msg_controllen == 0) message.msg_control = nullptr;
    const ssize_t count = ::sendmsg(fd, &message, MSG_NOSIGNAL);
    if (count <= 0) return false;
    sent += static_cast<std::size_t>(count);
  }
  return true;
}

}  // namespace

Tap::Tap(std::string client_stem)
    : stem_(std::move(client_stem)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      thread_([this](const std::stop_token& stop) { run(stop); }) {}

Tap::~Tap() {
  thread_.request_stop();
  static_cast<void>(::eventfd_write(wake_.get(), 1));
}

UniqueFd Tap::connect(UniqueFd machine) {
  auto [ours, theirs] = make_line();
  {
    const std::scoped_lock lock(mutex_);
    new_lines_.push_back({std::move(ours), std::move(machine), CanarySearch(stem_), {}, false});
  }
  static_cast<void>(::eventfd_write(wake_.get(), 1));
  return std::move(theirs);
}

Tap::Seen Tap::seen() {
  const std::scoped_lock lock(mutex_);
  return seen_;
}

void Tap::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    {
      const std::scoped_lock lock(mutex_);
      for (Line& one : std::exchange(new_lines_, {})) lines_.push_back(std::move(one));
    }
    std::vector<pollfd> items{{wake_.get(), POLLIN, 0}};
    for (const Line& one : lines_) {
      items.push_back({one.display.get(), POLLIN, 0});
      items.push_back({one.machine.get(), POLLIN, 0});
    }
    if (::poll(items.data(), items.size(), -1) < 0) continue;
    eventfd_t ignored = 0;
    if (items[0].revents != 0) static_cast<void>(::eventfd_read(wake_.get(), &ignored));
    std::size_t at = 1;
    for (auto one = lines_.begin(); one != lines_.end(); at += 2) {
      const bool alive =
          (items[at].revents == 0 || pass(*one, true)) && (items[at + 1].revents == 0 || pass(*one, false));
      one = alive ? std::next(one) : lines_.erase(one);
    }
  }
}

bool Tap::pass(Line& line, bool to_machine) {
  auto piece = receive(to_machine ? line.display.get() : line.machine.get());
  if (!piece) return false;
  if (to_machine) {
    look(line, piece->bytes);
    for (UniqueFd& passed : piece->descriptors) passed = interpose(std::move(passed));
  } else {
    const std::scoped_lock lock(mutex_);
    seen_.bytes_from_machine += piece->bytes.size();
  }
  const bool first = to_machine && !std::exchange(line.spoken, line.spoken || to_machine);
  return send(to_machine ? line.machine.get() : line.display.get(), *piece, first);
}

void Tap::look(Line& line, std::span<const std::byte> bytes) {
  const std::size_t before = line.search.found();
  line.search.feed(bytes);
  std::string text = std::exchange(line.kept, {});
  text.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  const std::scoped_lock lock(mutex_);
  seen_.bytes_to_machine += bytes.size();
  seen_.canaries += line.search.found() - before;
  for (std::size_t at = text.find(kNamePrefix); at != std::string::npos; at = text.find(kNamePrefix, at + 1)) {
    std::size_t end = at;
    while (end < text.size() && (std::isalnum(static_cast<unsigned char>(text[end])) != 0 || text[end] == '.')) ++end;
    if (end < text.size()) seen_.interfaces.insert(text.substr(at, end - at));
  }
  if (text.size() > kLongestName) text.erase(0, text.size() - kLongestName);
  line.kept = std::move(text);
}

// The machine gets the end of a new line instead; the display's is read here.
UniqueFd Tap::interpose(UniqueFd passed) {
  if (!is_socket(passed.get())) {
    const std::scoped_lock lock(mutex_);
    ++seen_.files_to_machine;
    return passed;
  }
  auto [ours, theirs] = make_line();
  const std::scoped_lock lock(mutex_);
  new_lines_.push_back({std::move(passed), std::move(ours), CanarySearch(stem_), {}, false});
  return std::move(theirs);
}

}  // namespace tobari::leak
