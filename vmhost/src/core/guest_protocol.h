// SPDX-License-Identifier: GPL-3.0-or-later
// The host's side of the guest agent's line protocol (installer/guest/agent/PROTOCOL.md), without the socket. Every
// byte from the guest is a claim of somebody who may be hostile: lines are bounded, what is not understood is dropped.
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tobari::vmhost {

inline constexpr std::size_t kMaxGuestLineBytes = 1024;

struct GuestEvent {
  enum class Kind : std::uint8_t {
    kBooting,    // hello: the agent is there, the desktop is not
    kReady,      // hello or ready: the desktop is up
    kDone,       // `text`: the command
    kRefused,    // `text`: command and reason
    kLoggedOff,  // the guest's user has ended the session
    kMalformed,  // `text`: why, for one log line
  };
  Kind kind = Kind::kMalformed;
  std::string text;
  friend bool operator==(const GuestEvent&, const GuestEvent&) = default;
};

class GuestProtocol {
 public:
  // Whole lines among what has arrived so far; a line that is too long is skipped up to its end.
  [[nodiscard]] std::vector<GuestEvent> receive(std::string_view bytes);
  // The connection is a new one: what was half received is void.
  void reset();

 private:
  std::string line_;
  bool skipping_ = false;
};

[[nodiscard]] inline std::string guest_hello() { return "hello 1\n"; }
[[nodiscard]] inline std::string guest_shutdown() { return "shutdown\n"; }
[[nodiscard]] inline std::string guest_settle() { return "settle\n"; }
[[nodiscard]] inline std::string guest_log_off() { return "log-off\n"; }
// Milliseconds since 1970.
[[nodiscard]] std::string guest_clock(std::int64_t milliseconds);
// The user's home is on the disk with this serial number, or in the shared folder with this tag.
[[nodiscard]] std::string guest_home_disk(std::string_view serial);
[[nodiscard]] std::string guest_home_folder(std::string_view tag);
// Empty when `name` is no RFC 1123 label: it is never sent.
[[nodiscard]] std::string guest_hostname(std::string_view name);
// Likewise. `machine_id`: 32 hex digits; `milliseconds`: since 1970; `seed`: 64 hex digits.
[[nodiscard]] std::string guest_identity(std::string_view name, std::string_view machine_id, std::int64_t milliseconds,
                                         std::string_view seed);

}  // namespace tobari::vmhost
