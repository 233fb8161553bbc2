// SPDX-License-Identifier: GPL-3.0-or-later
// What hosts and gateways report, and the one use of a routing token.
#include "rpc/session_reports.h"

#include <gmock/gmock.h>

#include "core/offer.h"
#include "harness.h"

namespace tobari::broker {
namespace {

class SessionReports : public ::testing::Test, protected Harness {
 protected:
  void SetUp() override {
    link = attach(node);
    session.id = SessionId::random();
    session.desktop = DesktopId::random();
    session.user = UserId::random();
    session.user_name = "alice";
    session.host = node.id;
    session.created_at = clock.wall();
    session.offer_expires_at = clock.wall() + kOfferLifetime;
    session.routing_sha256 = offer.routing_sha256();
    act([this](Writer& writer) { return writer.add_session(session); });
  }
  Result<wire::RedeemRouteReply> redeem(const std::string& token) {
    wire::RedeemRouteRequest request;
    request.set_routing_token(token);
    request.set_client_address("198.51.100.9");
    return redeem_route(store, clock, metrics, hosts, gateway, request);
  }
  wire::SessionEvent event(wire::SessionEvent::Kind kind) {
    wire::SessionEvent made;
    made.set_session_id(session.id.str());
    made.set_kind(kind);
    made.set_event_id(random_uuid());
    made.set_client_name("pad");
    return made;
  }
  Session stored() {
    return *store.get([this](const Reader& reader) { return reader.session(session.id); });
  }
  std::size_t audit_size() { return audited().size(); }

  const Node node = add_host("host-1");
  const Node gateway{HostId::random(), "edge", NodeRole::kGateway, clock.wall()};
  std::shared_ptr<FakeHostLink> link;
  Offer offer;
  Session session;
};

TEST_F(SessionReports, ARoutingTokenLeadsToItsHostOnce) {
  const auto reply = redeem(offer.routing_token);
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->address(), "192.0.2.50");
  EXPECT_EQ(reply->port(), 3390U);
  EXPECT_EQ(reply->session_id(), session.id.str());
  EXPECT_EQ(stored().client_address, "198.51.100.9");
  const std::size_t before = audit_size();
  EXPECT_EQ(redeem(offer.routing_token).error().code, Errc::kNotFound);
  EXPECT_EQ(audit_size(), before + 1);  // the second use is on record
}

TEST_F(SessionReports, ARoutingTokenEndsAfterAMinute) {
  clock.advance(kOfferLifetime);
  EXPECT_EQ(redeem(offer.routing_token).error().code, Errc::kNotFound);
}

TEST_F(SessionReports, GuessesLeadNowhereAndFillNoDisk) {
  const std::size_t before = audit_size();
  for (int i = 0; i < 100; ++i) EXPECT_EQ(redeem(random_token()).error().code, Errc::kNotFound);
  EXPECT_EQ(redeem("").error().code, Errc::kNotFound);
  EXPECT_EQ(redeem(std::string(100000, 'a')).error().code, Errc::kNotFound);
  EXPECT_EQ(audit_size(), before);
}

TEST_F(SessionReports, WithoutItsHostATokenIsNotUsedUp) {
  hosts.detach(node.id, link.get());
  EXPECT_FALSE(redeem(offer.routing_token).has_value());
  link = attach(node);
  EXPECT_TRUE(redeem(offer.routing_token).has_value());
}

TEST_F(SessionReports, AnEventIsStoredOnceHoweverOftenItComes) {
  const auto connected = event(wire::SessionEvent::CONNECTED);
  ASSERT_TRUE(store_session_event(store, clock, metrics, node, connected).has_value());
  EXPECT_EQ(stored().state, SessionState::kConnected);
  EXPECT_EQ(stored().client_name, "pad");
  const std::size_t before = audit_size();
  ASSERT_TRUE(store_session_event(store, clock, metrics, node, connected).has_value());
  EXPECT_EQ(audit_size(), before);
  ASSERT_TRUE(store_session_event(store, clock, metrics, node, event(wire::SessionEvent::ENDED)).has_value());
  EXPECT_EQ(stored().state, SessionState::kEnded);
}

TEST_F(SessionReports, WhatBecomesOfARecordingIsOnRecordAndChangesNoSession) {
  auto connected = event(wire::SessionEvent::CONNECTED);
  connected.set_detail("here");
  ASSERT_TRUE(store_session_event(store, clock, metrics, node, connected).has_value());
  auto ended = event(wire::SessionEvent::RECORDING_ENDED);
  ended.set_detail("file x.tbrec, 12 bytes, blake2b 00");
  for (const auto kind : {wire::SessionEvent::RECORDING_STARTED, wire::SessionEvent::RECORDING_FAILED,
                          wire::SessionEvent::RECORDING_DELETED}) {
    ASSERT_TRUE(store_session_event(store, clock, metrics, node, event(kind)).has_value());
  }
  ASSERT_TRUE(store_session_event(store, clock, metrics, node, ended).has_value());
  EXPECT_EQ(stored().state, SessionState::kConnected);
  EXPECT_EQ(stored().detail, "here");
  const auto all = audited();
  for (const char* action : {"recording.started", "recording.failed", "recording.deleted", "recording.ended"}) {
    EXPECT_THAT(all, ::testing::Contains(std::string(action) + " host/host-1"));
  }
  const auto records = *store.get([](const Reader& reader) { return reader.audit_after(0, 1000); });
  EXPECT_EQ(records.back().draft.detail, ended.detail()) << "the hash is in the chain";
  EXPECT_EQ(records.back().draft.object, session.id.str());
}

TEST_F(SessionReports, AHostSpeaksForItsOwnSessionsOnly) {
  const Node other = add_host("host-2");
  ASSERT_TRUE(store_session_event(store, clock, metrics, other, event(wire::SessionEvent::ENDED)).has_value());
  EXPECT_EQ(stored().state, SessionState::kOffered);
}

TEST_F(SessionReports, AFullDiskMeansNoAcknowledgement) {
  store.set_full(true);
  EXPECT_EQ(store_session_event(store, clock, metrics, node, event(wire::SessionEvent::ENDED)).error().code, Errc::kIo);
  EXPECT_EQ(redeem(offer.routing_token).error().code, Errc::kIo);
  store.set_full(false);
  EXPECT_TRUE(redeem(offer.routing_token).has_value());
}

TEST_F(SessionReports, WithoutADatabaseNothingIsAcknowledgedAndEverythingWorksLater) {
  const auto ended = event(wire::SessionEvent::ENDED);
  store.set_away(true);
  EXPECT_EQ(store_session_event(store, clock, metrics, node, ended).error().code, Errc::kUnavailable);
  EXPECT_EQ(redeem(offer.routing_token).error().code, Errc::kUnavailable);
  store.set_away(false);
  EXPECT_TRUE(redeem(offer.routing_token).has_value());
  EXPECT_TRUE(store_session_event(store, clock, metrics, node, ended).has_value());
  EXPECT_EQ(stored().state, SessionState::kEnded);
}

TEST_F(SessionReports, NonsenseIsAcknowledgedAndDropped) {
  auto nonsense = event(wire::SessionEvent::CONNECTED);
  nonsense.set_event_id("x");
  EXPECT_TRUE(store_session_event(store, clock, metrics, node, nonsense).has_value());
  auto unknown = event(wire::SessionEvent::CONNECTED);
  unknown.set_session_id(SessionId::random().str());
  EXPECT_TRUE(store_session_event(store, clock, metrics, node, unknown).has_value());
  EXPECT_EQ(stored().state, SessionState::kOffered);
}

}  // namespace
}  // namespace tobari::broker
