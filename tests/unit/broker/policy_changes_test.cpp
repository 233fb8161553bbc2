// SPDX-License-Identifier: GPL-3.0-or-later
// A policy that two people change, over REST.
#include <gmock/gmock.h>

#include "harness.h"

namespace tobari::broker {
namespace {

using testing::Contains;
using testing::IsEmpty;

class PolicyChangesTest : public ::testing::Test, protected Harness {
 protected:
  PolicyChangesTest() {
    add_user("anna", Role::kAdmin);
    add_user("berta", Role::kAdmin);
    add_user("carl");
    policy_files.there = hash;
  }
  Response propose(const std::string& who, const std::string& what) {
    return call("POST", "/api/v1/policy/proposals", sign_in(who), R"({"sha256":")" + what + R"("})");
  }
  Response approve(const std::string& who, const std::string& what) {
    return call("POST", "/api/v1/policy/proposals/" + what + "/approve", sign_in(who));
  }
  nlohmann::json shown() { return body_of(call("GET", "/api/v1/policy", sign_in("anna"))); }

  const std::string hash = std::string(64, 'a'), other = std::string(64, 'b');
};

TEST_F(PolicyChangesTest, OneProposesAnotherApproves) {
  EXPECT_EQ(propose("anna", hash).status, 201);
  EXPECT_EQ(policy_files.applied, 0) << "nothing is in force yet";
  ASSERT_EQ(shown().at("proposals").size(), 1U);
  EXPECT_EQ(shown().at("proposals")[0].at("proposed_by"), "anna");
  EXPECT_EQ(approve("berta", hash).status, 200);
  EXPECT_EQ(policy_files.applied, 1);
  EXPECT_EQ(shown().at("approved"), hash);
  EXPECT_THAT(shown().at("proposals"), IsEmpty());
  EXPECT_THAT(audited(), Contains("policy.propose anna"));
  EXPECT_THAT(audited(), Contains("policy.approve berta"));
}

TEST_F(PolicyChangesTest, NobodyApprovesHisOwn) {
  ASSERT_EQ(propose("anna", hash).status, 201);
  EXPECT_EQ(approve("anna", hash).status, 403);
  EXPECT_EQ(policy_files.applied, 0);
  const auto records = store.get([](const Reader& r) { return r.audit_after(0, 1000); }).value();
  EXPECT_EQ(records.back().draft.outcome, Outcome::kDenied) << "that it was tried is on record";
  EXPECT_EQ(approve("carl", hash).status, 403) << "nor does who is no administrator";
  EXPECT_EQ(propose("carl", hash).status, 403);
  EXPECT_EQ(shown().at("approved"), "");
}

TEST_F(PolicyChangesTest, AnApprovalIsOfOneFile) {
  EXPECT_EQ(propose("anna", other).status, 409) << "what lies on the broker is another one";
  ASSERT_EQ(propose("anna", hash).status, 201);
  EXPECT_EQ(propose("berta", hash).status, 409) << "once is enough";
  EXPECT_EQ(approve("berta", other).status, 404);
  EXPECT_EQ(propose("anna", "A").status, 400);
  policy_files.kept.clear();  // somebody removed the copy
  EXPECT_NE(approve("berta", hash).status, 200);
  EXPECT_EQ(policy_files.applied, 0);
}

TEST_F(PolicyChangesTest, AProposalCanBeWithdrawn) {
  ASSERT_EQ(propose("anna", hash).status, 201);
  EXPECT_EQ(call("DELETE", "/api/v1/policy/proposals/" + hash, sign_in("berta")).status, 204);
  EXPECT_EQ(approve("berta", hash).status, 404);
}

TEST_F(PolicyChangesTest, WhereOnePersonIsEnoughThereAreNoProposals) {
  policy_files.two = false;
  EXPECT_EQ(propose("anna", hash).status, 409);
  EXPECT_EQ(shown().at("changes"), "one_person");
}

TEST_F(PolicyChangesTest, NothingIsInForceThatCannotBeWrittenDown) {
  ASSERT_EQ(propose("anna", hash).status, 201);
  const std::string token = sign_in("berta");
  store.set_full(true);
  EXPECT_EQ(call("POST", "/api/v1/policy/proposals/" + hash + "/approve", token).status, 503);
  EXPECT_EQ(policy_files.applied, 0);
}

}  // namespace
}  // namespace tobari::broker
