// SPDX-License-Identifier: GPL-3.0-or-later
// An RDP client that keeps to the protocol until it is let in, and to nothing afterwards: FreeRDP's client library
// connects, and then everything can be sent by hand. Not thread-safe.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <tobari/base/result.h>

#include "canary.h"
#include "dynamic.h"

namespace tobari::leak {

struct Target {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;
  std::string user = "somebody";
  std::string secret;
  std::string routing_token;  // empty: none is shown
  bool hears = true;          // says in its Client Info that it plays sound
};

class Rogue {
 public:
  static constexpr std::size_t kMaxNames = 30;
  using Log = std::function<void(const std::string& channel, std::span<const std::byte> content)>;

  // `names`: static channels that it asks for; drdynvc must be among them. kUnavailable: not let in.
  [[nodiscard]] static Result<std::unique_ptr<Rogue>> connect(const Target& target,
                                                              const std::vector<std::string>& names,
                                                              std::string_view machine_stem);
  ~Rogue();
  Rogue(const Rogue&) = delete;
  Rogue& operator=(const Rogue&) = delete;

  // ---- what it sends; false: the connection is gone, or there is no such channel
  bool push(const std::string& name, const Bytes& message);  // in pieces, as the protocol wants it
  bool push_packet(std::uint16_t channel, std::size_t total, std::uint32_t flags, const Bytes& piece);
  bool push_dynamic(const Bytes& pdu);  // on drdynvc
  bool push_raw(const Bytes& packet);   // inside TLS, no header added
  bool press(std::uint32_t scan_code);
  [[nodiscard]] std::uint16_t id_of(const std::string& name) const;
  [[nodiscard]] DynamicChannels& dynamic() noexcept;

  // ---- what happens
  // Each piece of a message that the server sends on a static channel: what came already at once, the rest within the
  // calls below.
  using Piece = std::function<void(const std::string& channel, std::span<const std::byte> data, bool first, bool last)>;
  void on_static(Piece piece);
  // Serves the connection until `done` or the end of it or of the time; false unless done.
  bool pump(std::chrono::milliseconds limit, const std::function<bool()>& done);
  // Everything that was sent before this has been taken by the server when it is true; false: the connection has ended.
  [[nodiscard]] bool still_served();
  [[nodiscard]] bool ended() const noexcept;
  [[nodiscard]] std::uint32_t error_info() const noexcept;  // what the server gave as the reason

  // Bytes that the server sent on channels, "static NAME" and "NAME" of dynamic ones.
  [[nodiscard]] std::map<std::string, std::size_t> received() const;
  // Of the machine, in anything that came (as it is, and graphics decompressed).
  [[nodiscard]] std::size_t canaries() const noexcept;
  [[nodiscard]] std::size_t canaries_on(const std::string& channel) const;

 private:
  struct Impl;
  explicit Rogue(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace tobari::leak
