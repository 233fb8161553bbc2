// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/life_wire.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <utility>

#include "core/names.h"

namespace tobari::broker {
namespace {

constexpr int kMaxDisksADesktop = 4;  // host.proto
constexpr std::size_t kMaxRemovedDisks = 256;
constexpr int kMaxRemovedReported = 4096;
constexpr int kMaxStorages = 64;

wire::Rest to_wire(Rest rest) {
  switch (rest) {
    case Rest::kSuspended:
      return wire::REST_SUSPENDED;
    case Rest::kSaved:
      return wire::REST_SAVED;
    case Rest::kStopped:
      break;
  }
  return wire::REST_STOPPED;
}

void disk_to_wire(const UserDisk& disk, wire::UserDisk& out) {
  out.set_id(disk.id.str());
  out.set_epoch(disk.epoch);
  out.set_kind(disk.kind == UserDiskKind::kDisk ? wire::UserDisk::DISK : wire::UserDisk::FOLDER);
  out.set_size_gib(disk.size_gib);
  out.set_storage(disk.storage);
  out.set_made(disk.made);
}

void ending_to_wire(const Ending& ending, Time now, wire::Ending& out) {
  const auto left = std::chrono::ceil<std::chrono::seconds>(ending.at - now).count();
  out.set_in_seconds(static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 0, control::kMaxEndNotice.count())));
  out.set_text(ending.text);
}

}  // namespace

void add_life(wire::DesiredState& state, std::span<const Desktop> desktops, const control::LifeFacts& facts) {
  const auto count = std::min<std::size_t>(desktops.size(), static_cast<std::size_t>(state.desktops_size()));
  for (std::size_t i = 0; i < count; ++i) {
    const Desktop& desktop = desktops[i];
    wire::DesiredDesktop& wanted = *state.mutable_desktops(static_cast<int>(i));
    wanted.set_rest(to_wire(desktop.rest));
    if (desktop.ending) ending_to_wire(*desktop.ending, facts.now, *wanted.mutable_ending());
    const auto life = facts.desktops.find(desktop.id);
    if (life == facts.desktops.end()) continue;
    wanted.set_takes_user_disk(life->second.takes_disk);
    if (life->second.on_crash == OnCrash::kLeave) wanted.set_on_crash(wire::DesiredDesktop::STAY_OFF);
    if (life->second.crash_restarts > 0) wanted.set_crash_restarts(life->second.crash_restarts);
    for (const UserDisk& disk : life->second.disks) {
      if (wanted.user_disks_size() < kMaxDisksADesktop) disk_to_wire(disk, *wanted.add_user_disks());
    }
  }
  for (std::size_t i = 0; i < std::min(facts.removing.size(), kMaxRemovedDisks); ++i) {
    disk_to_wire(facts.removing[i], *state.add_removed_user_disks());
  }
}

void read_life(const wire::ActualDesktop& actual, control::SeenDesktop& seen) {
  seen.logged_off = actual.logged_off();
  for (const std::string& text : actual.user_disks()) {
    if (seen.disks.size() >= static_cast<std::size_t>(kMaxDisksADesktop)) return;
    if (auto id = UserDiskId::parse(text)) seen.disks.push_back(*std::move(id));
  }
}

std::vector<UserDiskId> removed_disks(const wire::ActualState& actual) {
  std::vector<UserDiskId> removed;
  for (int i = 0; i < std::min(actual.removed_user_disks_size(), kMaxRemovedReported); ++i) {
    if (auto id = UserDiskId::parse(actual.removed_user_disks(i))) removed.push_back(*std::move(id));
  }
  return removed;
}

std::vector<std::string> storages_of(const wire::HostHello& hello) {
  std::vector<std::string> storages;
  for (int i = 0; i < std::min(hello.user_storages_size(), kMaxStorages); ++i) {
    if (is_node_name(hello.user_storages(i))) storages.push_back(hello.user_storages(i));
  }
  return storages;
}

wire::ToHost log_off_message(const control::DesktopOrder& order) {
  wire::ToHost message;
  message.mutable_log_off()->set_desktop_id(order.desktop.str());
  message.mutable_log_off()->set_epoch(order.epoch);
  return message;
}

wire::ToHost restart_message(const control::DesktopOrder& order) {
  wire::ToHost message;
  wire::RestartDesktop& restart = *message.mutable_restart_desktop();
  // Not repeated, and a failure is shown by the desktop's state: nobody waits for the answer.
  restart.set_request_id(RequestId::random().str());
  restart.set_desktop_id(order.desktop.str());
  restart.set_epoch(order.epoch);
  restart.set_orderly(!order.at_once);
  return message;
}

}  // namespace tobari::broker
