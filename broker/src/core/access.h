// SPDX-License-Identifier: GPL-3.0-or-later
// The question that the broker asks the policy before a session is opened or a picture is shown, and the answer. How
// the policy decides is none of the broker's business: assemble.cpp binds the two.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <tobari/policy/grant.h>
#include <tobari/policy/request.h>

namespace tobari::broker {

struct AccessQuestion {
  std::string user;
  std::string desktop_id;
  std::string client_address;    // numeric
  std::string what = "connect";  // a channel of the policy language
  std::string client{};          // NAME or NAME/VERSION, as the client's program says it; empty: it does not
  // How the user signed in, in the levels of the policy language: with a password.
  std::uint32_t mfa_level = 1;
  std::optional<std::uint32_t> sessions{};            // live ones of the user, without the one that is asked for
  std::optional<policy::DeviceCertificate> device{};  // nothing: devices are not asked for theirs
  // Of the desktop. Nothing: not known. Empty: it is in no pool, and has no labels.
  std::optional<std::string> pool{};
  std::optional<std::vector<std::string>> labels{};
};

struct AccessAnswer {
  bool allowed = false;
  std::string rule;     // that decided; empty when none matched
  std::string reason;   // for people
  policy::Grant grant;  // when "connect" is allowed
};

// Any thread, returns at once.
using AccessPolicy = std::function<AccessAnswer(const AccessQuestion&)>;

}  // namespace tobari::broker
