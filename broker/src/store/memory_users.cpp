// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <utility>

#include "core/audit_chain.h"
#include "store/memory_select.h"
#include "store/memory_tables.h"

namespace tobari::broker {

using namespace memory;

Result<User> MemoryTables::user(const UserId& id) const { return find_in(*users_, id, "user"); }

Result<User> MemoryTables::user_by_name(std::string_view name) const {
  for (const auto& [id, user] : *users_) {
    if (user.name == name) return user;
  }
  return missing("user");
}

Result<std::vector<User>> MemoryTables::users() const { return by_name(select<User>(*users_, kAll)); }

Result<Token> MemoryTables::token(std::string_view sha256) const {
  return find_in(*tokens_, std::string(sha256), "token");
}

Result<void> MemoryTables::add_user(const User& user) {
  if (user_by_name(user.name).has_value() || !users_.change().emplace(user.id, user).second)
    return taken("the user exists");
  return {};
}

Result<void> MemoryTables::set_password_hash(const UserId& user, std::string_view hash) {
  const auto at = users_.change().find(user);
  if (at == users_->end()) return missing("user");
  at->second.password_hash = hash;
  return {};
}

Result<void> MemoryTables::remove_user(const UserId& user) {
  if (!desktops_of_user(user)->empty()) return taken("the user has a desktop");
  if (!user_disks_of(user)->empty()) return taken("the user has a disk");
  if (users_.change().erase(user) == 0) return missing("user");
  std::erase_if(replies_.change(), [&user](const auto& entry) { return entry.second.user == user; });
  return remove_tokens_of(user, "");
}

Result<void> MemoryTables::add_token(const Token& token) {
  if (!users_->contains(token.user)) return taken("the token's user does not exist");
  if (!tokens_.change().emplace(token.sha256, token).second) return taken("the token exists");
  return {};
}

Result<void> MemoryTables::remove_token(std::string_view sha256) {
  if (tokens_.change().erase(std::string(sha256)) == 0) return missing("token");
  return {};
}

Result<void> MemoryTables::remove_tokens_of(const UserId& user, std::string_view except_sha256) {
  std::erase_if(tokens_.change(), [&user, except_sha256](const auto& entry) {
    return entry.second.user == user && entry.first != except_sha256;
  });
  return {};
}

Result<void> MemoryTables::remove_expired(Time now) {
  std::erase_if(tokens_.change(), [now](const auto& entry) { return entry.second.expires_at <= now; });
  std::erase_if(join_tokens_.change(), [now](const auto& entry) { return entry.second.expires_at <= now; });
  std::erase_if(replies_.change(),
                [now](const auto& entry) { return entry.second.created_at + std::chrono::days(1) <= now; });
  return {};
}

Result<StoredReply> MemoryTables::reply(const UserId& user, std::string_view key) const {
  return find_in(*replies_, std::pair(user, std::string(key)), "stored reply");
}

Result<void> MemoryTables::add_reply(const StoredReply& reply) {
  if (!replies_.change().emplace(std::pair(reply.user, reply.key), reply).second) return taken("the key was used");
  return {};
}

Result<std::vector<PolicyProposal>> MemoryTables::policy_proposals() const {
  auto list = select<PolicyProposal>(*proposals_, kAll);
  std::ranges::sort(list, {}, [](const PolicyProposal& p) { return std::pair(p.at, p.sha256); });
  return list;
}

Result<std::string> MemoryTables::approved_policy() const {
  if (approved_policy_.empty()) return missing("approved policy");
  return approved_policy_;
}

Result<void> MemoryTables::add_policy_proposal(const PolicyProposal& proposal) {
  if (!proposals_.change().emplace(proposal.sha256, proposal).second) return taken("it is proposed already");
  return {};
}

Result<void> MemoryTables::remove_policy_proposal(std::string_view sha256) {
  if (proposals_.change().erase(std::string(sha256)) == 0) return missing("proposal");
  return {};
}

Result<void> MemoryTables::set_approved_policy(std::string_view sha256) {
  approved_policy_ = sha256;
  return {};
}

Result<ChainHead> MemoryTables::audit_head() const {
  return audit_->empty() ? ChainHead{} : ChainHead{audit_->back().sequence, audit_->back().hash};
}

Result<std::vector<AuditRecord>> MemoryTables::audit_after(std::uint64_t sequence, std::size_t limit) const {
  const auto first = static_cast<std::ptrdiff_t>(std::min<std::uint64_t>(sequence, audit_->size()));
  const auto rest = audit_->end() - (audit_->begin() + first);
  const auto count = std::min(rest, static_cast<std::ptrdiff_t>(std::min(limit, kMaxAuditPage)));
  return std::vector(audit_->begin() + first, audit_->begin() + first + count);
}

Result<void> MemoryTables::add_record(AuditDraft draft) {
  audit_->push_back(link_record(*audit_head(), now_, std::move(draft)));
  return {};
}

}  // namespace tobari::broker
