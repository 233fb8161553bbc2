// SPDX-License-Identifier: GPL-3.0-or-later
// The tables of MemoryStore. A copy shares with its original what neither changes; the audit, which only grows, is the
// store's and shared by all. Private to src/store.
#pragma once

#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "store/cow.h"
#include "store/state_store.h"

namespace tobari::broker {

class MemoryTables final : public Writer {
 public:
  explicit MemoryTables(std::vector<AuditRecord>& audit) : audit_(&audit) {}
  void begin(Time now) { now_ = now; }

  // memory_users.cpp
  Result<User> user(const UserId& id) const override;
  Result<User> user_by_name(std::string_view name) const override;
  Result<std::vector<User>> users() const override;
  Result<Token> token(std::string_view sha256) const override;
  Result<void> add_user(const User& user) override;
  Result<void> set_password_hash(const UserId& user, std::string_view hash) override;
  Result<void> remove_user(const UserId& user) override;
  Result<void> add_token(const Token& token) override;
  Result<void> remove_token(std::string_view sha256) override;
  Result<void> remove_tokens_of(const UserId& user, std::string_view except_sha256) override;
  Result<void> remove_expired(Time now) override;
  Result<StoredReply> reply(const UserId& user, std::string_view key) const override;
  Result<void> add_reply(const StoredReply& reply) override;
  Result<std::vector<PolicyProposal>> policy_proposals() const override;
  Result<std::string> approved_policy() const override;
  Result<void> add_policy_proposal(const PolicyProposal& proposal) override;
  Result<void> remove_policy_proposal(std::string_view sha256) override;
  Result<void> set_approved_policy(std::string_view sha256) override;
  Result<ChainHead> audit_head() const override;
  Result<std::vector<AuditRecord>> audit_after(std::uint64_t sequence, std::size_t limit) const override;
  Result<void> add_record(AuditDraft draft) override;

  // memory_sessions.cpp
  Result<Session> session(const SessionId& id) const override;
  Result<Session> session_by_route(std::string_view routing_sha256) const override;
  Result<std::vector<Session>> sessions(std::size_t limit) const override;
  Result<std::vector<Session>> sessions_of_user(const UserId& user, std::size_t limit) const override;
  Result<std::vector<Session>> live_sessions() const override;
  Result<std::vector<Session>> live_sessions_of_user(const UserId& user) const override;
  Result<std::vector<Session>> live_sessions_of_host(const HostId& host) const override;
  Result<std::map<DesktopId, PoolId>> pools_of_live_sessions() const override;
  Result<SessionCounts> session_counts(Time now) const override;
  Result<std::uint64_t> bytes_moved(const UserId& user, std::string_view channel, std::int64_t day) const override;
  Result<bool> event_is_stored(std::string_view event_id) const override;
  Result<void> add_session(const Session& session) override;
  Result<void> mark_routed(const SessionId& id, std::string_view client_address) override;
  Result<void> update_session(const SessionId& id, SessionState state, std::string_view client_address,
                              std::string_view client_name, std::string_view detail) override;
  Result<void> set_access(const SessionId& id, std::string_view access) override;
  Result<void> add_bytes_moved(const UserId& user, std::string_view channel, std::int64_t day,
                               std::uint64_t bytes) override;
  Result<void> add_event(std::string_view event_id, const SessionId& session, Time now) override;

  // memory_desktops.cpp
  Result<Desktop> desktop(const DesktopId& id) const override;
  Result<std::vector<Desktop>> desktops() const override;
  Result<Desktop> desktop_by_name(std::string_view name) const override;
  Result<std::vector<Desktop>> desktops_after(std::string_view name, std::size_t limit) const override;
  Result<std::vector<Desktop>> desktops_of_user(const UserId& user) const override;
  Result<std::vector<Desktop>> desktops_on_host(const HostId& host) const override;
  Result<std::vector<Desktop>> desktops_of_pool(const PoolId& pool) const override;
  Result<std::vector<Desktop>> desktops_of_pool_after(const PoolId& pool, std::string_view name,
                                                      std::size_t limit) const override;
  Result<Desktop> desktop_in_pool(const UserId& user, const PoolId& pool) const override;
  Result<std::vector<Desktop>> spares(const PoolId& pool, std::size_t limit) const override;
  Result<void> add_desktop(const Desktop& desktop) override;
  Result<void> set_power(const DesktopId& id, Power power) override;
  Result<void> set_epoch(const DesktopId& id, std::uint64_t epoch) override;
  Result<void> remove_desktop(const DesktopId& id) override;
  Result<void> assign_desktop(const DesktopId& id, std::uint64_t epoch, const UserId& user) override;
  Result<void> retire_desktop(const DesktopId& id, std::uint64_t epoch) override;
  Result<void> put_in_pool(const DesktopId& id, const PoolId& pool, const UserId& user) override;

  // memory_life.cpp
  Result<std::vector<Desktop>> desktops_ending(Time until) const override;
  Result<std::vector<Desktop>> desktops_that_wake(const PoolId& pool, std::size_t limit) const override;
  Result<UserDisk> user_disk(const UserDiskId& id) const override;
  Result<UserDisk> user_disk_named(const UserId& user, std::string_view name) const override;
  Result<std::vector<UserDisk>> user_disks() const override;
  Result<std::vector<UserDisk>> user_disks_of(const UserId& user) const override;
  Result<std::vector<UserDisk>> user_disks_near(const HostId& host) const override;
  Result<void> put_to_rest(const DesktopId& id, Rest rest, bool wakes) override;
  Result<void> set_ending(const DesktopId& id, const std::optional<Ending>& ending) override;
  Result<void> add_user_disk(const UserDisk& disk) override;
  Result<void> hold_user_disk(const UserDiskId& id, std::uint64_t epoch, const DesktopId& holder,
                              const HostId& host) override;
  Result<void> set_user_disk_size(const UserDiskId& id, std::uint32_t size_gib) override;
  Result<void> set_user_disk_made(const UserDiskId& id) override;
  Result<void> set_user_disk_removing(const UserDiskId& id) override;
  Result<void> remove_user_disk(const UserDiskId& id) override;

  // memory_hosts.cpp
  Result<Pool> pool(const PoolId& id) const override;
  Result<std::vector<Pool>> pools() const override;
  Result<std::vector<Desktop>> unused_desktops(const PoolId& pool, Time since, Time until) const override;
  Result<PoolFill> pool_fill(const PoolId& id) const override;
  Result<void> add_pool(const Pool& pool) override;
  Result<void> change_pool(const Pool& pool) override;
  Result<void> remove_pool(const PoolId& id) override;
  Result<Host> host(const HostId& id) const override;
  Result<std::vector<Host>> hosts() const override;
  Result<void> set_host_mode(const HostId& id, HostMode mode) override;
  Result<void> set_host_lost(const HostId& id) override;
  Result<Host> renew_lease(const HostId& id) override;
  Result<void> set_revision(const HostId& id, std::uint64_t revision) override;
  Result<Node> node(const HostId& id) const override;
  Result<std::vector<Node>> nodes() const override;
  Result<JoinToken> join_token(std::string_view sha256) const override;
  Result<void> add_node(const Node& node) override;
  Result<void> remove_node(const HostId& id) override;
  Result<void> add_join_token(const JoinToken& token) override;
  Result<void> remove_join_token(std::string_view sha256) override;

  // memory_images.cpp
  Result<Image> image(std::string_view name) const override;
  Result<std::vector<Image>> images() const override;
  Result<ImageVersion> image_version(std::string_view name, std::uint32_t version) const override;
  Result<std::vector<ImageVersion>> image_versions(std::string_view name) const override;
  Result<std::uint64_t> desktops_from_image(std::string_view image) const override;
  Result<std::vector<Desktop>> desktops_to_renew(const PoolId& pool, std::string_view image,
                                                 std::size_t limit) const override;
  Result<void> renew_desktop(const DesktopId& id, std::uint64_t epoch, std::string_view image) override;
  Result<void> touch_hosts() override;
  Result<void> add_image(const Image& image) override;
  Result<void> change_image(const Image& image) override;
  Result<void> add_image_version(const ImageVersion& version) override;
  Result<void> change_image_version(const ImageVersion& version) override;

 private:
  [[nodiscard]] Desktop with_names(Desktop desktop) const;
  [[nodiscard]] std::vector<Desktop> named(std::vector<Desktop> list) const;
  [[nodiscard]] bool pool_is_taken(const UserId& user, const PoolId& pool, const DesktopId& except) const;
  // What is stored of the desktop, to be changed; its host's revision has risen.
  Result<Desktop*> touched(const DesktopId& id);
  Result<Host*> changing(const HostId& id);
  Result<UserDisk*> changing_disk(const UserDiskId& id);
  [[nodiscard]] std::vector<UserDisk> disks_in_order(std::vector<UserDisk> list) const;
  [[nodiscard]] ImageVersion with_state(ImageVersion version) const;  // published or not

  Cow<std::map<UserId, User>> users_;
  Cow<std::map<std::string, Token>> tokens_;
  Cow<std::map<PoolId, Pool>> pools_;
  Cow<std::map<HostId, Host>> hosts_;
  Cow<std::map<DesktopId, Desktop>> desktops_;
  Cow<std::map<UserDiskId, UserDisk>> user_disks_;
  Cow<std::map<SessionId, Session>> sessions_;
  Cow<std::set<std::string>> events_;
  Cow<std::map<std::tuple<UserId, std::string, std::int64_t>, std::uint64_t>> moved_;
  Cow<std::map<std::string, Image>> images_;
  Cow<std::map<std::pair<std::string, std::uint32_t>, ImageVersion>> versions_;
  Cow<std::map<HostId, Node>> nodes_;
  Cow<std::map<std::string, JoinToken>> join_tokens_;
  Cow<std::map<std::pair<UserId, std::string>, StoredReply>> replies_;
  Cow<std::map<std::string, PolicyProposal>> proposals_;
  std::string approved_policy_;
  std::vector<AuditRecord>* audit_;
  Time now_;
};

}  // namespace tobari::broker
