// SPDX-License-Identifier: GPL-3.0-or-later
// The words for our enumerations (in the database, the REST interface and the audit) and the rules for names.
#pragma once

#include <string_view>

#include <tobari/base/result.h>

#include "core/types.h"

namespace tobari::broker {

[[nodiscard]] std::string_view to_string(Role role) noexcept;
[[nodiscard]] std::string_view to_string(Power power) noexcept;
[[nodiscard]] std::string_view to_string(SessionState state) noexcept;
[[nodiscard]] std::string_view to_string(NodeRole role) noexcept;
[[nodiscard]] std::string_view to_string(Outcome outcome) noexcept;
[[nodiscard]] std::string_view to_string(PoolKind kind) noexcept;
[[nodiscard]] std::string_view to_string(HostMode mode) noexcept;
[[nodiscard]] std::string_view to_string(Rest rest) noexcept;
[[nodiscard]] std::string_view to_string(EndHow how) noexcept;
[[nodiscard]] std::string_view to_string(UserDiskKind kind) noexcept;
[[nodiscard]] std::string_view to_string(Machine machine) noexcept;
[[nodiscard]] std::string_view to_string(ImageState state) noexcept;
[[nodiscard]] std::string_view to_string(Renewal renewal) noexcept;

[[nodiscard]] Result<Role> parse_role(std::string_view text);
[[nodiscard]] Result<Power> parse_power(std::string_view text);
[[nodiscard]] Result<SessionState> parse_session_state(std::string_view text);
[[nodiscard]] Result<NodeRole> parse_node_role(std::string_view text);
[[nodiscard]] Result<Outcome> parse_outcome(std::string_view text);
[[nodiscard]] Result<PoolKind> parse_pool_kind(std::string_view text);
[[nodiscard]] Result<HostMode> parse_host_mode(std::string_view text);
[[nodiscard]] Result<Rest> parse_rest(std::string_view text);
[[nodiscard]] Result<EndHow> parse_end_how(std::string_view text);
[[nodiscard]] Result<UserDiskKind> parse_user_disk_kind(std::string_view text);
[[nodiscard]] Result<Machine> parse_machine(std::string_view text);
[[nodiscard]] Result<ImageState> parse_image_state(std::string_view text);
[[nodiscard]] Result<Renewal> parse_renewal(std::string_view text);

[[nodiscard]] bool is_user_name(std::string_view text) noexcept;   // [a-z_][a-z0-9._-]{0,31}
[[nodiscard]] bool is_node_name(std::string_view text) noexcept;   // [a-z0-9-]{1,63}
[[nodiscard]] bool is_host_label(std::string_view text) noexcept;  // RFC 1123, lower case
[[nodiscard]] bool is_image_name(std::string_view text) noexcept;  // [a-z0-9][a-z0-9._-]{0,63}

// Such a name, or "name@version".
[[nodiscard]] bool is_image_reference(std::string_view text) noexcept;

// "2026-11-22T03:00:00.250Z".
[[nodiscard]] std::string format_time(Time time);

}  // namespace tobari::broker
