// SPDX-License-Identifier: GPL-3.0-or-later
// The messages between a desktop's clipboard agent and us, over a byte stream (installer/guest/clipboard/PROTOCOL.md is
// the text to it). Every octet from the guest is the claim of somebody who may be hostile. No I/O.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/policy/limits.h>

namespace tobari::display::port {

inline constexpr std::uint32_t kVersion = 1;
inline constexpr std::size_t kHeader = 12;
inline constexpr std::size_t kMaxPayload = std::size_t{64} * 1024;

enum class Type : std::uint8_t { kHello = 1, kOffer = 2, kAsk = 3, kData = 4, kNone = 5 };

struct Message {
  Type type{};
  policy::Format format{};  // of kAsk
  bool last = false;        // of kData
  std::uint32_t id = 0;     // of kAsk, kData, kNone
  std::vector<std::byte> payload{};
  friend bool operator==(const Message&, const Message&) = default;
};

// Cuts a stream into messages. A hello is known wherever it stands, because a port may be opened anew in the middle of
// a message; what was before it is void. After an error nothing of the stream can be understood any more.
class Reader {
 public:
  void add(std::span<const std::byte> bytes);
  // The next whole one; none: more bytes are needed. kPeerProtocol: malformed.
  [[nodiscard]] Result<std::optional<Message>> next();
  void reset() noexcept { waiting_.clear(); }

 private:
  std::vector<std::byte> waiting_;
};

// A hello is known wherever it stands, so contents must not hold one: whoever copies a picture would speak for us.
// Knows the end of what was sent, because two messages can make one together.
class GreetingGuard {
 public:
  // Whether there is a hello in what was sent and `next`.
  [[nodiscard]] bool greets(std::span<const std::byte> next) const;
  void sent(std::span<const std::byte> bytes);

 private:
  std::vector<std::byte> tail_;
};

// The formats of an offer. kPeerProtocol: malformed, or one that there is not.
[[nodiscard]] Result<policy::FormatSet> offered(const Message& message);

void hello(std::vector<std::byte>& out);
void offer(policy::FormatSet formats, std::vector<std::byte>& out);
void ask(std::uint32_t id, policy::Format format, std::size_t most, std::vector<std::byte>& out);
void data(std::uint32_t id, std::span<const std::byte> part, bool last, std::vector<std::byte>& out);
void none(std::uint32_t id, std::vector<std::byte>& out);

}  // namespace tobari::display::port
