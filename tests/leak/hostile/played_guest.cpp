// SPDX-License-Identifier: GPL-3.0-or-later
#include "played_guest.h"

#include <algorithm>
#include <array>
#include <span>
#include <unistd.h>
#include <utility>

#include <sys/socket.h>

namespace tobari::leak {

namespace port = display::port;

PlayedGuest::PlayedGuest(std::string_view client_stem) : search_(client_stem) {
  std::array<int, 2> ends{-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) return;
  port_ = UniqueFd(ends[0]);
  display_end_ = UniqueFd(ends[1]);
}

void PlayedGuest::serve() {
  std::array<std::byte, 65536> buffer;
  while (true) {
    const auto got = ::read(port_.get(), buffer.data(), buffer.size());
    if (got <= 0) break;
    const auto part = std::span(buffer).first(static_cast<std::size_t>(got));
    search_.feed(part);
    reader_.add(part);
    while (true) {
      const auto message = reader_.next();
      if (!message || !*message) break;
      take(**message);
    }
  }
  flush();
}

void PlayedGuest::take(const port::Message& message) {
  switch (message.type) {
    case port::Type::kHello:
      greeted_ = true;
      port::hello(out_);
      return;
    case port::Type::kOffer:
      offered_ = port::offered(message).value_or(policy::FormatSet());
      return;
    case port::Type::kAsk: {
      const auto found = has_.find(message.format);
      if (found == has_.end()) return port::none(message.id, out_);
      std::span<const std::byte> rest = found->second;
      do {
        const auto part = rest.first(std::min(rest.size(), port::kMaxPayload));
        rest = rest.subspan(part.size());
        port::data(message.id, part, rest.empty(), out_);
      } while (!rest.empty());
      return;
    }
    case port::Type::kData: {
      Bytes& whole = parts_[message.id];
      whole.insert(whole.end(), message.payload.begin(), message.payload.end());
      if (message.last) given_[message.id] = std::exchange(whole, {});
      return;
    }
    case port::Type::kNone:
      given_[message.id] = std::nullopt;
      return;
  }
}

void PlayedGuest::copies(policy::Format format, Bytes plain) {
  has_.clear();
  has_[format] = std::move(plain);
  policy::FormatSet formats;
  formats.add(format);
  port::offer(formats, out_);
  flush();
}

std::uint32_t PlayedGuest::asks(policy::Format format) {
  port::ask(++last_, format, std::size_t{64} << 20, out_);
  flush();
  return last_;
}

void PlayedGuest::flush() {
  while (!out_.empty()) {
    const auto sent = ::send(port_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
    if (sent <= 0) return;
    out_.erase(out_.begin(), out_.begin() + sent);
  }
}

}  // namespace tobari::leak
