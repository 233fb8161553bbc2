// SPDX-License-Identifier: GPL-3.0-or-later
// /policy
#include <algorithm>
#include <format>
#include <utility>

#include "core/names.h"
#include "rest/api.h"
#include "rest/bodies.h"

namespace tobari::broker {
namespace {

std::unexpected<Error> not_needed() {
  return fail(Errc::kAlreadyExists,
              "policy changes need one person only: change the file and send the broker SIGHUP, or set policy_changes: "
              "two_people");
}

nlohmann::ordered_json view(const PolicyProposal& proposal) {
  return {{"sha256", proposal.sha256}, {"proposed_by", proposal.by_name}, {"proposed_at", format_time(proposal.at)}};
}

Result<PolicyProposal> proposal_of(const Reader& reader, const Call& call) {
  const std::string& hash = call.path.find("sha256")->second;
  TOBARI_ASSIGN(const auto all, reader.policy_proposals());
  const auto found = std::ranges::find(all, hash, &PolicyProposal::sha256);
  if (found == all.end()) return fail(Errc::kNotFound, "there is no such proposal: tobari policy pending lists them");
  return *found;
}

Answer show(Api& api) {
  std::vector<PolicyProposal> all;
  std::string approved;
  auto read = api.store.read([&all, &approved](const Reader& reader) -> Result<void> {
    TOBARI_ASSIGN(all, reader.policy_proposals());
    approved = reader.approved_policy().value_or("");
    return {};
  });
  TOBARI_TRY(std::move(read));
  auto list = nlohmann::ordered_json::array();
  for (const PolicyProposal& proposal : all) list.push_back(view(proposal));
  nlohmann::ordered_json body{{"changes", api.policy_files.two_people() ? "two_people" : "one_person"}};
  if (api.policy_files.two_people()) body["approved"] = approved;
  body["proposals"] = std::move(list);
  return json_response(200, body);
}

Answer propose(Api& api, const Call& call) {
  TOBARI_ASSIGN(const std::string hash, parse_policy_proposal(call.request.body));
  if (!api.policy_files.two_people()) return not_needed();
  TOBARI_TRY(api.policy_files.keep(hash));
  const PolicyProposal proposal{hash, call.caller.user.id, call.caller.user.name, api.clock.wall()};
  auto done = api.store.act([&call, &proposal](Writer& writer) -> Result<AuditDraft> {
    TOBARI_ASSIGN(const auto all, writer.policy_proposals());
    if (std::ranges::contains(all, proposal.sha256, &PolicyProposal::sha256)) {
      return fail(Errc::kAlreadyExists, "this file is proposed already");
    }
    if (all.size() >= kMaxPolicyProposals) {
      return fail(Errc::kAlreadyExists, "too many proposals: withdraw one first");
    }
    TOBARI_TRY(writer.add_policy_proposal(proposal));
    return audit_of(call, "policy.propose", proposal.sha256);
  });
  TOBARI_TRY(std::move(done));
  return json_response(201, view(proposal));
}

Answer approve(Api& api, const Call& call) {
  if (!api.policy_files.two_people()) return not_needed();
  TOBARI_ASSIGN(const PolicyProposal proposal,
                api.store.get([&call](const Reader& reader) { return proposal_of(reader, call); }));
  if (proposal.by == call.caller.user.id || proposal.by_name == call.caller.user.name) {
    AuditDraft draft = audit_of(call, "policy.approve", proposal.sha256);
    draft.outcome = Outcome::kDenied;
    draft.detail = "by who proposed it";
    TOBARI_TRY(api.store.record(std::move(draft)));
    return fail(Errc::kPermissionDenied, "who proposed a policy cannot approve it: another administrator can");
  }
  TOBARI_TRY(api.policy_files.check(proposal.sha256));
  auto done = api.store.act([&call, &proposal](Writer& writer) -> Result<AuditDraft> {
    TOBARI_TRY(writer.remove_policy_proposal(proposal.sha256));
    TOBARI_TRY(writer.set_approved_policy(proposal.sha256));
    AuditDraft draft = audit_of(call, "policy.approve", proposal.sha256);
    draft.detail = std::format("proposed by {}", proposal.by_name);
    return draft;
  });
  TOBARI_TRY(std::move(done));
  TOBARI_TRY(api.policy_files.apply());
  return json_response(200, {{"approved", proposal.sha256}});
}

Answer withdraw(Api& api, const Call& call) {
  auto done = api.store.act([&call](Writer& writer) -> Result<AuditDraft> {
    TOBARI_ASSIGN(const PolicyProposal proposal, proposal_of(writer, call));
    TOBARI_TRY(writer.remove_policy_proposal(proposal.sha256));
    AuditDraft draft = audit_of(call, "policy.withdraw", proposal.sha256);
    draft.detail = std::format("proposed by {}", proposal.by_name);
    return draft;
  });
  TOBARI_TRY(std::move(done));
  return empty_response(204);
}

}  // namespace

std::vector<Route> policy_routes(Api& api) {
  const auto with = [&api](Answer (*what)(Api&, const Call&)) {
    return at_once([&api, what](const Call& call) { return what(api, call); });
  };
  return {{"GET", "/api/v1/policy", Access::kAdmin, at_once([&api](const Call&) { return show(api); })},
          {"POST", "/api/v1/policy/proposals", Access::kAdmin, with(propose)},
          {"POST", "/api/v1/policy/proposals/{sha256}/approve", Access::kAdmin, with(approve)},
          {"DELETE", "/api/v1/policy/proposals/{sha256}", Access::kAdmin, with(withdraw)}};
}

}  // namespace tobari::broker
