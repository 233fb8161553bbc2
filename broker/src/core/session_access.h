// SPDX-License-Identifier: GPL-3.0-or-later
// Why a session may do what it does, kept with it: what it was granted, and what the policy was asked, so that it can
// be asked again while the session lives. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <tobari/base/result.h>
#include <tobari/policy/grant.h>
#include <tobari/policy/request.h>

namespace tobari::broker {

struct SessionAccess {
  policy::Grant grant;         // now; only ever less
  std::string client_address;  // as the policy was asked
  std::string client;
  std::uint32_t mfa_level = 1;
  std::optional<std::uint32_t> sessions{};
  std::optional<policy::DeviceCertificate> device{};
  bool narrowed = false;        // it has less than in the beginning
  std::string ended_because{};  // empty: it goes on
  friend bool operator==(const SessionAccess&, const SessionAccess&) = default;
};

[[nodiscard]] std::string to_text(const SessionAccess& access);
// kInternal: not what to_text() made. Empty text is of a session from before this was kept: it grants nothing.
[[nodiscard]] Result<SessionAccess> parse_access(std::string_view text);

// What a live session keeps when the policy now says `fresh`: never more than it had. What a session owes before it
// shows anything (notices) cannot be asked of one that is shown already: it keeps its own.
[[nodiscard]] policy::Grant narrowed(const policy::Grant& had, const policy::Grant& fresh);
// Nothing: it goes on. Else why it must end, whatever it is still granted: what is owed now cannot be begun late.
[[nodiscard]] std::optional<std::string> must_end(const policy::Grant& had, const policy::Grant& fresh);
// For the audit: "device 0123456789abcdef of AUTHORITY"; empty when it showed none.
[[nodiscard]] std::string in_words(const std::optional<policy::DeviceCertificate>& device);
// For the audit: what `now` has less than `before`, in a sentence.
[[nodiscard]] std::string describe_less(const policy::Grant& before, const policy::Grant& now);

}  // namespace tobari::broker
