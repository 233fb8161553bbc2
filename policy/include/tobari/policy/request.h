// SPDX-License-Identifier: GPL-3.0-or-later
// A question to the policy: who, from where, with what, when. Everything that a decision looks at is in it.
//
// What is absent is not known, which is not the same as none: a rule that asks for it then denies but does not allow.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/policy/ip_network.h>
#include <tobari/policy/usb.h>

namespace tobari::policy {

// "3.32.1": up to four numbers; what is left out is zero.
struct ClientVersion {
  std::array<std::uint32_t, 4> parts{};

  // Nothing when it is not one to four decimal numbers with dots between.
  [[nodiscard]] static std::optional<ClientVersion> parse(std::string_view text) noexcept;
  friend auto operator<=>(const ClientVersion&, const ClientVersion&) = default;
};

using Sha256Bytes = std::array<std::uint8_t, 32>;
// 64 hexadecimal digits, in pairs with ':' between or without.
[[nodiscard]] std::optional<Sha256Bytes> parse_sha256(std::string_view text);

// Of the device that the user sits at, checked by whoever fills this in. Both absent: it showed none.
struct DeviceCertificate {
  std::optional<Sha256Bytes> sha256{};  // of the certificate in DER
  std::string issuer{};                 // the name under which its authority is configured
  friend bool operator==(const DeviceCertificate&, const DeviceCertificate&) = default;
};

struct Request {
  std::string user{};
  std::vector<std::string> groups{};  // that the directory says; those of the policy file come on top
  std::optional<std::string> pool{};  // of the desktop; empty text: in none
  std::string desktop_id{};           // for the grant; rules do not look at it
  std::optional<IpAddress> address{};
  bool groups_known = true;  // false: the directory did not answer; groups of the file are known all the same
  std::optional<std::vector<std::string>> labels{};  // of the desktop
  std::optional<std::string> client_kind{};          // the program's name: what it claims
  std::optional<ClientVersion> client_version{};
  std::optional<DeviceCertificate> certificate{};
  std::optional<std::chrono::sys_seconds> time{};
  std::optional<std::uint32_t> mfa_level{};  // 1: one factor, 2: two, 3: two of which one cannot be phished
  std::optional<std::uint32_t> sessions{};   // that the user has already, without the one that is asked for
  std::optional<UsbPart> usb{};              // of a question about `usb`
};

}  // namespace tobari::policy
