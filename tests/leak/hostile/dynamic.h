// SPDX-License-Identifier: GPL-3.0-or-later
// The client's side of dynamic virtual channels (MS-RDPEDYC), too willing: whatever the server opens is accepted, and
// counted. No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <vector>

namespace tobari::leak {

using Bytes = std::vector<std::byte>;

class DynamicChannels {
 public:
  // Whole messages to answer with: on the static channel drdynvc.
  using Send = std::function<void(const Bytes& pdu)>;
  explicit DynamicChannels(Send send);
  ~DynamicChannels();

  // One piece of the static channel.
  void receive(std::span<const std::byte> piece, bool first, bool last);
  void send(std::uint32_t id, const Bytes& message);
  void close(std::uint32_t id);  // one of less than 256

  [[nodiscard]] static Bytes data(std::uint32_t id, const Bytes& message);  // DYNVC_DATA, one PDU

  [[nodiscard]] std::uint32_t id_of(const std::string& name) const;  // 0: the server has not opened it
  // What the server sent by channel, the headers of dynamic channels left out.
  [[nodiscard]] const std::map<std::string, std::size_t>& received() const noexcept { return received_; }
  [[nodiscard]] std::size_t frames() const noexcept { return frames_; }
  [[nodiscard]] bool graphics_ready() const noexcept { return graphics_ready_; }
  // A question on the graphics channel that the server answers at once; the number of answers so far.
  void ask();
  [[nodiscard]] std::size_t answers() const noexcept { return answers_; }
  // Called with everything that arrives, graphics decompressed.
  std::function<void(const std::string& channel, std::span<const std::byte> content)> on_content;

 private:
  struct Channel {
    std::string name;
    std::size_t expected = 0;
    Bytes message;
  };
  void handle(std::span<const std::byte> pdu);
  void take(Channel& channel, std::uint32_t id, std::span<const std::byte> message);
  void take_graphics(std::uint32_t id, std::span<const std::byte> message);
  void take_sound(std::uint32_t id, std::span<const std::byte> message);

  struct Decoder;
  Send send_;
  std::unique_ptr<Decoder> decoder_;
  std::map<std::uint32_t, Channel> channels_;
  std::set<std::uint32_t> closed_;  // by us
  std::map<std::string, std::size_t> received_;
  Bytes pdu_;
  std::uint32_t graphics_ = 0;
  std::size_t frames_ = 0;
  std::size_t answers_ = 0;
  bool graphics_ready_ = false;
};

}  // namespace tobari::leak
