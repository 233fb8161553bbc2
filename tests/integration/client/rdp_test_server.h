// SPDX-License-Identifier: GPL-3.0-or-later
// A small RDP server on FreeRDP, which does what a test says, hostile things too. One client at a time.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <QImage>
#include <QStringList>

#include "identity.h"

namespace tobari::client::test {

struct RdpScript {
  QImage picture;                     // RGB32, shown over RDPGFX
  std::string password = "ticket-1";  // anything else is refused
  std::uint32_t refuse_with = 0;      // an ERRINFO_ code: said to whoever signs in
  std::uint16_t surface_side = 0;     // not 0: a surface of this size on top, to see whether the client takes it
  bool redirect = false;              // send the client elsewhere
};

class RdpTestServer {
 public:
  RdpTestServer(RdpScript script, std::uint16_t port = 0);  // 0: a free one
  ~RdpTestServer();

  [[nodiscard]] std::uint16_t port() const { return port_; }
  [[nodiscard]] const Identity& identity() const { return identity_; }

  void say_and_drop(std::uint32_t error_info);  // to the client that is there
  void drop();                                  // the connection, without a word
  [[nodiscard]] int clients() const { return clients_; }
  [[nodiscard]] std::string routing_token() const;
  [[nodiscard]] QStringList events() const;    // "key 1e down", "move 3 4", …
  [[nodiscard]] QStringList channels() const;  // that the client asked for

  // For the callbacks.
  struct Peer;
  void note(const QString& event);

 private:
  void accept_loop(const std::stop_token& stop);
  void serve(int socket, const std::stop_token& stop);

  RdpScript script_;
  Identity identity_;
  int listener_ = -1;
  std::uint16_t port_ = 0;
  std::atomic<int> clients_{0};
  std::atomic<bool> drop_{false};
  std::atomic<std::uint32_t> last_words_{0};
  mutable std::mutex mutex_;
  std::string routing_token_;
  QStringList events_;
  QStringList channels_;
  std::jthread thread_;
};

}  // namespace tobari::client::test
