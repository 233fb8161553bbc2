// SPDX-License-Identifier: GPL-3.0-or-later
// What passes is on record first, and counted for the day.
#include "rpc/transfers.h"

#include <gmock/gmock.h>

#include "core/offer.h"
#include "core/session_access.h"
#include "harness.h"

namespace tobari::broker {
namespace {

using testing::HasSubstr;

class Transfers : public ::testing::Test, protected Harness {
 protected:
  Session add(policy::Limits limits, SessionState state = SessionState::kConnected) {
    Session session = new_session(node, user, state);
    SessionAccess access;
    access.grant.channels = {{"clipboard.to_guest", "paste-a-little", limits}};
    session.access = to_text(access);
    act([&session](Writer& writer) { return writer.add_session(session); });
    return session;
  }
  wire::TransferAnswered ask(const Session& session, std::uint64_t bytes, const char* format = "text",
                             const char* channel = "clipboard.to_guest") {
    wire::TransferAsked asked;
    asked.set_session_id(session.id.str());
    asked.set_id(7);
    asked.set_channel(channel);
    asked.set_format(format);
    asked.set_bytes(bytes);
    return enter_transfer(store, clock, node, asked);
  }
  AuditDraft last_record() {
    return store.get([](const Reader& r) { return r.audit_after(0, 1000); })->back().draft;
  }

  const Node node = add_host("host-1");
  const UserId user = UserId::random();
};

TEST_F(Transfers, WhatPassesIsOnRecordWithoutItsContent) {
  const Session session = add({});
  const auto answer = ask(session, 12);
  EXPECT_TRUE(answer.allowed());
  EXPECT_EQ(answer.id(), 7U);
  EXPECT_EQ(answer.session_id(), session.id.str());
  const AuditDraft record = last_record();
  EXPECT_EQ(record.action, "channel.transfer");
  EXPECT_EQ(record.actor, "alice");
  EXPECT_EQ(record.rule, "paste-a-little");
  EXPECT_EQ(record.detail, "clipboard.to_guest text 12 bytes");
}

TEST_F(Transfers, ADaysBytesAreCountedOverAllSessionsOfAUser) {
  policy::Limits limits;
  limits.bytes_per_day = 100;
  const Session one = add(limits);
  const Session two = add(limits);
  EXPECT_TRUE(ask(one, 60).allowed());
  const auto refused = ask(two, 41);
  EXPECT_FALSE(refused.allowed());
  EXPECT_EQ(refused.reason(), "more than a day's 100 bytes, 60 of which have passed");
  EXPECT_EQ(last_record().action, "channel.denied");
  EXPECT_EQ(last_record().outcome, Outcome::kDenied);
  EXPECT_TRUE(ask(two, 40).allowed()) << "what was refused does not count";
  EXPECT_FALSE(ask(one, 1).allowed());
  clock.advance(std::chrono::hours(24));
  EXPECT_TRUE(ask(one, 100).allowed());
}

TEST_F(Transfers, OnlyWhatIsGranted) {
  policy::Limits limits;
  limits.formats = {};
  limits.formats.add(policy::Format::kText);
  limits.bytes_per_transfer = 10;
  const Session session = add(limits);
  EXPECT_FALSE(ask(session, 1, "html").allowed());
  EXPECT_FALSE(ask(session, 1, "nonsense").allowed());
  EXPECT_FALSE(ask(session, 1, "text", "clipboard.from_guest").allowed());
  EXPECT_FALSE(ask(session, 11).allowed());
  EXPECT_TRUE(ask(session, 10).allowed());
}

TEST_F(Transfers, OnlyInASessionThatLivesAndOfItsOwnHost) {
  EXPECT_FALSE(ask(add({}, SessionState::kDisconnected), 1).allowed());
  EXPECT_FALSE(ask(add({}, SessionState::kOffered), 1).allowed());
  Session elsewhere = add({});
  wire::TransferAsked asked;
  asked.set_session_id(elsewhere.id.str());
  asked.set_channel("clipboard.to_guest");
  asked.set_format("text");
  const Node other{HostId::random(), "host-2", NodeRole::kHost, clock.wall()};
  EXPECT_FALSE(enter_transfer(store, clock, other, asked).allowed());
  asked.set_session_id("no session");
  EXPECT_FALSE(enter_transfer(store, clock, node, asked).allowed());
}

TEST_F(Transfers, WhatCannotBeWrittenDownDoesNotPass) {
  const Session session = add({});
  store.set_full(true);
  const auto answer = ask(session, 1);
  EXPECT_FALSE(answer.allowed());
  EXPECT_THAT(answer.reason(), HasSubstr("written down"));
}

}  // namespace
}  // namespace tobari::broker
