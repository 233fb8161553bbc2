// SPDX-License-Identifier: GPL-3.0-or-later
// What every StateStore does, run on the fake, on SQLite and on PostgreSQL.
#include <algorithm>
#include <format>

#include "contract.h"
#include "core/audit_chain.h"

namespace tobari::broker {
namespace {

using namespace samples;

TEST_P(StateStoreContract, KeepsUsersByNameAndId) {
  done([this](Writer& w) { return w.add_user(bob_); });
  done([this](Writer& w) { return w.add_user(alice_); });
  EXPECT_EQ(get([](const Reader& r) { return r.user_by_name("alice"); })->id, alice_.id);
  EXPECT_EQ(get([this](const Reader& r) { return r.user(bob_.id); })->name, "bob");
  const auto users = get([](const Reader& r) { return r.users(); });
  ASSERT_EQ(users->size(), 2U);
  EXPECT_EQ(users->front().name, "alice");
  EXPECT_EQ(get([](const Reader& r) { return r.user_by_name("carol"); }).error().code, Errc::kNotFound);
  EXPECT_EQ(refusal([](Writer& w) { return w.add_user(user("alice")); }), Errc::kAlreadyExists);
}

// By bytes, as "_" and "-" are not letters for every language.
TEST_P(StateStoreContract, NamesAreOrderedByTheirBytes) {
  const std::vector<std::string> ordered{"a-z", "a_b", "ab", "b", "b.a", "ba"};
  for (const std::size_t i : {5U, 1U, 3U, 0U, 4U, 2U}) {
    done([&](Writer& w) { return w.add_user(user(ordered[i])); });
  }
  std::vector<std::string> found;
  const auto users = get([](const Reader& r) { return r.users(); });
  for (const User& each : *users) found.push_back(each.name);
  EXPECT_EQ(found, ordered);
}

TEST_P(StateStoreContract, AFailedActLeavesNothingNotEvenAnAuditRecord) {
  done([this](Writer& w) { return w.add_user(alice_); });
  EXPECT_EQ(refusal([this](Writer& w) -> Result<void> {
              TOBARI_TRY(w.add_user(bob_));
              return fail(Errc::kPermissionDenied, "changed my mind");
            }),
            Errc::kPermissionDenied);
  EXPECT_EQ(get([](const Reader& r) { return r.users(); })->size(), 1U);
  EXPECT_EQ(get([](const Reader& r) { return r.audit_after(0, 10); })->size(), 1U);
}

TEST_P(StateStoreContract, DesktopsHaveAUserAHostAndANameOfTheirOwn) {
  done([this](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_user(alice_));
    TOBARI_TRY(w.add_user(bob_));
    TOBARI_TRY(w.add_node(host_));
    return w.add_desktop(desktop(alice_, host_, "alice-pc"));
  });
  done([this](Writer& w) { return w.add_desktop(desktop(alice_, host_, "alice-two")); });
  EXPECT_EQ(refusal([this](Writer& w) { return w.add_desktop(desktop(bob_, host_, "alice-pc")); }),
            Errc::kAlreadyExists);
  EXPECT_EQ(refusal([this](Writer& w) { return w.add_desktop(desktop(bob_, host("unknown"), "bob-pc")); }),
            Errc::kAlreadyExists);
  const auto desktops = get([this](const Reader& r) { return r.desktops_of_user(alice_.id); });
  ASSERT_EQ(desktops->size(), 2U);
  EXPECT_EQ(desktops->back().name, "alice-two");
  EXPECT_EQ(desktops->front().user_name, "alice");
  EXPECT_EQ(desktops->front().host_name, "host-1");
  EXPECT_EQ(desktops->front().memory_mib, 1024U);
}

TEST_P(StateStoreContract, DesktopsAreFoundByNameAndListedInPages) {
  done([this](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_user(alice_));
    TOBARI_TRY(w.add_node(host_));
    for (const char* name : {"d", "b", "a-b", "c", "a"}) TOBARI_TRY(w.add_desktop(desktop(alice_, host_, name)));
    return {};
  });
  const auto names = [this](const char* after, std::size_t limit) {
    std::string all;
    const auto found = get([&](const Reader& r) { return r.desktops_after(after, limit); });
    for (const Desktop& each : *found) all += each.name + " ";
    return all;
  };
  EXPECT_EQ(names("", 3), "a a-b b ");
  EXPECT_EQ(names("b", 3), "c d ");
  EXPECT_EQ(names("d", 3), "");
  EXPECT_EQ(get([](const Reader& r) { return r.desktop_by_name("c"); })->user_name, "alice");
  EXPECT_EQ(get([](const Reader& r) { return r.desktop_by_name("e"); }).error().code, Errc::kNotFound);
}

TEST_P(StateStoreContract, WhatIsReferredToStays) {
  const Desktop pc = desktop(alice_, host_, "alice-pc");
  done([this, &pc](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_user(alice_));
    TOBARI_TRY(w.add_node(host_));
    return w.add_desktop(pc);
  });
  EXPECT_EQ(refusal([this](Writer& w) { return w.remove_user(alice_.id); }), Errc::kAlreadyExists);
  EXPECT_EQ(refusal([this](Writer& w) { return w.remove_node(host_.id); }), Errc::kAlreadyExists);
  done([&pc](Writer& w) -> Result<void> {
    TOBARI_TRY(w.set_power(pc.id, Power::kDeleted));
    return w.set_epoch(pc.id, 7);
  });
  EXPECT_EQ(get([&pc](const Reader& r) { return r.desktop(pc.id); })->power, Power::kDeleted);
  EXPECT_EQ(get([&pc](const Reader& r) { return r.desktop(pc.id); })->epoch, 7U);
  done([&pc](Writer& w) { return w.remove_desktop(pc.id); });
  done([this](Writer& w) { return w.remove_user(alice_.id); });
  done([this](Writer& w) { return w.remove_node(host_.id); });
  EXPECT_EQ(refusal([&pc](Writer& w) { return w.set_power(pc.id, Power::kOn); }), Errc::kNotFound);
}

TEST_P(StateStoreContract, TokensEndWithTimeWithTheUserAndOnDemand) {
  done([this](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_user(alice_));
    TOBARI_TRY(w.add_token({"t1", alice_.id, kNow + std::chrono::hours(1)}));
    TOBARI_TRY(w.add_token({"t2", alice_.id, kNow + std::chrono::hours(3)}));
    return w.add_token({"t3", alice_.id, kNow + std::chrono::hours(3)});
  });
  EXPECT_EQ(get([](const Reader& r) { return r.token("t1"); })->expires_at, kNow + std::chrono::hours(1));
  done([](Writer& w) { return w.remove_expired(kNow + std::chrono::hours(2)); });
  EXPECT_FALSE(get([](const Reader& r) { return r.token("t1"); }).has_value());
  done([this](Writer& w) { return w.remove_tokens_of(alice_.id, "t3"); });
  EXPECT_FALSE(get([](const Reader& r) { return r.token("t2"); }).has_value());
  EXPECT_TRUE(get([](const Reader& r) { return r.token("t3"); }).has_value());
  done([this](Writer& w) { return w.remove_user(alice_.id); });
  EXPECT_FALSE(get([](const Reader& r) { return r.token("t3"); }).has_value());
}

TEST_P(StateStoreContract, ARoutingTokenIsRedeemedOnce) {
  const Session offered = session(desktop(alice_, host_, "pc"), "route");
  done([&offered](Writer& w) { return w.add_session(offered); });
  EXPECT_EQ(get([](const Reader& r) { return r.session_by_route("route"); })->id, offered.id);
  done([&offered](Writer& w) { return w.mark_routed(offered.id, "198.51.100.7"); });
  EXPECT_EQ(refusal([&offered](Writer& w) { return w.mark_routed(offered.id, "198.51.100.8"); }), Errc::kNotFound);
  const auto after = get([&offered](const Reader& r) { return r.session(offered.id); });
  EXPECT_TRUE(after->routed);
  EXPECT_EQ(after->client_address, "198.51.100.7");
}

TEST_P(StateStoreContract, SessionsComeNewestFirstAndNoMoreThanAsked) {
  const Desktop pc = desktop(alice_, host_, "pc");
  const Session old = session(pc, "r1", kNow);
  const Session recent = session(pc, "r2", kNow + std::chrono::minutes(1));
  const Session other = session(desktop(bob_, host_, "pc2"), "r3", kNow + std::chrono::minutes(2));
  done([&](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_session(old));
    TOBARI_TRY(w.add_session(other));
    return w.add_session(recent);
  });
  const auto mine = get([this](const Reader& r) { return r.sessions_of_user(alice_.id, 10); });
  ASSERT_EQ(mine->size(), 2U);
  EXPECT_EQ(mine->front().id, recent.id);
  EXPECT_EQ(get([](const Reader& r) { return r.sessions(1); })->front().id, other.id);
  done([&recent](Writer& w) {
    return w.update_session(recent.id, SessionState::kRefused, "192.0.2.9", "pad", "wrong ticket");
  });
  const auto changed = get([&recent](const Reader& r) { return r.session(recent.id); });
  EXPECT_EQ(changed->state, SessionState::kRefused);
  EXPECT_EQ(changed->detail, "wrong ticket");
  EXPECT_EQ(changed->created_at, recent.created_at);
}

TEST_P(StateStoreContract, ASessionRemembersEveryDesktopOfItsWall) {
  Session wall = session(desktop(alice_, host_, "pc"), "r1");
  wall.further = {DesktopId::random(), DesktopId::random(), DesktopId::random()};
  const Session single = session(desktop(alice_, host_, "pc"), "r2");
  done([&](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_session(wall));
    return w.add_session(single);
  });
  EXPECT_EQ(get([&wall](const Reader& r) { return r.session(wall.id); })->further, wall.further);
  EXPECT_TRUE(get([&single](const Reader& r) { return r.session(single.id); })->further.empty());
}

TEST_P(StateStoreContract, KnowsWhichSessionsLiveAndWhatTheyMayDo) {
  const Desktop pc = desktop(alice_, host_, "pc");
  Session offered = session(pc, "r1");
  offered.access = "what it may";
  Session connected = session(pc, "r2");
  connected.state = SessionState::kConnected;
  Session over = session(pc, "r3");
  over.state = SessionState::kDisconnected;
  done([&](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_session(offered));
    TOBARI_TRY(w.add_session(connected));
    return w.add_session(over);
  });
  const auto live = get([](const Reader& r) { return r.live_sessions(); });
  ASSERT_EQ(live->size(), 2U);
  EXPECT_FALSE(std::ranges::contains(*live, over.id, &Session::id));
  const auto hers = get([this](const Reader& r) { return r.live_sessions_of_user(alice_.id); });
  EXPECT_EQ(hers->size(), 2U);
  EXPECT_TRUE(get([this](const Reader& r) { return r.live_sessions_of_user(bob_.id); })->empty());
  const auto there = get([&](const Reader& r) { return r.live_sessions_of_host(offered.host); });
  EXPECT_EQ(there->size(), 2U);
  EXPECT_FALSE(std::ranges::contains(*there, over.id, &Session::id));
  EXPECT_TRUE(get([](const Reader& r) { return r.live_sessions_of_host(HostId::random()); })->empty());
  const auto counted = [&](Time now) { return get([now](const Reader& r) { return r.session_counts(now); }).value(); };
  EXPECT_EQ(counted(offered.created_at).offered, 1U);
  EXPECT_EQ(counted(offered.created_at).connected, 1U);
  EXPECT_EQ(counted(offered.offer_expires_at).offered, 0U) << "nobody has come in time";
  EXPECT_EQ(counted(offered.offer_expires_at).connected, 1U);
  EXPECT_EQ(get([&offered](const Reader& r) { return r.session(offered.id); })->access, "what it may");
  done([&offered](Writer& w) { return w.set_access(offered.id, "less"); });
  EXPECT_EQ(get([&offered](const Reader& r) { return r.session(offered.id); })->access, "less");
  EXPECT_EQ(refusal([](Writer& w) { return w.set_access(SessionId::random(), ""); }), Errc::kNotFound);
}

// Offers that nobody used stay there, and many of them must not hide that somebody is connected.
TEST_P(StateStoreContract, UnusedOffersHideNoSession) {
  const Desktop pc = desktop(alice_, host_, "pc");
  Session connected = session(pc, "in use");
  connected.state = SessionState::kConnected;
  done([&](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_session(connected));
    for (std::size_t i = 0; i < kMaxSessionList; ++i) {
      Session unused = session(pc, std::format("unused {}", i));
      unused.created_at = connected.created_at + std::chrono::seconds(1);
      TOBARI_TRY(w.add_session(unused));
    }
    return {};
  });
  const auto hers = get([this](const Reader& r) { return r.live_sessions_of_user(alice_.id); });
  EXPECT_TRUE(std::ranges::contains(*hers, connected.id, &Session::id));
}

TEST_P(StateStoreContract, CountsWhatAUserMovesADay) {
  const auto moved = [this](const User& user, const char* channel, std::int64_t day) {
    return get([&user, channel, day](const Reader& r) { return r.bytes_moved(user.id, channel, day); }).value();
  };
  const auto add = [this](const User& user, const char* channel, std::int64_t day, std::uint64_t bytes) {
    done([&user, channel, day, bytes](Writer& w) { return w.add_bytes_moved(user.id, channel, day, bytes); });
  };
  EXPECT_EQ(moved(alice_, "clipboard.to_guest", 100), 0U);
  add(alice_, "clipboard.to_guest", 100, 5'000'000'000);
  add(alice_, "clipboard.to_guest", 100, 1);
  add(alice_, "clipboard.from_guest", 100, 2);
  add(bob_, "clipboard.to_guest", 100, 3);
  EXPECT_EQ(moved(alice_, "clipboard.to_guest", 100), 5'000'000'001U);
  EXPECT_EQ(moved(alice_, "clipboard.from_guest", 100), 2U);
  EXPECT_EQ(moved(bob_, "clipboard.to_guest", 100), 3U);
  EXPECT_EQ(moved(alice_, "clipboard.to_guest", 101), 0U);
  add(alice_, "clipboard.to_guest", 100 + kDaysMovedIsKept + 1, 1);
  EXPECT_EQ(moved(alice_, "clipboard.to_guest", 100), 0U) << "days long past are forgotten";
}

TEST_P(StateStoreContract, AnActMayHaveSeveralRecordsOrNone) {
  done(
      [](Writer& w) -> Result<void> {
        TOBARI_TRY(w.add_record(draft("first")));
        return w.add_record(draft("second"));
      },
      "third");
  EXPECT_EQ(refusal([](Writer& w) -> Result<void> {
              TOBARI_TRY(w.add_record(draft("lost")));
              return fail(Errc::kPermissionDenied, "changed my mind");
            }),
            Errc::kPermissionDenied);
  const auto records = get([](const Reader& r) { return r.audit_after(0, 10); });
  ASSERT_EQ(records->size(), 3U);
  EXPECT_EQ(records->front().draft.action, "first");
  EXPECT_EQ(records->back().draft.action, "third");
  ChainHead head;
  EXPECT_TRUE(verify_chain(*records, head).has_value());
}

TEST_P(StateStoreContract, AnEventIsStoredOnce) {
  const auto add = [](Writer& w) { return w.add_event("e1", SessionId::random(), kNow); };
  EXPECT_FALSE(*get([](const Reader& r) { return r.event_is_stored("e1"); }));
  done(add);
  EXPECT_TRUE(*get([](const Reader& r) { return r.event_is_stored("e1"); }));
  EXPECT_EQ(refusal(add), Errc::kAlreadyExists);
}

TEST_P(StateStoreContract, AJoinTokenIsUsedOnce) {
  done([](Writer& w) { return w.add_join_token({"j", NodeRole::kGateway, "edge", kNow}); });
  EXPECT_EQ(get([](const Reader& r) { return r.join_token("j"); })->name, "edge");
  done([](Writer& w) { return w.remove_join_token("j"); });
  EXPECT_EQ(refusal([](Writer& w) { return w.remove_join_token("j"); }), Errc::kNotFound);
}

TEST_P(StateStoreContract, ANodesNameIsTakenWithinItsRole) {
  done([this](Writer& w) { return w.add_node(host_); });
  EXPECT_EQ(refusal([](Writer& w) { return w.add_node(host("host-1")); }), Errc::kAlreadyExists);
  done([](Writer& w) { return w.add_node({HostId::random(), "host-1", NodeRole::kGateway, kNow}); });
  EXPECT_EQ(get([](const Reader& r) { return r.nodes(); })->size(), 2U);
}

TEST_P(StateStoreContract, RepliesAreKeptADay) {
  done([this](Writer& w) -> Result<void> {
    TOBARI_TRY(w.add_user(alice_));
    return w.add_reply({alice_.id, "key", "sha", 201, "{}", kNow});
  });
  EXPECT_EQ(get([this](const Reader& r) { return r.reply(alice_.id, "key"); })->status, 201);
  done([](Writer& w) { return w.remove_expired(kNow + std::chrono::hours(23)); });
  EXPECT_TRUE(get([this](const Reader& r) { return r.reply(alice_.id, "key"); }).has_value());
  done([](Writer& w) { return w.remove_expired(kNow + std::chrono::hours(25)); });
  EXPECT_FALSE(get([this](const Reader& r) { return r.reply(alice_.id, "key"); }).has_value());
}

TEST_P(StateStoreContract, KeepsWhatIsProposedAndWhatIsApproved) {
  EXPECT_EQ(get([](const Reader& r) { return r.approved_policy(); }).error().code, Errc::kNotFound);
  const PolicyProposal later{"b", bob_.id, "bob", kNow + std::chrono::seconds(1)};
  const PolicyProposal earlier{"c", alice_.id, "alice", kNow};
  done([&](Writer& w) { return w.add_policy_proposal(later); });
  done([&](Writer& w) { return w.add_policy_proposal(earlier); });
  EXPECT_EQ(refusal([&](Writer& w) { return w.add_policy_proposal(later); }), Errc::kAlreadyExists);
  const auto all = get([](const Reader& r) { return r.policy_proposals(); });
  ASSERT_EQ(all->size(), 2U);
  EXPECT_EQ(all->front().sha256, "c");
  EXPECT_EQ(all->front().by, alice_.id);
  EXPECT_EQ(all->front().by_name, "alice");
  EXPECT_EQ(all->front().at, kNow);
  done([](Writer& w) { return w.remove_policy_proposal("c"); });
  EXPECT_EQ(refusal([](Writer& w) { return w.remove_policy_proposal("c"); }), Errc::kNotFound);
  for (const char* hash : {"c", "d"}) {
    done([hash](Writer& w) { return w.set_approved_policy(hash); });
    EXPECT_EQ(get([](const Reader& r) { return r.approved_policy(); }).value(), hash);
  }
}

TEST_P(StateStoreContract, TheAuditIsAChainInOrder) {
  for (int i = 0; i < 5; ++i) {
    clock_.advance(std::chrono::microseconds(1700));
    done([](Writer&) -> Result<void> { return {}; }, "act " + std::to_string(i));
  }
  ChainHead head;
  const auto first = get([](const Reader& r) { return r.audit_after(0, 2); });
  const auto rest = get([](const Reader& r) { return r.audit_after(2, 100); });
  ASSERT_EQ(first->size(), 2U);
  ASSERT_EQ(rest->size(), 3U);
  EXPECT_TRUE(verify_chain(*first, head).has_value());
  EXPECT_TRUE(verify_chain(*rest, head).has_value());
  EXPECT_EQ(head.sequence, 5U);
  EXPECT_EQ(rest->back().draft.action, "act 4");
  EXPECT_TRUE(get([](const Reader& r) { return r.audit_after(99, 100); })->empty());
}

}  // namespace
}  // namespace tobari::broker
