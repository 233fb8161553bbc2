// SPDX-License-Identifier: GPL-3.0-or-later
// What the broker keeps, as plain values. Secrets appear here only as hashes.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <tobari/base/clock.h>
#include <tobari/base/ids.h>
#include <tobari/base/image_ref.h>

namespace tobari::broker {

using Time = Clock::Wall;

enum class Role { kUser, kAdmin };

struct User {
  UserId id;
  std::string name;
  Role role = Role::kUser;
  std::string password_hash;  // argon2id, in libsodium's text form
};

// A signed-in client. The token itself is known to the client alone.
struct Token {
  std::string sha256;  // of the token, hex
  UserId user;
  Time expires_at;
};

enum class Power { kOn, kOff, kDeleted };

// How a desktop that is off is off: its memory stays on its host, or lies on its disk, or is gone.
enum class Rest { kStopped, kSuspended, kSaved };

// What becomes of a desktop whose use somebody else ends. Released: a floating one, which is deleted.
enum class EndHow { kRelease, kLogOff, kStop };

// Its user is told, and then it is done.
struct Ending {
  Time at;
  EndHow how = EndHow::kLogOff;
  std::string text{};  // for the user; may be empty
  friend bool operator==(const Ending&, const Ending&) = default;
};

// Dedicated: a desktop for each user, kept. Floating: a fresh one at each log-in, deleted when it is given back.
// Manual: desktops that were there before, put in by hand.
enum class PoolKind { kDedicated, kFloating, kManual };

// What a desktop is: a virtual machine, or a container (docs/CONTAINERS.md). Its image is for one of them.
enum class Machine { kVm, kContainer };

// What becomes of a kept desktop when its pool has a newer image.
enum class Renewal {
  kKeep,      // nothing
  kAtLogOff,  // it is made anew from it when its user has logged off, with an empty disk
};

struct Pool {
  PoolId id;
  std::string name;
  PoolKind kind = PoolKind::kFloating;
  // Of new desktops; those that are there keep theirs. "debian": whatever version is published; "debian@3": that one.
  std::string image;
  std::uint32_t vcpus = 0;
  std::uint32_t memory_mib = 0;
  std::uint32_t heads = 4;          // monitors that a desktop's graphics card has
  std::vector<std::string> labels;  // for the policy
  std::uint32_t min = 0;            // desktops that exist whether or not anybody asks
  std::uint32_t max = 0;            // that exist at most
  std::uint32_t spares = 0;         // that wait for a user
  std::chrono::seconds keep{};      // floating: given back this long after its last client has gone
  bool open = true;                 // false: nobody gets a desktop who has none
  bool closing = false;             // goes away with its last desktop
  std::string plan{};               // core/pool_plan.h; not of the store's concern
  Machine machine = Machine::kVm;   // that new desktops are
  Renewal renewal = Renewal::kKeep;
};

struct PoolFill {
  std::uint32_t desktops = 0;  // without those that are being deleted
  std::uint32_t assigned = 0;  // of these
  std::uint32_t leaving = 0;   // that are being deleted
};

struct Desktop {
  DesktopId id;
  std::string name;  // host name in the guest, an RFC 1123 label
  UserId user;       // empty: a pool's spare, or one that was given back
  std::string user_name;
  HostId host;
  std::string host_name;
  std::string image;
  std::uint32_t vcpus = 0;
  std::uint32_t memory_mib = 0;
  Power power = Power::kOff;
  std::uint64_t epoch = 1;  // rises whenever an older order about this desktop must not be obeyed any more
  std::uint32_t heads = 4;
  PoolId pool{};  // empty: in none
  std::string pool_name{};
  PoolKind pool_kind = PoolKind::kManual;
  std::vector<std::string> labels{};  // its pool's
  std::uint64_t revision = 0;         // of its host's desired state, when this desktop was last changed
  Rest rest = Rest::kStopped;         // when it is off
  bool wakes = false;                 // when it is off: started again when its pool opens
  std::optional<Ending> ending{};     // of its use by its user
  Machine machine = Machine::kVm;     // its image is for one of them
  std::uint32_t disk = 0;             // number of its disk: it rises when it is made anew from another image
};

// Disk: a file system of its own in a qcow2 file, which one desktop has at a time. Folder: of the host, shared with any
// number of the user's desktops.
enum class UserDiskKind { kDisk, kFolder };

// What a user keeps while floating desktops come and go.
struct UserDisk {
  UserDiskId id;
  UserId user;
  std::string user_name{};
  std::string name{};  // a user has one of each name
  UserDiskKind kind = UserDiskKind::kDisk;
  std::uint32_t size_gib = 0;
  std::string storage{};    // of several hosts; empty: of `host` alone
  HostId host{};            // where it was used last; empty: nowhere yet
  DesktopId holder{};       // of a disk: it is that desktop's until nothing of the desktop is left anywhere
  std::uint64_t epoch = 0;  // rises with each holder
  bool made = false;        // it has been seen: whoever does not find it must not make an empty one in its place
  bool removing = false;    // its host is to delete it
};

enum class SessionState { kOffered, kConnected, kDisconnected, kRefused, kEnded };

struct Session {
  SessionId id;
  DesktopId desktop;
  UserId user;
  std::string user_name;
  HostId host;
  SessionState state = SessionState::kOffered;
  std::string client_address;
  std::string client_name;
  std::string detail;
  Time created_at;
  Time offer_expires_at;           // after this the routing token opens nothing
  std::string routing_sha256;      // of the routing token, hex
  bool routed = false;             // the routing token was redeemed
  std::vector<DesktopId> further;  // on a wall: the desktops of the screens after the first
  std::string access{};            // core/session_access.h; not of the store's concern
};

enum class NodeRole { kHost, kGateway };

struct Node {
  HostId id;
  std::string name;
  NodeRole role = NodeRole::kHost;
  Time joined_at;
};

// Draining: keeps what it has, gets nothing new.
enum class HostMode { kReady, kDraining };

// What the control plane keeps of a node that is a host.
struct Host {
  HostId id;
  std::string name;
  HostMode mode = HostMode::kReady;
  bool lost = false;               // silent for so long that its floating desktops may be given anew elsewhere
  std::uint64_t lease = 0;         // rises with each grant: who sees it stand still knows that none was given
  std::uint64_t revision = 0;      // of its desired state: rises with every change
  std::uint64_t promised_mib = 0;  // memory of all desktops placed there, running or not
  std::uint32_t desktops = 0;
};

enum class ImageState {
  kImporting,
  kReady,
  kPublished,  // the one of its image that new desktops are made from
  kFailed,     // the import
  kRetired,    // nothing new is made from it, and hosts remove it when nothing stands on it any more
};

// An image of the catalogue; what it is made of are its versions.
struct Image {
  std::string name;
  std::string notes{};
  std::uint32_t published = 0;  // a version; 0: none
  std::uint32_t newest = 0;     // the highest number that a version was given
};

// How a version is made of a file on a host (host.proto has what each may be).
struct ImageOrder {
  std::string file;
  std::string format;
  std::string firmware{};
  std::string devices{};
  bool agent = false;
  bool drivers = false;
  std::uint32_t min_memory_mib = 0;
  std::uint32_t disk_gib = 0;
  friend bool operator==(const ImageOrder&, const ImageOrder&) = default;
};

// What the host that imported it says of it.
struct ImageFacts {
  std::string format{};
  std::string firmware{};
  std::string devices{};
  std::string guest{};
  bool agent = false;
  bool instant_clones = false;
  std::uint64_t virtual_bytes = 0;
  std::uint64_t stored_bytes = 0;
  friend bool operator==(const ImageFacts&, const ImageFacts&) = default;
};

struct ImageVersion {
  std::string image;
  std::uint32_t version = 0;
  ImageState state = ImageState::kImporting;
  std::string digest{};     // SHA-256 of its manifest, hex; empty: not known yet
  std::string signature{};  // of name, version and digest; core/image_signature.h
  std::string signed_by{};  // the key, hex
  ImageOrder order{};
  ImageFacts facts{};
  std::string notes{};
  HostId host{};  // that imports it, or did
  std::string host_name{};
  std::string made_by{};  // a user's name
  Time made_at{};
  Time published_at{};       // the last time; the epoch: never, or rolled back
  std::string detail{};      // why it failed
  std::uint32_t verify = 0;  // how often hosts were told to read all of it again

  [[nodiscard]] std::string ref() const { return ImageRef{image, version}.str(); }
};

struct JoinToken {
  std::string sha256;  // of the secret, hex
  NodeRole role = NodeRole::kHost;
  std::string name;
  Time expires_at;
};

enum class Outcome { kAllowed, kDenied, kFailed, kDone };

// What an act writes into the audit; sequence, time and hash are added when it is stored.
struct AuditDraft {
  std::string actor;   // a user's name, "host/<name>", "gateway/<name>" or "broker"
  std::string action;  // "desktop.create", "session.open", ...
  std::string object;  // what was acted on
  std::string client_address;
  Outcome outcome = Outcome::kDone;
  std::string rule;  // of the policy, when one decided
  std::string detail;
};

struct AuditRecord {
  std::uint64_t sequence = 0;  // from 1, without gaps
  Time time;
  AuditDraft draft;
  std::string previous;  // hash of the record before; 64 zeros for the first
  std::string hash;      // hex SHA-256 over the canonical text of everything above
};

}  // namespace tobari::broker
