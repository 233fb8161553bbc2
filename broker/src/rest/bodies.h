// SPDX-License-Identifier: GPL-3.0-or-later
// The bodies of requests, checked: broker/api/openapi.yaml in code. Pure; fuzzed (tests/fuzz/rest_body_fuzz.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/result.h>

#include "core/types.h"

namespace tobari::broker {

struct LoginBody {
  std::string user;
  std::string password;
};
struct NewUserBody {
  std::string name;
  std::string password;
  Role role = Role::kUser;
};
struct NewDesktopBody {
  std::string user;
  std::string name;  // empty: made from the user's
  std::string image;
  std::string host;  // empty: chosen
  std::uint32_t vcpus = 0;
  std::uint32_t memory_mib = 0;
};
struct ConnectBody {
  std::string client_name;
  std::string client_kind;
};
struct WallBody {
  std::vector<DesktopId> desktops;  // kMinWallDesktops to kMaxWallDesktops, each once
  ConnectBody client;
};
struct JoinTokenBody {
  NodeRole role = NodeRole::kHost;
  std::string name;
};

[[nodiscard]] Result<LoginBody> parse_login(std::string_view body);
[[nodiscard]] Result<NewUserBody> parse_new_user(std::string_view body);
[[nodiscard]] Result<std::string> parse_password(std::string_view body);
[[nodiscard]] Result<NewDesktopBody> parse_new_desktop(std::string_view body);
[[nodiscard]] Result<ConnectBody> parse_connect(std::string_view body);  // an empty body is an empty object
[[nodiscard]] Result<WallBody> parse_wall(std::string_view body);
[[nodiscard]] Result<JoinTokenBody> parse_join_token(std::string_view body);

[[nodiscard]] Result<std::string> parse_policy_proposal(std::string_view body);  // a SHA-256, hex

// "after=12" and nothing else; 0 when it is not there.
[[nodiscard]] Result<std::uint64_t> parse_after(std::string_view query);
// "after=NAME", of a desktop, and nothing else; empty when it is not there.
[[nodiscard]] Result<std::string> parse_after_name(std::string_view query);

}  // namespace tobari::broker
