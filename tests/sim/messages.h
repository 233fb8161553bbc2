// SPDX-License-Identifier: GPL-3.0-or-later
// What brokers and hosts say to each other: host.proto as plain values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <variant>
#include <vector>

#include <tobari/base/ids.h>

#include "core/reconcile.h"

namespace tobari::sim {

// ---- to a host
struct DiskOrder {
  UserDiskId id;
  std::uint64_t epoch = 0;
};
struct Wanted {
  DesktopId id;
  std::uint64_t epoch = 0;
  vmhost::Power power = vmhost::Power::kOff;
  bool leased = false;
  std::vector<DiskOrder> disks{};
};
struct Desired {
  std::uint64_t revision = 0;
  std::vector<Wanted> desktops{};
};
struct LeaseAnswer {
  std::uint64_t number = 0;
  bool granted = false;  // else promised
  std::uint64_t revision = 0;
};
struct OpenDisplay {
  std::uint64_t request = 0;
  DesktopId desktop;
  std::uint64_t epoch = 0;
  SessionId session;
  std::size_t person = 0;
};
struct CloseSession {
  SessionId session;
};
struct EventStored {
  std::uint64_t event = 0;
};
struct CheckSessions {
  std::vector<SessionId> sessions{};
};
using ToHost =
    std::variant<std::shared_ptr<const Desired>, LeaseAnswer, OpenDisplay, CloseSession, EventStored, CheckSessions>;

// ---- to a broker
enum class Doing : std::uint8_t { kStopped, kStarting, kRunning };
struct Seen {
  DesktopId id;
  std::uint64_t epoch = 0;
  Doing doing = Doing::kStopped;
  bool logged_off = false;
  std::vector<UserDiskId> disks{};
  friend bool operator==(const Seen&, const Seen&) = default;
};
struct Report {
  std::uint64_t revision = 0;
  std::vector<Seen> desktops{};
  friend bool operator==(const Report&, const Report&) = default;
};
struct Hello {};
struct AskLease {
  std::uint64_t number = 0;
  std::uint64_t revision = 0;
};
struct DisplayOpened {
  std::uint64_t request = 0;
  bool opened = false;
};
enum class Happened : std::uint8_t { kConnected, kDisconnected };
struct SessionEvent {
  std::uint64_t event = 0;
  SessionId session;
  Happened what = Happened::kConnected;
};
using ToBroker = std::variant<Hello, std::shared_ptr<const Report>, AskLease, DisplayOpened, SessionEvent>;

// ---- between people and brokers
struct Connect {
  std::size_t person = 0;
  std::uint64_t call = 0;
  RequestId request;
};
struct ConnectAnswer {
  enum class Kind : std::uint8_t {
    kConnected,
    kAgain,      // not now
    kGivenBack,  // the request's desktop was given back since
  };
  std::uint64_t call = 0;
  Kind kind = Kind::kAgain;
  DesktopId desktop;
  SessionId session;
  std::size_t host = 0;
};

}  // namespace tobari::sim
