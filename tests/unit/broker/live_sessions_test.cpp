// SPDX-License-Identifier: GPL-3.0-or-later
// The policy changes while sessions live.
#include "rpc/live_sessions.h"

#include <gmock/gmock.h>

#include "core/offer.h"
#include "harness.h"
#include "rpc/session_reports.h"

namespace tobari::broker {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class LiveSessionsTest : public ::testing::Test, protected Harness {
 protected:
  void SetUp() override {
    link = attach(node);
    link->on_message = [this](const wire::ToHost& message) {
      if (message.has_check_sessions()) {
        checked.push_back(message.check_sessions());
      } else if (!message.has_desired()) {
        said.push_back(message);
      }
    };
    adjust = [this](const AccessQuestion& question, AccessAnswer& answer) {
      asked.push_back(question);
      answer.grant.channels = {{"connect", "the-rule", {}}};
      for (const std::string& channel : open) answer.grant.channels.push_back({channel, "the-rule", limits});
    };
  }
  Session add(SessionState state = SessionState::kConnected, const std::vector<DesktopId>& further = {},
              const DesktopId& desktop = DesktopId::random()) {
    Session session = new_session(node, UserId::random(), state);
    session.desktop = desktop;
    session.further = further;
    SessionAccess access{.grant = {.user = "alice"},
                         .client_address = "192.0.2.7",
                         .client = "tobari-client/1",
                         .sessions = 1,
                         .device = policy::DeviceCertificate{.sha256 = policy::Sha256Bytes{9}, .issuer = "house"}};
    access.grant.channels = {{"connect", "the-rule", {}}};
    for (const std::string& channel : open) access.grant.channels.push_back({channel, "the-rule", limits});
    session.access = to_text(access);
    act([&session](Writer& writer) { return writer.add_session(session); });
    return session;
  }
  SessionAccess stored(const Session& session) {
    return parse_access(store.get([&session](const Reader& r) { return r.session(session.id); })->access).value();
  }
  AuditDraft last_record() {
    return store.get([](const Reader& r) { return r.audit_after(0, 1000); })->back().draft;
  }

  const Node node = add_host("host-1");
  std::shared_ptr<FakeHostLink> link;
  std::vector<wire::ToHost> said;
  std::vector<wire::CheckSessions> checked;
  std::vector<AccessQuestion> asked;
  std::vector<std::string> open{"clipboard.to_guest", "audio.play"};
  policy::Limits limits;
  LiveSessions live{{store, clock, hosts, [this](const AccessQuestion& question) { return api.policy(question); }}};
};

TEST_F(LiveSessionsTest, NothingIsSaidWhenNothingChanges) {
  add();
  const std::size_t before = audited().size();
  live.evaluate();
  EXPECT_THAT(said, IsEmpty());
  EXPECT_EQ(audited().size(), before);
}

TEST_F(LiveSessionsTest, ThePolicyIsAskedAsItWasInTheBeginning) {
  add();
  asked.clear();
  live.evaluate();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].client_address, "192.0.2.7") << "not the address that a gateway saw";
  EXPECT_EQ(asked[0].client, "tobari-client/1");
  EXPECT_EQ(asked[0].sessions, 1U);
  EXPECT_EQ(asked[0].device.value().issuer, "house");
}

TEST_F(LiveSessionsTest, ThePolicyIsAskedAboutThePoolAsItIsNow) {
  Pool pool;
  pool.id = PoolId::random();
  pool.name = "office";
  pool.labels = {"shared"};
  Desktop desktop;
  desktop.id = DesktopId::random();
  desktop.name = "office-1";
  desktop.host = node.id;
  desktop.pool = pool.id;
  act([&](Writer& writer) -> Result<void> {
    TOBARI_TRY(writer.add_pool(pool));
    return writer.add_desktop(desktop);
  });
  add(SessionState::kConnected, {}, desktop.id);
  asked.clear();
  live.evaluate();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_EQ(asked[0].pool, "office");
  EXPECT_EQ(asked[0].labels, std::vector<std::string>{"shared"});
  pool.labels = {"lab"};
  act([&pool](Writer& writer) { return writer.change_pool(pool); });
  live.evaluate();
  ASSERT_EQ(asked.size(), 2U);
  EXPECT_EQ(asked[1].labels, std::vector<std::string>{"lab"});
}

TEST_F(LiveSessionsTest, OfADesktopThatIsGoneNothingIsKnown) {
  add();
  asked.clear();
  live.evaluate();
  ASSERT_EQ(asked.size(), 1U);
  EXPECT_FALSE(asked[0].pool.has_value());
  EXPECT_FALSE(asked[0].labels.has_value());
}

TEST_F(LiveSessionsTest, AChannelThatIsTakenAwayClosesAndIsOnRecord) {
  const Session session = add();
  open = {"clipboard.to_guest"};
  live.evaluate();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].narrow_session().session_id(), session.id.str());
  EXPECT_EQ(said[0].narrow_session().grant().channels_size(), 2);
  EXPECT_EQ(last_record().action, "session.narrowed");
  EXPECT_EQ(last_record().detail, "audio.play closed");
  EXPECT_EQ(stored(session).grant.find("audio.play"), nullptr);
}

TEST_F(LiveSessionsTest, NarrowerLimitsHold) {
  add();
  limits.bytes_per_transfer = 10;
  live.evaluate();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].narrow_session().grant().channels(1).bytes_per_transfer(), 10U);
}

TEST_F(LiveSessionsTest, MoreDoesNotReachALiveSession) {
  const Session session = add();
  open = {"clipboard.to_guest"};
  live.evaluate();
  open = {"clipboard.to_guest", "audio.play", "clipboard.from_guest"};
  live.evaluate();  // says what the last one said once more
  live.evaluate();
  ASSERT_EQ(said.size(), 2U);
  EXPECT_EQ(said[1].narrow_session().grant().channels_size(), 2);
  EXPECT_EQ(stored(session).grant.channels.size(), 2U);
}

TEST_F(LiveSessionsTest, WhoMayNotConnectAnyMoreIsEndedOnce) {
  const Session session = add();
  policy_allows = false;
  const std::size_t before = audited().size();
  live.evaluate();
  live.evaluate();
  live.evaluate();
  ASSERT_EQ(said.size(), 2U) << "said twice, written down once";
  EXPECT_TRUE(said[0].close_session().denied());
  EXPECT_EQ(said[0].close_session().reason(), "nobody works at night");
  EXPECT_EQ(audited().size(), before + 1);
  EXPECT_EQ(last_record().action, "session.policy_end");
  EXPECT_EQ(last_record().outcome, Outcome::kDenied);
  policy_allows = true;
  live.evaluate();
  EXPECT_FALSE(stored(session).ended_because.empty()) << "it does not come back";
}

// It was tried again twice a second, for ever, and the others with it.
TEST_F(LiveSessionsTest, OfWhichNobodyKnowsWhatItMayIsEndedOnce) {
  const Session session = add();
  const Session other = add();
  act([&session](Writer& writer) { return writer.set_access(session.id, "no JSON"); });
  live.evaluate();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].close_session().session_id(), session.id.str());
  EXPECT_EQ(said[0].close_session().reason(), "what it was granted cannot be read");
  EXPECT_EQ(last_record().action, "session.policy_end");
  EXPECT_EQ(stored(session).ended_because, "what it was granted cannot be read");
  EXPECT_TRUE(stored(other).ended_because.empty());
}

TEST_F(LiveSessionsTest, EveryDesktopOfAWallIsAskedAboutInItsPool) {
  const auto in_pool = [this](const char* name) {
    Pool pool;
    pool.id = PoolId::random();
    pool.name = name;
    Desktop desktop;
    desktop.id = DesktopId::random();
    desktop.name = std::string(name) + "-1";
    desktop.host = node.id;
    desktop.pool = pool.id;
    act([&](Writer& writer) -> Result<void> {
      TOBARI_TRY(writer.add_pool(pool));
      return writer.add_desktop(desktop);
    });
    return desktop.id;
  };
  const DesktopId first = in_pool("office");
  add(SessionState::kConnected, {in_pool("lab"), DesktopId::random()}, first);
  asked.clear();
  live.evaluate();
  ASSERT_EQ(asked.size(), 3U);
  EXPECT_EQ(asked[0].pool, "office");
  EXPECT_EQ(asked[1].pool, "lab");
  EXPECT_FALSE(asked[2].pool.has_value()) << "gone";
}

TEST_F(LiveSessionsTest, AnOfferIsHeldToItAsWell) {
  const Session session = add(SessionState::kOffered);
  open = {};
  live.evaluate();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].narrow_session().session_id(), session.id.str());
}

TEST_F(LiveSessionsTest, WhatIsOverIsLeftAlone) {
  add(SessionState::kDisconnected);
  add(SessionState::kOffered);
  clock.advance(2 * kOfferLifetime);
  policy_allows = false;
  live.evaluate();
  EXPECT_THAT(said, IsEmpty());
}

TEST_F(LiveSessionsTest, AWallKeepsWhatAllItsDesktopsAllow) {
  add(SessionState::kConnected, {DesktopId::random()});
  asked.clear();
  auto rule = adjust;
  adjust = [this, rule](const AccessQuestion& question, AccessAnswer& answer) {
    rule(question, answer);
    if (asked.size() == 2) answer.grant.channels.pop_back();
  };
  live.evaluate();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].narrow_session().grant().channels_size(), 2);
}

TEST_F(LiveSessionsTest, AHostThatComesBackIsToldAgain) {
  const Session narrowed = add();
  open = {};
  live.evaluate();
  add();  // has all that there is
  said.clear();
  live.host_attached(node.id);
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].narrow_session().session_id(), narrowed.id.str());
}

// ---- sessions whose end nobody has reported

TEST_F(LiveSessionsTest, AHostThatComesBackIsAskedWhatItIsTakenToHave) {
  const Session session = add();
  add(SessionState::kOffered);
  add(SessionState::kDisconnected);
  Session elsewhere = new_session(add_host("host-2"), UserId::random(), SessionState::kConnected);
  act([&elsewhere](Writer& writer) { return writer.add_session(elsewhere); });
  live.host_attached(node.id);
  ASSERT_EQ(checked.size(), 1U);
  ASSERT_EQ(checked[0].session_ids_size(), 1);
  EXPECT_EQ(checked[0].session_ids(0), session.id.str());
}

TEST_F(LiveSessionsTest, WhatAHostDoesNotHaveIsOverOnce) {
  const Session session = add();
  const auto host_says = [&] {
    wire::SessionEvent event;
    event.set_session_id(session.id.str());
    event.set_kind(wire::SessionEvent::DISCONNECTED);
    event.set_detail("host restarted");
    event.set_event_id(session.id.str());
    EXPECT_TRUE(store_session_event(store, clock, metrics, node, event).has_value());
  };
  live.check();
  ASSERT_EQ(checked.size(), 1U);
  host_says();
  EXPECT_EQ(last_record().action, "session.disconnected");
  EXPECT_EQ(last_record().detail, "host restarted");
  const std::size_t records = audited().size();
  host_says();  // to another broker, which asked as well
  EXPECT_EQ(audited().size(), records);
  EXPECT_EQ(store.get([&](const Reader& r) { return r.session(session.id); })->state, SessionState::kDisconnected);
  live.check();
  EXPECT_EQ(checked.size(), 1U) << "nothing is left to ask";
}

TEST_F(LiveSessionsTest, ManySessionsAreSeveralQuestions) {
  constexpr int kMany = 600;
  for (int i = 0; i < kMany; ++i) add();
  live.check();
  ASSERT_EQ(checked.size(), 3U);
  EXPECT_EQ(checked[0].session_ids_size(), 256);
  EXPECT_EQ(checked[0].session_ids_size() + checked[1].session_ids_size() + checked[2].session_ids_size(), kMany);
}

TEST_F(LiveSessionsTest, AHostThatIsAwayIsNotAsked) {
  add();
  hosts.detach(node.id, link.get());
  live.check();
  EXPECT_TRUE(checked.empty());
  store.set_away(true);
  live.check();
  live.host_attached(node.id);
  EXPECT_TRUE(checked.empty());
}

TEST_F(LiveSessionsTest, AFullDiskDoesNotKeepAnythingOpen) {
  add();
  open = {};
  store.set_full(true);
  live.evaluate();
  ASSERT_EQ(said.size(), 1U);
  store.set_full(false);
  live.evaluate();
  EXPECT_EQ(last_record().action, "session.narrowed") << "it is made up for";
}

TEST_F(LiveSessionsTest, TheThreadFollowsThePolicyAndTheMinutes) {
  std::mutex mutex;
  std::condition_variable changed;
  std::size_t count = 0;
  link->on_message = [&](const wire::ToHost& message) {
    if (!message.has_narrow_session()) return;
    const std::scoped_lock lock(mutex);
    ++count;
    changed.notify_all();
  };
  add();
  live.start();
  open = {"clipboard.to_guest"};
  live.policy_changed();
  {
    std::unique_lock lock(mutex);
    ASSERT_TRUE(changed.wait_for(lock, std::chrono::seconds(10), [&count] { return count >= 1; }));
  }
  live.stop();
}

}  // namespace
}  // namespace tobari::broker
