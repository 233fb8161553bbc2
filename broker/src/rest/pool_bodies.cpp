// SPDX-License-Identifier: GPL-3.0-or-later
#include "rest/pool_bodies.h"

#include <algorithm>
#include <array>
#include <format>
#include <initializer_list>
#include <ranges>
#include <utility>

#include "control/events.h"
#include "core/names.h"
#include "core/pool_plan.h"
#include "http/json_body.h"

namespace tobari::broker {
namespace {

constexpr std::size_t kMaxWordBytes = 64;
constexpr std::size_t kMaxClientQueryBytes = 64;
constexpr std::uint32_t kMaxPoolVcpus = 64;
constexpr std::uint32_t kMinPoolMemoryMib = 128;
constexpr std::uint32_t kMaxPoolMemoryMib = 262144;
constexpr std::uint32_t kPoolVcpus = 2;
constexpr std::uint32_t kPoolMemoryMib = 1024;

Result<std::optional<std::string>> word(JsonBody& body, const char* member, bool (*is_valid)(std::string_view),
                                        const char* rule) {
  TOBARI_ASSIGN(auto value, body.optional_text(member, kMaxWordBytes));
  if (value.has_value() && !is_valid(*value)) {
    return fail(Errc::kInvalidArgument, std::format("{} must be {}", member, rule));
  }
  return value;
}

bool is_label(std::string_view text) { return is_image_name(text); }
bool is_pool_name(std::string_view text) { return is_host_label(text); }
bool is_pool_image(std::string_view text) { return is_image_reference(text); }

constexpr const char* kWordRule = "1-64 of a-z 0-9 . _ - and begin with a letter or digit";
constexpr const char* kPoolImageRule =
    "1-64 of a-z 0-9 . _ - and begin with a letter or digit; a version of it is NAME@VERSION";
constexpr const char* kPoolNameRule = "1-63 of a-z 0-9 - and neither begin nor end with -";

Result<std::optional<Machine>> machine_in(JsonBody& body) {
  TOBARI_ASSIGN(const auto value, body.optional_text("machine", kMaxWordBytes));
  if (!value.has_value()) return std::optional<Machine>();
  TOBARI_ASSIGN(const Machine machine, parse_machine(*value));
  return std::optional(machine);
}

Result<std::optional<Renewal>> renewal_in(JsonBody& body) {
  TOBARI_ASSIGN(const auto value, body.optional_text("renewal", kMaxWordBytes));
  if (!value.has_value()) return std::optional<Renewal>();
  TOBARI_ASSIGN(const Renewal renewal, parse_renewal(*value));
  return std::optional(renewal);
}

Result<PoolChange> members_of(JsonBody& body) {
  PoolChange change;
  TOBARI_ASSIGN(change.name, word(body, "name", is_pool_name, kPoolNameRule));
  TOBARI_ASSIGN(change.image, word(body, "image", is_pool_image, kPoolImageRule));
  TOBARI_ASSIGN(change.machine, machine_in(body));
  TOBARI_ASSIGN(change.renewal, renewal_in(body));
  TOBARI_ASSIGN(change.vcpus, body.optional_number("vcpus", 1, kMaxPoolVcpus));
  TOBARI_ASSIGN(change.memory_mib, body.optional_number("memory_mib", kMinPoolMemoryMib, kMaxPoolMemoryMib));
  TOBARI_ASSIGN(change.heads, body.optional_number("heads", 1, kMaxPoolHeads));
  TOBARI_ASSIGN(change.labels, body.optional_texts("labels", kMaxPoolLabels, kMaxWordBytes));
  TOBARI_ASSIGN(change.min, body.optional_number("min", 0, control::kMaxPoolDesktops));
  TOBARI_ASSIGN(change.max, body.optional_number("max", 1, control::kMaxPoolDesktops));
  TOBARI_ASSIGN(change.spares, body.optional_number("spares", 0, control::kMaxPoolDesktops));
  constexpr auto kMostSeconds = static_cast<std::uint32_t>(kMaxKeep.count());
  TOBARI_ASSIGN(change.keep_seconds, body.optional_number("keep_seconds", 0, kMostSeconds));
  TOBARI_ASSIGN(change.open, body.optional_flag("open"));
  TOBARI_ASSIGN(const auto plan, body.optional_object("plan", kMaxPlanBytes));
  if (plan.has_value()) {
    TOBARI_ASSIGN(const PoolPlan read, parse_pool_plan(*plan));
    change.plan = to_text(read);
  }
  if (change.labels.has_value() && !std::ranges::all_of(*change.labels, is_label)) {
    return fail(Errc::kInvalidArgument, std::format("a label must be {}", kWordRule));
  }
  return change;
}

// What desktops are made from, which a manual pool does not do.
Result<void> check_manual(const PoolChange& change) {
  using Member = std::pair<const char*, bool>;
  const std::array members{
      Member{"image", change.image.has_value()},    Member{"machine", change.machine.has_value()},
      Member{"vcpus", change.vcpus.has_value()},    Member{"memory_mib", change.memory_mib.has_value()},
      Member{"heads", change.heads.has_value()},    Member{"min", change.min.has_value()},
      Member{"max", change.max.has_value()},        Member{"spares", change.spares.has_value()},
      Member{"renewal", change.renewal.has_value()}};
  for (const auto& [member, given] : members) {
    if (!given) continue;
    return fail(Errc::kInvalidArgument,
                std::format("{} is of pools that make desktops: a manual one takes those that there are", member));
  }
  return {};
}

Result<void> check_whole(const Pool& pool) {
  if (pool.image.empty()) return fail(Errc::kInvalidArgument, "image is missing: what are its desktops made from?");
  if (pool.max == 0) return fail(Errc::kInvalidArgument, "max is missing: how many desktops may there be?");
  if (pool.renewal == Renewal::kAtLogOff && pool.kind != PoolKind::kDedicated) {
    return fail(Errc::kInvalidArgument,
                "renewal at_log_off is of dedicated pools: a floating desktop is new each time");
  }
  if (pool.min > pool.max) {
    return fail(Errc::kInvalidArgument, std::format("min is {} and max {}: min must not be more", pool.min, pool.max));
  }
  if (pool.spares > pool.max) {
    return fail(Errc::kInvalidArgument,
                std::format("spares are {} and max is {}: spares are part of it", pool.spares, pool.max));
  }
  return {};
}

using QueryKey = std::pair<std::string_view, std::string*>;

// Each key at most once, no others; values as they are, without percent-decoding.
Result<void> read_query(std::string_view query, std::initializer_list<QueryKey> keys, const char* form) {
  if (query.empty()) return {};
  const auto wrong = [form] { return fail(Errc::kInvalidArgument, std::format("the query must be {}", form)); };
  for (const auto part : std::views::split(query, '&')) {
    const std::string_view text(part.begin(), part.end());
    const auto is_sign = text.find('=');
    if (is_sign == std::string_view::npos || is_sign + 1 == text.size()) return wrong();
    const auto* const key = std::ranges::find(keys, text.substr(0, is_sign), &QueryKey::first);
    if (key == keys.end() || !key->second->empty()) return wrong();
    *key->second = text.substr(is_sign + 1);
  }
  return {};
}

bool is_client_kind(std::string_view text) {
  return text.size() <= kMaxClientQueryBytes && std::ranges::all_of(text, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
                  c == '-' || c == '/';
         });
}

}  // namespace

Result<Pool> changed(Pool pool, const PoolChange& change) {
  if (pool.kind == PoolKind::kManual) TOBARI_TRY(check_manual(change));
  if (pool.kind != PoolKind::kFloating && change.keep_seconds.has_value()) {
    return fail(Errc::kInvalidArgument, "keep_seconds is of floating pools: other desktops are kept for their users");
  }
  pool.name = change.name.value_or(pool.name);
  pool.image = change.image.value_or(pool.image);
  pool.machine = change.machine.value_or(pool.machine);
  pool.renewal = change.renewal.value_or(pool.renewal);
  pool.vcpus = change.vcpus.value_or(pool.vcpus);
  pool.memory_mib = change.memory_mib.value_or(pool.memory_mib);
  pool.heads = change.heads.value_or(pool.heads);
  pool.labels = change.labels.value_or(pool.labels);
  pool.min = change.min.value_or(pool.min);
  pool.max = change.max.value_or(pool.max);
  pool.spares = change.spares.value_or(pool.spares);
  if (change.keep_seconds.has_value()) pool.keep = std::chrono::seconds(*change.keep_seconds);
  pool.open = change.open.value_or(pool.open);
  pool.plan = change.plan.value_or(pool.plan);
  TOBARI_ASSIGN(const PoolPlan plan, parse_pool_plan(pool.plan));
  TOBARI_TRY(check_plan(plan, pool));
  if (pool.kind != PoolKind::kManual) TOBARI_TRY(check_whole(pool));
  return pool;
}

Result<Pool> parse_new_pool(std::string_view text) {
  TOBARI_ASSIGN(JsonBody body, JsonBody::parse(text));
  TOBARI_ASSIGN(const std::string kind, body.text("kind", kMaxWordBytes));
  TOBARI_ASSIGN(const PoolChange members, members_of(body));
  TOBARI_TRY(body.finish());
  if (!members.name.has_value()) return fail(Errc::kInvalidArgument, "name is missing");
  Pool pool;
  TOBARI_ASSIGN(pool.kind, parse_pool_kind(kind));
  if (pool.kind == PoolKind::kManual) {
    pool.max = control::kMaxPoolDesktops;
  } else {
    pool.vcpus = kPoolVcpus;
    pool.memory_mib = kPoolMemoryMib;
  }
  if (pool.kind == PoolKind::kFloating) pool.keep = kDefaultKeep;
  return changed(std::move(pool), members);
}

Result<PoolChange> parse_pool_change(std::string_view text) {
  TOBARI_ASSIGN(JsonBody body, JsonBody::parse(text));
  TOBARI_ASSIGN(PoolChange change, members_of(body));
  TOBARI_TRY(body.finish());
  return change;
}

Result<std::string> parse_put_in_pool(std::string_view text) {
  if (text.empty()) return std::string();
  TOBARI_ASSIGN(JsonBody body, JsonBody::parse(text));
  TOBARI_ASSIGN(const auto user, body.optional_text("user", kMaxWordBytes));
  TOBARI_TRY(body.finish());
  if (user.has_value() && !is_user_name(*user)) {
    return fail(Errc::kInvalidArgument, "user must be 1-32 of a-z 0-9 . _ - and begin with a letter or _");
  }
  return user.value_or("");
}

namespace {

// How long before, and with which words.
Result<void> read_notice(JsonBody& body, std::chrono::seconds& notice, std::string& text) {
  constexpr auto kMostNotice = static_cast<std::uint32_t>(control::kMaxEndNotice.count());
  TOBARI_ASSIGN(const auto seconds, body.optional_number("notice_seconds", 0, kMostNotice));
  TOBARI_ASSIGN(auto said, body.optional_text("text", control::kMaxEndText));
  notice = std::chrono::seconds(seconds.value_or(0));
  text = std::move(said).value_or("");
  return {};
}

}  // namespace

Result<ModeOfHost> parse_mode_of_host(std::string_view text) {
  TOBARI_ASSIGN(JsonBody body, JsonBody::parse(text));
  TOBARI_ASSIGN(const std::string mode, body.text("mode", kMaxWordBytes));
  TOBARI_ASSIGN(const auto how, body.optional_text("how", kMaxWordBytes));
  ModeOfHost parsed;
  TOBARI_TRY(read_notice(body, parsed.notice, parsed.text));
  TOBARI_TRY(body.finish());
  TOBARI_ASSIGN(parsed.mode, parse_host_mode(mode));
  if (how.has_value() && *how != "wait" && *how != "move") {
    return fail(Errc::kInvalidArgument, "how must be one of: wait, move");
  }
  parsed.move = how == "move";
  const bool about_users = parsed.move || parsed.notice.count() > 0 || !parsed.text.empty();
  if (about_users && (parsed.mode != HostMode::kDraining || !parsed.move)) {
    return fail(Errc::kInvalidArgument, "notice_seconds and text are of a drain that moves: how is move");
  }
  return parsed;
}

Result<EndBody> parse_end(std::string_view text) {
  EndBody parsed;
  if (text.empty()) return parsed;
  TOBARI_ASSIGN(JsonBody body, JsonBody::parse(text));
  TOBARI_TRY(read_notice(body, parsed.notice, parsed.text));
  TOBARI_ASSIGN(const auto stop, body.optional_flag("stop"));
  parsed.stop = stop.value_or(false);
  TOBARI_TRY(body.finish());
  return parsed;
}

Result<DesktopsQuery> parse_desktops_query(std::string_view query) {
  constexpr const char* kForm = "after=NAME, client=KIND, or both with & between them";
  DesktopsQuery parsed;
  TOBARI_TRY(read_query(query, {{"after", &parsed.after}, {"client", &parsed.client}}, kForm));
  if (!parsed.after.empty() && !is_host_label(parsed.after)) {
    return fail(Errc::kInvalidArgument, std::format("the query must be {}", kForm));
  }
  if (!is_client_kind(parsed.client)) return fail(Errc::kInvalidArgument, "client must be KIND or KIND/VERSION");
  return parsed;
}

Result<PlacementQuery> parse_placement_query(std::string_view query) {
  constexpr const char* kForm = "pool=NAME, and user=NAME with & between them if you like";
  PlacementQuery parsed;
  TOBARI_TRY(read_query(query, {{"pool", &parsed.pool}, {"user", &parsed.user}}, kForm));
  if (!is_pool_name(parsed.pool) || (!parsed.user.empty() && !is_user_name(parsed.user))) {
    return fail(Errc::kInvalidArgument, std::format("the query must be {}", kForm));
  }
  return parsed;
}

}  // namespace tobari::broker
