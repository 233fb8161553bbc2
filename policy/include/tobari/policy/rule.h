// SPDX-License-Identifier: GPL-3.0-or-later
// Rules as values: who and when, what, and with which limits.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tobari/policy/channels.h>
#include <tobari/policy/ip_network.h>
#include <tobari/policy/limits.h>
#include <tobari/policy/request.h>
#include <tobari/policy/usb.h>
#include <tobari/policy/weekly.h>

namespace tobari::policy {

enum class Effect : std::uint8_t { kAllow, kDeny };

// Every list that is not empty must hold; one entry of it is enough. An empty list states nothing: everybody.
struct Who {
  std::vector<std::string> users{};
  std::vector<std::string> groups{};
  std::vector<std::string> pools{};
  std::vector<std::string> labels{};  // of the desktop
};

// Holds the numbers n with at_least <= n < below; at least one of the two is stated.
template <class Number>
struct Range {
  std::optional<Number> at_least{};
  std::optional<Number> below{};

  [[nodiscard]] bool has(const Number& number) const {
    return (!at_least || *at_least <= number) && (!below || number < *below);
  }
};

struct ClientMatch {
  std::string kind{};
  std::optional<Range<ClientVersion>> versions{};
};

// One of the two.
struct CertificateMatch {
  std::optional<Sha256Bytes> sha256{};
  std::string issuer{};
};

// As Who: what is stated must hold.
struct Conditions {
  std::vector<IpNetwork> networks{};
  std::vector<ClientMatch> clients{};
  std::vector<CertificateMatch> certificates{};
  std::vector<Window> windows{};
  std::optional<Range<std::uint32_t>> mfa{};
  std::optional<Range<std::uint32_t>> sessions{};
  std::vector<UsbMatch> usb{};  // only in rules about `usb` alone
};

struct Rule {
  std::string name{};
  int line = 0;  // in its file, from 1; 0: not from a file
  Effect effect = Effect::kDeny;
  std::vector<ChannelIndex> what{};
  Who who{};
  Conditions conditions{};
  Limits limits{};        // of a rule that allows
  Obligations require{};  // of a rule that allows
};

struct Group {
  std::string name{};
  std::vector<std::string> users{};
  std::vector<std::string> groups{};  // whose members are members of this one too; of the file or of the directory
};

}  // namespace tobari::policy
