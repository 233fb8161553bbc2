// SPDX-License-Identifier: GPL-3.0-or-later
// What a host is told of its desktops' life (rest, endings, crashes, users' disks), and what it says of it. Pure.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <tobari/host.pb.h>

#include "control/events.h"
#include "control/user_disks.h"

namespace tobari::broker {

// Adds to `state`, whose desktops are those of `desktops` in their order (desired_state()).
void add_life(wire::DesiredState& state, std::span<const Desktop> desktops, const control::LifeFacts& facts);

// Of one desktop of a host's report. What is malformed is left out.
void read_life(const wire::ActualDesktop& actual, control::SeenDesktop& seen);
[[nodiscard]] std::vector<UserDiskId> removed_disks(const wire::ActualState& actual);

// Names of storages that a host may have; others are dropped.
[[nodiscard]] std::vector<std::string> storages_of(const wire::HostHello& hello);

[[nodiscard]] wire::ToHost log_off_message(const control::DesktopOrder& order);
[[nodiscard]] wire::ToHost restart_message(const control::DesktopOrder& order);

}  // namespace tobari::broker
