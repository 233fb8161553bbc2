// SPDX-License-Identifier: GPL-3.0-or-later
// What must survive a restart. Every change is an act: one transaction that ends in an audit record, or did not happen
// (docs/ARCHITECTURE.md, I2). Two implementations, held to one suite (tests/contract): SqlStore and MemoryStore.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/result.h>

#include "core/audit_chain.h"
#include "core/policy_changes.h"
#include "core/types.h"

namespace tobari::broker {

inline constexpr std::size_t kMaxAuditPage = 1000;
inline constexpr std::size_t kMaxSessionList = 1000;
inline constexpr std::size_t kMaxDesktopList = 1000;
inline constexpr std::int64_t kDaysMovedIsKept = 7;

// Of a host's desired state. Beyond what brokers counted in milliseconds before it was stored.
inline constexpr std::uint64_t kFirstRevision = 2'000'000'000'000;

// The stored answer to a request that carried an Idempotency-Key.
struct StoredReply {
  UserId user;
  std::string key;
  std::string request_sha256;  // a key used again for another request is a mistake of the client
  int status = 0;
  std::string body;
  Time created_at;
};

// Live sessions: an offer whose time is over is none of them.
struct SessionCounts {
  std::uint64_t offered = 0;
  std::uint64_t connected = 0;
};

// What a reader sees: a consistent snapshot. Single things: kNotFound when they are not there.
class Reader {
 public:
  virtual Result<User> user(const UserId& id) const = 0;
  virtual Result<User> user_by_name(std::string_view name) const = 0;
  virtual Result<std::vector<User>> users() const = 0;  // by name

  virtual Result<Token> token(std::string_view sha256) const = 0;

  virtual Result<Desktop> desktop(const DesktopId& id) const = 0;
  virtual Result<std::vector<Desktop>> desktops() const = 0;  // by name
  virtual Result<Desktop> desktop_by_name(std::string_view name) const = 0;
  // Those whose names come after `name`, by name, at most `limit`.
  virtual Result<std::vector<Desktop>> desktops_after(std::string_view name, std::size_t limit) const = 0;
  virtual Result<std::vector<Desktop>> desktops_of_user(const UserId& user) const = 0;
  virtual Result<std::vector<Desktop>> desktops_on_host(const HostId& host) const = 0;
  // That are being deleted are none of a pool any more, except in desktops_on_host().
  virtual Result<std::vector<Desktop>> desktops_of_pool(const PoolId& pool) const = 0;
  // Of these, those whose names come after `name`, by name, at most `limit`.
  virtual Result<std::vector<Desktop>> desktops_of_pool_after(const PoolId& pool, std::string_view name,
                                                              std::size_t limit) const = 0;
  // Of these, those that are somebody's and that no client uses: no session shows them that is live at `until`, nor any
  // that was made from `since` to then, however soon it was over.
  virtual Result<std::vector<Desktop>> unused_desktops(const PoolId& pool, Time since, Time until) const = 0;
  virtual Result<Desktop> desktop_in_pool(const UserId& user, const PoolId& pool) const = 0;  // the user's one
  virtual Result<std::vector<Desktop>> spares(const PoolId& pool, std::size_t limit) const = 0;

  virtual Result<Pool> pool(const PoolId& id) const = 0;
  virtual Result<std::vector<Pool>> pools() const = 0;  // by name
  virtual Result<PoolFill> pool_fill(const PoolId& id) const = 0;

  // Whose use by their users is to end by then.
  virtual Result<std::vector<Desktop>> desktops_ending(Time until) const = 0;  // by name
  // That are started again when their pool opens, at most `limit`.
  virtual Result<std::vector<Desktop>> desktops_that_wake(const PoolId& pool, std::size_t limit) const = 0;
  // By the user's name, then by theirs.
  virtual Result<UserDisk> user_disk(const UserDiskId& id) const = 0;
  virtual Result<UserDisk> user_disk_named(const UserId& user, std::string_view name) const = 0;
  virtual Result<std::vector<UserDisk>> user_disks() const = 0;
  virtual Result<std::vector<UserDisk>> user_disks_of(const UserId& user) const = 0;
  // That a host must know of: those of users with a desktop there, those that it has, and those of a storage of several
  // hosts that are to be deleted.
  virtual Result<std::vector<UserDisk>> user_disks_near(const HostId& host) const = 0;

  virtual Result<Host> host(const HostId& id) const = 0;
  virtual Result<std::vector<Host>> hosts() const = 0;  // by name

  virtual Result<Image> image(std::string_view name) const = 0;
  virtual Result<std::vector<Image>> images() const = 0;  // by name
  virtual Result<ImageVersion> image_version(std::string_view name, std::uint32_t version) const = 0;
  // Of one image, the newest first; an empty name: of all, by name.
  virtual Result<std::vector<ImageVersion>> image_versions(std::string_view name) const = 0;
  virtual Result<std::uint64_t> desktops_from_image(std::string_view image) const = 0;  // that are not being deleted
  // Users' desktops of the pool that are off, not only at rest, and made from another image, by name, at most `limit`.
  virtual Result<std::vector<Desktop>> desktops_to_renew(const PoolId& pool, std::string_view image,
                                                         std::size_t limit) const = 0;

  virtual Result<Session> session(const SessionId& id) const = 0;
  virtual Result<Session> session_by_route(std::string_view routing_sha256) const = 0;
  virtual Result<std::vector<Session>> sessions(std::size_t limit) const = 0;  // newest first
  virtual Result<std::vector<Session>> sessions_of_user(const UserId& user, std::size_t limit) const = 0;
  // Offered or connected, as stored: an offer whose time is over is among them. Newest first.
  virtual Result<std::vector<Session>> live_sessions() const = 0;
  virtual Result<std::vector<Session>> live_sessions_of_user(const UserId& user) const = 0;
  // Of whose display process this host has: of a wall the host of its first desktop.
  virtual Result<std::vector<Session>> live_sessions_of_host(const HostId& host) const = 0;
  // The pool of each desktop that comes first in a live session and is still there; an empty id: it is in none.
  virtual Result<std::map<DesktopId, PoolId>> pools_of_live_sessions() const = 0;
  virtual Result<SessionCounts> session_counts(Time now) const = 0;
  // What this user has moved through this channel on this day (of UTC, in days since 1970), in all sessions.
  virtual Result<std::uint64_t> bytes_moved(const UserId& user, std::string_view channel, std::int64_t day) const = 0;
  virtual Result<bool> event_is_stored(std::string_view event_id) const = 0;

  virtual Result<Node> node(const HostId& id) const = 0;
  virtual Result<std::vector<Node>> nodes() const = 0;  // by name
  virtual Result<JoinToken> join_token(std::string_view sha256) const = 0;

  virtual Result<StoredReply> reply(const UserId& user, std::string_view key) const = 0;

  virtual Result<std::vector<PolicyProposal>> policy_proposals() const = 0;  // oldest first
  virtual Result<std::string> approved_policy() const = 0;                   // its SHA-256; kNotFound: none yet

  virtual Result<ChainHead> audit_head() const = 0;
  // Records after `sequence` in order, at most min(limit, kMaxAuditPage).
  virtual Result<std::vector<AuditRecord>> audit_after(std::uint64_t sequence, std::size_t limit) const = 0;

 protected:
  ~Reader() = default;
};

// Changes inside one act. What a host shall do is numbered: every change of one of its desktops raises the host's
// revision, and the desktop keeps the number. kAlreadyExists when a constraint is broken: a name or a desktop's owner
// taken twice, something removed while another thing refers to it. kNotFound when there is nothing to change.
class Writer : public Reader {
 public:
  virtual Result<void> add_user(const User& user) = 0;
  virtual Result<void> set_password_hash(const UserId& user, std::string_view hash) = 0;
  virtual Result<void> remove_user(const UserId& user) = 0;  // and the tokens

  virtual Result<void> add_token(const Token& token) = 0;
  virtual Result<void> remove_token(std::string_view sha256) = 0;
  virtual Result<void> remove_tokens_of(const UserId& user, std::string_view except_sha256) = 0;
  virtual Result<void> remove_expired(Time now) = 0;  // tokens, join tokens, replies older than a day

  virtual Result<void> add_desktop(const Desktop& desktop) = 0;
  virtual Result<void> set_power(const DesktopId& id, Power power) = 0;
  virtual Result<void> set_epoch(const DesktopId& id, std::uint64_t epoch) = 0;
  virtual Result<void> remove_desktop(const DesktopId& id) = 0;
  // Compare and set: kNotFound when it is no spare of this epoch any more, kAlreadyExists when the user has one in this
  // pool. The epoch rises.
  virtual Result<void> assign_desktop(const DesktopId& id, std::uint64_t epoch, const UserId& user) = 0;
  // Of nobody, and to be deleted. kNotFound when its epoch is another. The epoch rises.
  virtual Result<void> retire_desktop(const DesktopId& id, std::uint64_t epoch) = 0;
  // Into a pool, to a user; an empty pool takes it out. The epoch rises when it was somebody else's, or nobody's.
  virtual Result<void> put_in_pool(const DesktopId& id, const PoolId& pool, const UserId& user) = 0;
  // Compare and set: it is made anew from this image, with its next disk, and off. kNotFound when its epoch is another.
  // The epoch rises.
  virtual Result<void> renew_desktop(const DesktopId& id, std::uint64_t epoch, std::string_view image) = 0;

  virtual Result<void> add_pool(const Pool& pool) = 0;
  virtual Result<void> change_pool(const Pool& pool) = 0;
  virtual Result<void> remove_pool(const PoolId& id) = 0;

  // Off, in this way. `wakes`: started again when its pool opens. set_power() ends both. kNotFound: it is being
  // deleted.
  virtual Result<void> put_to_rest(const DesktopId& id, Rest rest, bool wakes) = 0;
  virtual Result<void> set_ending(const DesktopId& id, const std::optional<Ending>& ending) = 0;
  virtual Result<void> add_user_disk(const UserDisk& disk) = 0;
  // Compare and set: kNotFound when its epoch is another, or it is being deleted. The epoch rises. `host`: where it is
  // from now on; empty: of a storage of several.
  virtual Result<void> hold_user_disk(const UserDiskId& id, std::uint64_t epoch, const DesktopId& holder,
                                      const HostId& host) = 0;
  virtual Result<void> set_user_disk_size(const UserDiskId& id, std::uint32_t size_gib) = 0;
  virtual Result<void> set_user_disk_made(const UserDiskId& id) = 0;
  // Nobody's, and to be deleted by a host that has it, whose revision rises.
  virtual Result<void> set_user_disk_removing(const UserDiskId& id) = 0;
  virtual Result<void> remove_user_disk(const UserDiskId& id) = 0;

  virtual Result<void> set_host_mode(const HostId& id, HostMode mode) = 0;
  virtual Result<void> set_host_lost(const HostId& id) = 0;
  // One more grant; who was lost is not lost any more. The host as it is then.
  virtual Result<Host> renew_lease(const HostId& id) = 0;
  // What all hosts shall do has changed, beside their desktops: their revisions rise.
  virtual Result<void> touch_hosts() = 0;
  // Beyond what a host has seen of a database that was newer.
  virtual Result<void> set_revision(const HostId& id, std::uint64_t revision) = 0;

  virtual Result<void> add_image(const Image& image) = 0;
  virtual Result<void> change_image(const Image& image) = 0;
  virtual Result<void> add_image_version(const ImageVersion& version) = 0;
  // Everything but its name, number, order, host and who made it. Which one is published is the image's to say.
  virtual Result<void> change_image_version(const ImageVersion& version) = 0;

  virtual Result<void> add_session(const Session& session) = 0;
  // The one use of a routing token: kNotFound when it was used before.
  virtual Result<void> mark_routed(const SessionId& id, std::string_view client_address) = 0;
  virtual Result<void> update_session(const SessionId& id, SessionState state, std::string_view client_address,
                                      std::string_view client_name, std::string_view detail) = 0;
  virtual Result<void> set_access(const SessionId& id, std::string_view access) = 0;
  // Days long past are forgotten.
  virtual Result<void> add_bytes_moved(const UserId& user, std::string_view channel, std::int64_t day,
                                       std::uint64_t bytes) = 0;
  virtual Result<void> add_event(std::string_view event_id, const SessionId& session, Time now) = 0;

  virtual Result<void> add_node(const Node& node) = 0;
  virtual Result<void> remove_node(const HostId& id) = 0;
  virtual Result<void> add_join_token(const JoinToken& token) = 0;
  virtual Result<void> remove_join_token(std::string_view sha256) = 0;  // its one use: kNotFound the second time

  virtual Result<void> add_reply(const StoredReply& reply) = 0;

  virtual Result<void> add_policy_proposal(const PolicyProposal& proposal) = 0;
  virtual Result<void> remove_policy_proposal(std::string_view sha256) = 0;
  virtual Result<void> set_approved_policy(std::string_view sha256) = 0;

  // One more audit record of this act, before the one that it returns.
  virtual Result<void> add_record(AuditDraft draft) = 0;

 protected:
  ~Writer() = default;
};

// Any thread. Calls block for as long as the disk takes, or the database's server, some seconds at most.
class StateStore {
 public:
  using Act = std::function<Result<AuditDraft>(Writer&)>;
  using Read = std::function<Result<void>(const Reader&)>;

  virtual ~StateStore() = default;

  // Runs `act` in a transaction of its own, appends the audit record that it returns, and is durable on return. When
  // anything fails, nothing has happened. kIo: the disk is full or broken; a later act works again when the disk does.
  // kUnavailable: the database is away or busy, likewise.
  //
  // An act that lost against another program's is run again from its beginning: `act` changes nothing but the Writer
  // and what it assigns anew each time, moves nothing away, and ends when a call on the Writer has failed other than by
  // kNotFound.
  virtual Result<void> act(const Act& act) = 0;
  virtual Result<void> read(const Read& read) = 0;
  // Like act(), for the control core, which writes its records itself: renewals of leases need none.
  virtual Result<void> transact(const std::function<Result<void>(Writer&)>& body) = 0;

  // An act that changes nothing but the audit: a refusal, a failed sign-in.
  Result<void> record(AuditDraft draft);

  // One value out of read().
  template <class Body>
  auto get(Body&& body) -> decltype(body(std::declval<const Reader&>())) {
    std::optional<decltype(body(std::declval<const Reader&>()))> found;
    const auto done = read([&body, &found](const Reader& reader) -> Result<void> {
      found = body(reader);
      return {};
    });
    if (!done.has_value()) return std::unexpected<Error>(done.error());
    return std::move(*found);
  }
};

inline Result<void> StateStore::record(AuditDraft draft) {
  return act([&draft](Writer&) -> Result<AuditDraft> { return draft; });
}

}  // namespace tobari::broker
