// SPDX-License-Identifier: GPL-3.0-or-later
// Where clients' connections arrive at this host. Looks at the first packet without taking it off the socket, and hands
// the connection on by its routing token; whatever is no such packet is closed. Loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>
#include <tobari/net/tcp_socket.h>

#include "host/loop.h"

namespace tobari::vmhost {

struct FrontLimits {
  std::chrono::milliseconds first_packet_within = std::chrono::seconds(10);
  std::size_t half_open = 256;  // beyond it the oldest is closed
};

// Since it was made.
struct FrontCounts {
  std::uint64_t delivered = 0;
  std::uint64_t refused = 0;
};

class Front {
 public:
  // Takes the connection over, or says why not (it is then closed). `token_sha256`: 32 bytes.
  using Deliver =
      std::function<Result<void>(const std::string& token_sha256, const std::string& client_address, int descriptor)>;

  // `inherited`: a listening socket of an earlier life of this program, in whose queue clients may wait; used when it
  // listens at just this address, else closed.
  [[nodiscard]] static Result<std::unique_ptr<Front>> create(Loop& loop, const net::Endpoint& listen,
                                                             FrontLimits limits, Deliver deliver,
                                                             UniqueFd inherited = UniqueFd());
  [[nodiscard]] int listener() const noexcept { return listener_.get(); }
  [[nodiscard]] std::uint16_t port() const noexcept { return port_; }
  [[nodiscard]] std::size_t half_open() const noexcept { return waiting_.size(); }
  [[nodiscard]] const FrontCounts& counts() const noexcept { return counts_; }

 private:
  struct Waiting {
    UniqueFd socket;
    std::string address;
    Loop::Handle watch;
    Loop::Handle deadline;
  };

  Front(Loop& loop, UniqueFd listener, std::uint16_t port, FrontLimits limits, Deliver deliver);
  void listen_again();
  void on_connection();
  void admit(UniqueFd socket);
  void look(std::uint64_t id, short revents);
  [[nodiscard]] Result<bool> try_deliver(const Waiting& waiting, bool ended);
  void close(std::uint64_t id, const std::string& why);

  Loop& loop_;
  const UniqueFd listener_;
  const std::uint16_t port_;
  const FrontLimits limits_;
  const Deliver deliver_;
  FrontCounts counts_;
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, Waiting> waiting_;  // oldest first
  Loop::Handle watch_;
  Loop::Handle resume_;
};

}  // namespace tobari::vmhost
