// SPDX-License-Identifier: GPL-3.0-or-later
// Dynamic virtual channels, server side (MS-RDPEDYC), version 1: no priorities, no compression. No I/O: bytes in by
// receive(), bytes out to DvcOutput. Ours rather than FreeRDP's because it has no queue, no thread and no busy wait,
// and because only channels that we create exist: what a client sends to any other ends its session.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string_view>
#include <vector>

#include <tobari/base/result.h>

namespace tobari::display {

class DvcOutput {
 public:
  virtual void send_dvc(std::span<const std::byte> pdu) = 0;  // one PDU on the static channel drdynvc

 protected:
  ~DvcOutput() = default;
};

class DvcEvents {
 public:
  virtual void on_dvc_ready() = 0;                            // channels can be created
  virtual void on_dvc_open(std::uint32_t id, bool open) = 0;  // answer to create(), or the client closed it
  [[nodiscard]] virtual Result<void> on_dvc_data(std::uint32_t id, std::span<const std::byte> message) = 0;

 protected:
  ~DvcEvents() = default;
};

class DvcServer {
 public:
  // What may be under way when a channel closes; a client that goes on pushing into it is one that means to.
  static constexpr std::size_t kMaxAfterClose = 64;
  // What a client may send as one message, and as one PDU in pieces of the static channel.
  static constexpr std::size_t kMaxMessage = std::size_t{128} * 1024;
  static constexpr std::size_t kMaxPdu = std::size_t{16} * 1024;
  // What a PDU with data has at most by the specification (2.2.3.1), and what fits into a piece of the static channel.
  static constexpr std::size_t kShortPdu = 1600;
  static constexpr std::size_t kLongPdu = 16256;

  // `longest_pdu`: of those that are sent, kShortPdu to kLongPdu.
  DvcServer(DvcOutput& output, DvcEvents& events, std::size_t longest_pdu = kShortPdu) noexcept
      : output_(output), events_(events), longest_pdu_(longest_pdu) {}

  void start();                                          // offers; on_dvc_ready() follows from a client that knows
  void create(std::uint32_t id, std::string_view name);  // `id` is the caller's choice, 1 to 255, once each
  void send(std::uint32_t id, std::span<const std::byte> message);  // to an open channel; dropped when it is not

  // Nothing is sent on it any more, and what the client still sends is dropped; no event comes of it.
  void close(std::uint32_t id);

  // One piece of the static channel as MS-RDPBCGR 2.2.6.1 has it.
  [[nodiscard]] Result<void> receive(std::span<const std::byte> piece, bool first, bool last);

 private:
  enum class State : std::uint8_t { kOpening, kOpen, kClosed };
  struct Channel {
    State state = State::kOpening;
    bool answered = false;        // the client has said whether it opens it
    std::size_t after_close = 0;  // messages
    std::size_t expected = 0;     // of a message in pieces; 0: none under way
    std::vector<std::byte> message;
  };

  [[nodiscard]] Result<void> handle(std::span<const std::byte> pdu);
  [[nodiscard]] Result<void> handle_data(std::uint32_t id, Channel& channel, std::span<const std::byte> data);

  DvcOutput& output_;
  DvcEvents& events_;
  std::size_t longest_pdu_;
  std::map<std::uint32_t, Channel> channels_;
  std::vector<std::byte> pdu_;
  bool started_ = false;
  bool ready_ = false;
};

}  // namespace tobari::display
