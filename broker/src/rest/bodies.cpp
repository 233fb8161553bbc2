// SPDX-License-Identifier: GPL-3.0-or-later
#include "rest/bodies.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <utility>

#include <tobari/base/wall.h>

#include "auth/password.h"
#include "core/names.h"
#include "http/json_body.h"

namespace tobari::broker {
namespace {

constexpr std::size_t kMaxLoginNameBytes = 64;
constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxClientNameBytes = 512;  // 128 characters
constexpr std::size_t kMaxClientKindBytes = 256;
constexpr std::size_t kMaxIdBytes = 64;

constexpr std::uint32_t kMaxVcpus = 64;
constexpr std::uint32_t kDefaultVcpus = 2;
constexpr std::uint32_t kMinMemoryMib = 256;
constexpr std::uint32_t kMaxMemoryMib = 262144;
constexpr std::uint32_t kDefaultMemoryMib = 1024;

Result<ConnectBody> client_of(JsonBody& body) {
  TOBARI_ASSIGN(auto name, body.optional_text("client_name", kMaxClientNameBytes));
  TOBARI_ASSIGN(auto kind, body.optional_text("client_kind", kMaxClientKindBytes));
  return ConnectBody{std::move(name).value_or(""), std::move(kind).value_or("")};
}

std::size_t characters(std::string_view utf8) {
  return static_cast<std::size_t>(
      std::ranges::count_if(utf8, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

Result<std::string> new_password(JsonBody& body) {
  TOBARI_ASSIGN(std::string password, body.text("password", kMaxPasswordBytes));
  if (characters(password) < kMinPasswordCharacters) {
    return fail(Errc::kInvalidArgument,
                std::format("password must have at least {} characters", kMinPasswordCharacters));
  }
  return password;
}

Result<std::string> named(JsonBody& body, const char* member, bool (*is_valid)(std::string_view), const char* rule) {
  TOBARI_ASSIGN(std::string value, body.text(member, kMaxNameBytes));
  if (!is_valid(value)) return fail(Errc::kInvalidArgument, std::format("{} must be {}", member, rule));
  return value;
}

Result<std::string> optionally_named(JsonBody& body, const char* member, bool (*is_valid)(std::string_view),
                                     const char* rule) {
  TOBARI_ASSIGN(const auto value, body.optional_text(member, kMaxNameBytes));
  if (!value.has_value()) return std::string();
  if (!is_valid(*value)) return fail(Errc::kInvalidArgument, std::format("{} must be {}", member, rule));
  return *value;
}

bool user_name(std::string_view text) { return is_user_name(text); }
bool node_name(std::string_view text) { return is_node_name(text); }
bool host_label(std::string_view text) { return is_host_label(text); }
bool image_name(std::string_view text) { return is_image_reference(text); }

constexpr const char* kUserNameRule = "1-32 of a-z 0-9 . _ - and begin with a letter or _";
constexpr const char* kNodeNameRule = "1-63 of a-z 0-9 -";
constexpr const char* kHostLabelRule = "1-63 of a-z 0-9 - and neither begin nor end with -";
constexpr const char* kImageRule =
    "1-64 of a-z 0-9 . _ - and begin with a letter or digit; a version of it is NAME@VERSION";

}  // namespace

Result<LoginBody> parse_login(std::string_view text) {
  TOBARI_ASSIGN(JsonBody body, JsonBody::parse(text));
  LoginBody parsed;
  TOBARI_ASSIGN(parsed.user, body.text("user", kMaxLoginNameBytes));
  TOBARI_ASSIGN(parsed.password, body.text("password", kMaxPasswordBytes));
  TOBARI_TRY(body.finish());
  return parsed;
}

Result<NewUserBody> parse_new_user(std::string_view text) {
  TOBARI_ASSIGN(JsonBody body, JsonBody::parse(text));
  NewUserBody parsed;
  TOBARI_ASSIGN(parsed.name, named(body, "name", user_name, kUserNameRule));
  TOBARI_ASSIGN(parsed.password, new_password(body));
  TOBARI_ASSIGN(const auto role, body.optional_text("role", kMaxNameBytes));
  if (role.has_value()) {
    TOBARI_ASSIGN(parsed.role, parse_role(*role));
  }
  TOBARI_TRY(body.finish());
  return parsed;
}

Result<std::string> parse_password(std::string_view text) {
  TOBARI_ASSIGN(JsonBody body, JsonBody::parse(text));
  TOBARI_ASSIGN(std::string password, new_password(body));
  TOBARI_TRY(body.finish());
  return password;
}

Result<NewDesktopBody> parse_new_desktop(std::string_view text) {
  TOBARI_ASSIGN(JsonBody body, JsonBody::parse(text));
  NewDesktopBody parsed;
  TOBARI_ASSIGN(parsed.user, named(body, "user", user_name, kUserNameRule));
  TOBARI_ASSIGN(parsed.image, named(body, "image", image_name, kImageRule));
  TOBARI_ASSIGN(parsed.name, optionally_named(body, "name", host_label, kHostLabelRule));
  TOBARI_ASSIGN(parsed.host, optionally_named(body, "host", node_name, kNodeNameRule));
  TOBARI_ASSIGN(parsed.vcpus, body.number("vcpus", 1, kMaxVcpus, kDefaultVcpus));
  TOBARI_ASSIGN(parsed.memory_mib, body.number("memory_mib", kMinMemoryMib, kMaxMemoryMib, kDefaultMemoryMib));
  TOBARI_TRY(body.finish());
  return parsed;
}

Result<ConnectBody> parse_connect(std::string_view text) {
  if (text.empty()) return ConnectBody{};
  TOBARI_ASSIGN(JsonBody body, JsonBody::parse(text));
  TOBARI_ASSIGN(ConnectBody parsed, client_of(body));
  TOBARI_TRY(body.finish());
  return parsed;
}

Result<WallBody> parse_wall(std::string_view text) {
  TOBARI_ASSIGN(JsonBody body, JsonBody::parse(text));
  WallBody parsed;
  TOBARI_ASSIGN(const auto ids, body.texts("desktops", kMinWallDesktops, kMaxWallDesktops, kMaxIdBytes));
  for (const std::string& text_of_id : ids) {
    auto id = DesktopId::parse(text_of_id);
    if (!id.has_value()) return fail(Errc::kInvalidArgument, "desktops must hold ids of desktops");
    if (std::ranges::contains(parsed.desktops, *id)) {
      return fail(Errc::kInvalidArgument, "desktops names a desktop twice: a wall shows each once");
    }
    parsed.desktops.push_back(*std::move(id));
  }
  TOBARI_ASSIGN(parsed.client, client_of(body));
  TOBARI_TRY(body.finish());
  return parsed;
}

Result<JoinTokenBody> parse_join_token(std::string_view text) {
  TOBARI_ASSIGN(JsonBody body, JsonBody::parse(text));
  JoinTokenBody parsed;
  TOBARI_ASSIGN(const std::string role, body.text("role", kMaxNameBytes));
  TOBARI_ASSIGN(parsed.role, parse_node_role(role));
  TOBARI_ASSIGN(parsed.name, named(body, "name", node_name, kNodeNameRule));
  TOBARI_TRY(body.finish());
  return parsed;
}

Result<std::string> parse_policy_proposal(std::string_view text) {
  constexpr std::size_t kDigits = 64;
  TOBARI_ASSIGN(JsonBody body, JsonBody::parse(text));
  TOBARI_ASSIGN(std::string hash, body.text("sha256", kDigits));
  TOBARI_TRY(body.finish());
  if (hash.size() == kDigits && hash.find_first_not_of("0123456789abcdef") == std::string::npos) return hash;
  return fail(Errc::kInvalidArgument, "sha256 must be the 64 hexadecimal digits of the file's SHA-256");
}

Result<std::uint64_t> parse_after(std::string_view query) {
  constexpr std::string_view kKey = "after=";
  if (query.empty()) return std::uint64_t{0};
  std::uint64_t value = 0;
  const char* end = query.data() + query.size();
  if (query.starts_with(kKey)) {
    const auto parsed = std::from_chars(query.data() + kKey.size(), end, value);
    if (parsed.ec == std::errc() && parsed.ptr == end && value <= INT64_MAX) return value;
  }
  return fail(Errc::kInvalidArgument, "the query must be after=SEQUENCE");
}

Result<std::string> parse_after_name(std::string_view query) {
  constexpr std::string_view kKey = "after=";
  if (query.empty()) return std::string();
  if (query.starts_with(kKey) && is_host_label(query.substr(kKey.size()))) {
    return std::string(query.substr(kKey.size()));
  }
  return fail(Errc::kInvalidArgument, "the query must be after=NAME");
}

}  // namespace tobari::broker
