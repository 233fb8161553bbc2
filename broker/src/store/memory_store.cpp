// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/memory_store.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "core/audit_chain.h"

namespace tobari::broker {
namespace {

std::unexpected<Error> missing(const char* what) { return fail(Errc::kNotFound, std::string("no such ") + what); }
std::unexpected<Error> taken(const char* what) { return fail(Errc::kAlreadyExists, std::string(what)); }

template <class Map, class Key>
auto find_in(const Map& map, const Key& key, const char* what) -> Result<typename Map::mapped_type> {
  const auto at = map.find(key);
  if (at == map.end()) return missing(what);
  return at->second;
}

template <class T, class Map, class Keep>
std::vector<T> select(const Map& map, Keep keep) {
  std::vector<T> found;
  for (const auto& [key, value] : map) {
    if (keep(value)) found.push_back(value);
  }
  return found;
}

template <class T>
std::vector<T> by_name(std::vector<T> list) {
  std::ranges::sort(list, {}, &T::name);
  return list;
}

constexpr auto kAll = [](const auto&) { return true; };

}  // namespace

class MemoryStore::Tables final : public Writer {
 public:
  // ---- users and tokens
  Result<User> user(const UserId& id) const override { return find_in(users_, id, "user"); }
  Result<User> user_by_name(std::string_view name) const override {
    for (const auto& [id, user] : users_) {
      if (user.name == name) return user;
    }
    return missing("user");
  }
  Result<std::vector<User>> users() const override { return by_name(select<User>(users_, kAll)); }
  Result<Token> token(std::string_view sha256) const override { return find_in(tokens_, std::string(sha256), "token"); }

  Result<void> add_user(const User& user) override {
    if (user_by_name(user.name).has_value() || !users_.emplace(user.id, user).second) return taken("the user exists");
    return {};
  }
  Result<void> set_password_hash(const UserId& user, std::string_view hash) override {
    const auto at = users_.find(user);
    if (at == users_.end()) return missing("user");
    at->second.password_hash = hash;
    return {};
  }
  Result<void> remove_user(const UserId& user) override {
    if (!desktops_of_user(user)->empty()) return taken("the user has a desktop");
    if (users_.erase(user) == 0) return missing("user");
    std::erase_if(replies_, [&user](const auto& entry) { return entry.second.user == user; });
    return remove_tokens_of(user, "");
  }
  Result<void> add_token(const Token& token) override {
    if (!users_.contains(token.user)) return taken("the token's user does not exist");
    if (!tokens_.emplace(token.sha256, token).second) return taken("the token exists");
    return {};
  }
  Result<void> remove_token(std::string_view sha256) override {
    if (tokens_.erase(std::string(sha256)) == 0) return missing("token");
    return {};
  }
  Result<void> remove_tokens_of(const UserId& user, std::string_view except_sha256) override {
    std::erase_if(tokens_, [&user, except_sha256](const auto& entry) {
      return entry.second.user == user && entry.first != except_sha256;
    });
    return {};
  }
  Result<void> remove_expired(Time now) override {
    std::erase_if(tokens_, [now](const auto& entry) { return entry.second.expires_at <= now; });
    std::erase_if(join_tokens_, [now](const auto& entry) { return entry.second.expires_at <= now; });
    std::erase_if(replies_, [now](const auto& entry) { return entry.second.created_at + std::chrono::days(1) <= now; });
    return {};
  }

  // ---- desktops
  Result<Desktop> desktop(const DesktopId& id) const override {
    auto found = find_in(desktops_, id, "desktop");
    if (found.has_value()) *found = with_names(std::move(*found));
    return found;
  }
  Result<std::vector<Desktop>> desktops() const override { return named(select<Desktop>(desktops_, kAll)); }
  Result<std::vector<Desktop>> desktops_of_user(const UserId& user) const override {
    return named(select<Desktop>(desktops_, [&user](const Desktop& d) { return d.user == user; }));
  }
  Result<std::vector<Desktop>> desktops_on_host(const HostId& host) const override {
    return named(select<Desktop>(desktops_, [&host](const Desktop& d) { return d.host == host; }));
  }
  Result<void> add_desktop(const Desktop& desktop) override {
    if (!users_.contains(desktop.user) || !nodes_.contains(desktop.host)) return taken("user or host does not exist");
    const bool name_taken =
        std::ranges::any_of(desktops_, [&desktop](const auto& entry) { return entry.second.name == desktop.name; });
    if (name_taken || !desktops_.emplace(desktop.id, desktop).second) return taken("the desktop exists");
    return {};
  }
  Result<void> set_power(const DesktopId& id, Power power) override {
    const auto at = desktops_.find(id);
    if (at == desktops_.end()) return missing("desktop");
    at->second.power = power;
    return {};
  }
  Result<void> set_epoch(const DesktopId& id, std::uint64_t epoch) override {
    const auto at = desktops_.find(id);
    if (at == desktops_.end()) return missing("desktop");
    at->second.epoch = epoch;
    return {};
  }
  Result<void> remove_desktop(const DesktopId& id) override {
    if (desktops_.erase(id) == 0) return missing("desktop");
    return {};
  }

  // ---- sessions
  Result<Session> session(const SessionId& id) const override { return find_in(sessions_, id, "session"); }
  Result<Session> session_by_route(std::string_view routing_sha256) const override {
    for (const auto& [id, session] : sessions_) {
      if (session.routing_sha256 == routing_sha256) return session;
    }
    return missing("session");
  }
  Result<std::vector<Session>> sessions(std::size_t limit) const override {
    return newest(select<Session>(sessions_, kAll), limit);
  }
  Result<std::vector<Session>> sessions_of_user(const UserId& user, std::size_t limit) const override {
    return newest(select<Session>(sessions_, [&user](const Session& s) { return s.user == user; }), limit);
  }
  Result<std::vector<Session>> live_sessions() const override {
    return newest(select<Session>(sessions_,
                                  [](const Session& s) {
                                    return s.state == SessionState::kOffered || s.state == SessionState::kConnected;
                                  }),
                  sessions_.size());
  }
  Result<std::uint64_t> bytes_moved(const UserId& user, std::string_view channel, std::int64_t day) const override {
    const auto at = moved_.find({user, std::string(channel), day});
    return at == moved_.end() ? 0 : at->second;
  }
  Result<void> set_access(const SessionId& id, std::string_view access) override {
    const auto at = sessions_.find(id);
    if (at == sessions_.end()) return missing("session");
    at->second.access = access;
    return {};
  }
  Result<void> add_bytes_moved(const UserId& user, std::string_view channel, std::int64_t day,
                               std::uint64_t bytes) override {
    std::erase_if(moved_, [day](const auto& each) { return std::get<2>(each.first) < day - kDaysMovedIsKept; });
    moved_[{user, std::string(channel), day}] += bytes;
    return {};
  }
  Result<bool> event_is_stored(std::string_view event_id) const override {
    return events_.contains(std::string(event_id));
  }
  Result<void> add_session(const Session& session) override {
    if (session_by_route(session.routing_sha256).has_value()) return taken("the routing token exists");
    if (!sessions_.emplace(session.id, session).second) return taken("the session exists");
    return {};
  }
  Result<void> mark_routed(const SessionId& id, std::string_view client_address) override {
    const auto at = sessions_.find(id);
    if (at == sessions_.end() || at->second.routed) return missing("unused session");
    at->second.routed = true;
    at->second.client_address = client_address;
    return {};
  }
  Result<void> update_session(const SessionId& id, SessionState state, std::string_view client_address,
                              std::string_view client_name, std::string_view detail) override {
    const auto at = sessions_.find(id);
    if (at == sessions_.end()) return missing("session");
    at->second.state = state;
    at->second.client_address = client_address;
    at->second.client_name = client_name;
    at->second.detail = detail;
    return {};
  }
  Result<void> add_event(std::string_view event_id, const SessionId&, Time) override {
    if (!events_.emplace(event_id).second) return taken("the event is stored");
    return {};
  }

  // ---- nodes
  Result<Node> node(const HostId& id) const override { return find_in(nodes_, id, "node"); }
  Result<std::vector<Node>> nodes() const override { return by_name(select<Node>(nodes_, kAll)); }
  Result<JoinToken> join_token(std::string_view sha256) const override {
    return find_in(join_tokens_, std::string(sha256), "join token");
  }
  Result<void> add_node(const Node& node) override {
    const bool name_taken = std::ranges::any_of(nodes_, [&node](const auto& entry) {
      return entry.second.name == node.name && entry.second.role == node.role;
    });
    if (name_taken || !nodes_.emplace(node.id, node).second) return taken("the node exists");
    return {};
  }
  Result<void> remove_node(const HostId& id) override {
    if (!desktops_on_host(id)->empty()) return taken("the host has desktops");
    if (nodes_.erase(id) == 0) return missing("node");
    return {};
  }
  Result<void> add_join_token(const JoinToken& token) override {
    if (!join_tokens_.emplace(token.sha256, token).second) return taken("the join token exists");
    return {};
  }
  Result<void> remove_join_token(std::string_view sha256) override {
    if (join_tokens_.erase(std::string(sha256)) == 0) return missing("join token");
    return {};
  }

  // ---- replies, audit
  Result<StoredReply> reply(const UserId& user, std::string_view key) const override {
    return find_in(replies_, std::pair(user, std::string(key)), "stored reply");
  }
  Result<void> add_reply(const StoredReply& reply) override {
    if (!replies_.emplace(std::pair(reply.user, reply.key), reply).second) return taken("the key was used");
    return {};
  }
  Result<std::vector<PolicyProposal>> policy_proposals() const override {
    auto list = select<PolicyProposal>(proposals_, kAll);
    std::ranges::sort(list, {}, [](const PolicyProposal& p) { return std::pair(p.at, p.sha256); });
    return list;
  }
  Result<std::string> approved_policy() const override {
    if (approved_policy_.empty()) return missing("approved policy");
    return approved_policy_;
  }
  Result<void> add_policy_proposal(const PolicyProposal& proposal) override {
    if (!proposals_.emplace(proposal.sha256, proposal).second) return taken("it is proposed already");
    return {};
  }
  Result<void> remove_policy_proposal(std::string_view sha256) override {
    if (proposals_.erase(std::string(sha256)) == 0) return missing("proposal");
    return {};
  }
  Result<void> set_approved_policy(std::string_view sha256) override {
    approved_policy_ = sha256;
    return {};
  }
  Result<ChainHead> audit_head() const override {
    return audit_.empty() ? ChainHead{} : ChainHead{audit_.back().sequence, audit_.back().hash};
  }
  Result<std::vector<AuditRecord>> audit_after(std::uint64_t sequence, std::size_t limit) const override {
    const auto first = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(sequence, audit_.size()));
    const auto rest = audit_.end() - (audit_.begin() + first);
    const auto count = std::min(rest, static_cast<std::ptrdiff_t>(std::min(limit, kMaxAuditPage)));
    return std::vector(audit_.begin() + first, audit_.begin() + first + count);
  }
  Result<void> add_record(AuditDraft draft) override {
    audit_.push_back(link_record(*audit_head(), now_, std::move(draft)));
    return {};
  }
  void begin(Time now) { now_ = now; }

 private:
  Desktop with_names(Desktop desktop) const {
    if (const auto user = users_.find(desktop.user); user != users_.end()) desktop.user_name = user->second.name;
    if (const auto node = nodes_.find(desktop.host); node != nodes_.end()) desktop.host_name = node->second.name;
    return desktop;
  }
  std::vector<Desktop> named(std::vector<Desktop> list) const {
    for (Desktop& desktop : list) desktop = with_names(std::move(desktop));
    return by_name(std::move(list));
  }
  static std::vector<Session> newest(std::vector<Session> list, std::size_t limit) {
    std::ranges::sort(list, std::greater<>{}, [](const Session& s) { return std::pair(s.created_at, s.id); });
    if (list.size() > limit) list.erase(list.begin() + static_cast<std::ptrdiff_t>(limit), list.end());
    return list;
  }

  std::map<UserId, User> users_;
  std::map<std::string, Token> tokens_;
  std::map<DesktopId, Desktop> desktops_;
  std::map<SessionId, Session> sessions_;
  std::set<std::string> events_;
  std::map<std::tuple<UserId, std::string, std::int64_t>, std::uint64_t> moved_;
  std::map<HostId, Node> nodes_;
  std::map<std::string, JoinToken> join_tokens_;
  std::map<std::pair<UserId, std::string>, StoredReply> replies_;
  std::map<std::string, PolicyProposal> proposals_;
  std::string approved_policy_;
  std::vector<AuditRecord> audit_;
  Time now_;
};

MemoryStore::MemoryStore(const Clock& clock) : clock_(clock), tables_(std::make_unique<Tables>()) {}
MemoryStore::~MemoryStore() = default;

Result<void> MemoryStore::act(const Act& act) {
  const std::scoped_lock lock(mutex_);
  if (full_) return fail(Errc::kIo, "the broker's disk is full, nothing was changed: free some space and try again");
  auto changed = std::make_unique<Tables>(*tables_);
  changed->begin(clock_.wall());
  TOBARI_ASSIGN(AuditDraft draft, act(*changed));
  TOBARI_TRY(changed->add_record(std::move(draft)));
  tables_ = std::move(changed);
  return {};
}

Result<void> MemoryStore::read(const Read& read) {
  const std::scoped_lock lock(mutex_);
  return read(*tables_);
}

void MemoryStore::set_full(bool full) {
  const std::scoped_lock lock(mutex_);
  full_ = full;
}

}  // namespace tobari::broker
