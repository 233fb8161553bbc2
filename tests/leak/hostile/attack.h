// SPDX-License-Identifier: GPL-3.0-or-later
// What a client could try: one attack pushes one thing over one way that nobody granted, with a canary inside.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "canary.h"
#include "directions.h"
#include "rogue.h"

namespace tobari::leak {

// What the server has to make of it; that nothing of it passes is asked of every attack.
enum class Answer : std::uint8_t {
  kCutOff,  // ends the session and reports a violation, which is audited
  kEnds,    // ends the session: what came is no RDP
  kAny,     // may also be ignored
};

struct Attack {
  std::string channel;    // a name of RDP: "cliprdr", "URBDRC"
  std::string direction;  // kToGuest: the canary is the client's; kFromGuest: the client asks for the machine's
  std::string format;     // the message and what it carries
  std::size_t size = 0;   // of the canary's payload
  Answer answer = Answer::kCutOff;
  // Pushes it; `payload` is `size` bytes, nothing but the canary.
  std::function<void(Rogue& client, const Bytes& payload, const std::string& canary)> push;
};

// Static channels that every hostile client asks for, drdynvc among them: at most Rogue::kMaxNames, of seven characters
// (FreeRDP refuses the whole client for a longer one).
[[nodiscard]] const std::vector<std::string>& announced();

// ---- each appends its own
void add_clipboard_attacks(std::vector<Attack>& all);
void add_device_attacks(std::vector<Attack>& all);   // rdpdr: drives, printers, smart cards, ports
void add_static_attacks(std::vector<Attack>& all);   // every other static channel, and names that mean nothing
void add_dynamic_attacks(std::vector<Attack>& all);  // drdynvc and what would run over it
void add_framing_attacks(std::vector<Attack>& all);  // lengths, flags and channel numbers that lie

[[nodiscard]] std::vector<Attack> all_attacks();

// ---- building blocks
// Little-endian fields of a header, then a body.
class Message {
 public:
  Message& u8(unsigned v);
  Message& u16(unsigned v);
  Message& u32(std::uint64_t v);
  Message& bytes(const Bytes& data);
  Message& text(std::string_view text);  // as it is, without a terminating zero
  Message& zeros(std::size_t count);
  [[nodiscard]] const Bytes& done() const noexcept { return data_; }

 private:
  Bytes data_;
};

}  // namespace tobari::leak
