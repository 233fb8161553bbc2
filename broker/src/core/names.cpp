// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/names.h"

#include <algorithm>
#include <array>
#include <format>
#include <utility>

namespace tobari::broker {
namespace {

template <class Enum, std::size_t N>
using Words = std::array<std::pair<Enum, std::string_view>, N>;

constexpr Words<Role, 2> kRoles{{{Role::kUser, "user"}, {Role::kAdmin, "admin"}}};
constexpr Words<Power, 3> kPowers{{{Power::kOn, "on"}, {Power::kOff, "off"}, {Power::kDeleted, "deleted"}}};
constexpr Words<SessionState, 5> kSessionStates{{{SessionState::kOffered, "offered"},
                                                 {SessionState::kConnected, "connected"},
                                                 {SessionState::kDisconnected, "disconnected"},
                                                 {SessionState::kRefused, "refused"},
                                                 {SessionState::kEnded, "ended"}}};
constexpr Words<NodeRole, 2> kNodeRoles{{{NodeRole::kHost, "host"}, {NodeRole::kGateway, "gateway"}}};
constexpr Words<PoolKind, 3> kPoolKinds{
    {{PoolKind::kDedicated, "dedicated"}, {PoolKind::kFloating, "floating"}, {PoolKind::kManual, "manual"}}};
constexpr Words<HostMode, 2> kHostModes{{{HostMode::kReady, "ready"}, {HostMode::kDraining, "draining"}}};
constexpr Words<Rest, 3> kRests{
    {{Rest::kStopped, "stopped"}, {Rest::kSuspended, "suspended"}, {Rest::kSaved, "saved"}}};
constexpr Words<EndHow, 3> kEndHows{
    {{EndHow::kRelease, "release"}, {EndHow::kLogOff, "log_off"}, {EndHow::kStop, "stop"}}};
constexpr Words<UserDiskKind, 2> kUserDiskKinds{{{UserDiskKind::kDisk, "disk"}, {UserDiskKind::kFolder, "folder"}}};
constexpr Words<Machine, 2> kMachines{{{Machine::kVm, "vm"}, {Machine::kContainer, "container"}}};
constexpr Words<ImageState, 5> kImageStates{{{ImageState::kImporting, "importing"},
                                             {ImageState::kReady, "ready"},
                                             {ImageState::kPublished, "published"},
                                             {ImageState::kFailed, "failed"},
                                             {ImageState::kRetired, "retired"}}};
constexpr Words<Renewal, 2> kRenewals{{{Renewal::kKeep, "keep"}, {Renewal::kAtLogOff, "at_log_off"}}};
constexpr Words<Outcome, 4> kOutcomes{{{Outcome::kAllowed, "allowed"},
                                       {Outcome::kDenied, "denied"},
                                       {Outcome::kFailed, "failed"},
                                       {Outcome::kDone, "done"}}};

template <class Enum, std::size_t N>
std::string_view word_of(const Words<Enum, N>& words, Enum value) noexcept {
  for (const auto& [key, word] : words) {
    if (key == value) return word;
  }
  return "unknown";
}

template <class Enum, std::size_t N>
Result<Enum> value_of(const Words<Enum, N>& words, std::string_view text, std::string_view what) {
  std::string known;
  for (const auto& [key, word] : words) {
    if (word == text) return key;
    known += known.empty() ? "" : ", ";
    known += word;
  }
  return fail(Errc::kInvalidArgument, std::format("{} must be one of: {}", what, known));
}

constexpr bool is_lower(char c) noexcept { return c >= 'a' && c <= 'z'; }
constexpr bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }
constexpr bool is_word(char c) noexcept { return is_lower(c) || is_digit(c); }

}  // namespace

std::string_view to_string(Role role) noexcept { return word_of(kRoles, role); }
std::string_view to_string(Power power) noexcept { return word_of(kPowers, power); }
std::string_view to_string(SessionState state) noexcept { return word_of(kSessionStates, state); }
std::string_view to_string(NodeRole role) noexcept { return word_of(kNodeRoles, role); }
std::string_view to_string(Machine machine) noexcept { return word_of(kMachines, machine); }
std::string_view to_string(Outcome outcome) noexcept { return word_of(kOutcomes, outcome); }
std::string_view to_string(PoolKind kind) noexcept { return word_of(kPoolKinds, kind); }
std::string_view to_string(HostMode mode) noexcept { return word_of(kHostModes, mode); }
std::string_view to_string(Rest rest) noexcept { return word_of(kRests, rest); }
std::string_view to_string(EndHow how) noexcept { return word_of(kEndHows, how); }
std::string_view to_string(UserDiskKind kind) noexcept { return word_of(kUserDiskKinds, kind); }
std::string_view to_string(ImageState state) noexcept { return word_of(kImageStates, state); }
std::string_view to_string(Renewal renewal) noexcept { return word_of(kRenewals, renewal); }

Result<Role> parse_role(std::string_view text) { return value_of(kRoles, text, "role"); }
Result<Power> parse_power(std::string_view text) { return value_of(kPowers, text, "power"); }
Result<SessionState> parse_session_state(std::string_view text) { return value_of(kSessionStates, text, "state"); }
Result<NodeRole> parse_node_role(std::string_view text) { return value_of(kNodeRoles, text, "role"); }
Result<Outcome> parse_outcome(std::string_view text) { return value_of(kOutcomes, text, "outcome"); }
Result<PoolKind> parse_pool_kind(std::string_view text) { return value_of(kPoolKinds, text, "kind"); }
Result<HostMode> parse_host_mode(std::string_view text) { return value_of(kHostModes, text, "mode"); }
Result<Rest> parse_rest(std::string_view text) { return value_of(kRests, text, "rest"); }
Result<EndHow> parse_end_how(std::string_view text) { return value_of(kEndHows, text, "how"); }
Result<UserDiskKind> parse_user_disk_kind(std::string_view text) { return value_of(kUserDiskKinds, text, "kind"); }
Result<Machine> parse_machine(std::string_view text) { return value_of(kMachines, text, "machine"); }
Result<ImageState> parse_image_state(std::string_view text) { return value_of(kImageStates, text, "state"); }
Result<Renewal> parse_renewal(std::string_view text) { return value_of(kRenewals, text, "renewal"); }

bool is_user_name(std::string_view text) noexcept {
  if (text.empty() || text.size() > 32 || (!is_lower(text[0]) && text[0] != '_')) return false;
  return std::ranges::all_of(text, [](char c) { return is_word(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_node_name(std::string_view text) noexcept {
  if (text.empty() || text.size() > 63) return false;
  return std::ranges::all_of(text, [](char c) { return is_word(c) || c == '-'; });
}

bool is_host_label(std::string_view text) noexcept {
  return is_node_name(text) && text.front() != '-' && text.back() != '-';
}

bool is_image_name(std::string_view text) noexcept {
  if (text.empty() || text.size() > 64 || !is_word(text[0])) return false;
  return std::ranges::all_of(text, [](char c) { return is_word(c) || c == '.' || c == '_' || c == '-'; });
}

bool is_image_reference(std::string_view text) noexcept {
  const auto ref = parse_image_ref(text);
  return ref.has_value() && is_image_name(ref->name);
}

std::string format_time(Time time) {
  return std::format("{:%FT%T}Z", std::chrono::floor<std::chrono::milliseconds>(time));
}

}  // namespace tobari::broker
