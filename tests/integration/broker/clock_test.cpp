// SPDX-License-Identifier: GPL-3.0-or-later
// Times that end while a session lives, and clocks that jump, with the policy as it is read from a file.
#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <fstream>
#include <mutex>

#include <gmock/gmock.h>

#include "core/session_access.h"
#include "core/session_state.h"
#include "daemon/policy_file.h"
#include "harness.h"
#include "rpc/live_sessions.h"
#include "rpc/transfers.h"

namespace tobari::broker {
namespace {

using namespace std::chrono_literals;

// May be set while others look at it. Begins on Friday, 27 November 2026, 8:30 UTC.
class JumpingClock final : public Clock {
 public:
  [[nodiscard]] Steady now() const noexcept override { return Steady{} + 1h; }
  [[nodiscard]] Wall wall() const noexcept override { return kBegin + std::chrono::seconds(ahead_.load()); }
  void jump(std::chrono::seconds by) noexcept { ahead_ += by.count(); }
  static constexpr Wall kBegin = std::chrono::sys_days(std::chrono::year(2026) / 11 / 27) + 8h + 30min;

 private:
  std::atomic<std::int64_t> ahead_{0};
};

class ClockTest : public ::testing::Test, protected Harness {
 protected:
  ClockTest() {
    link = attach(node);
    link->on_message = [this](const wire::ToHost& message) {
      if (message.has_desired()) return;
      {
        const std::scoped_lock lock(mutex);
        said.push_back(message);
      }
      changed.notify_all();
    };
    std::ofstream(path) << R"(version: 1
rules:
- {name: office, what: connect, effect: allow, when: [{days: fri, from: '08:00', until: '10:00', zone: UTC}]}
- {name: paste, what: clipboard.to_guest, effect: allow, when: [{days: fri, from: '08:00', until: '09:00', zone: UTC}]}
)";
    EXPECT_TRUE(policy.load().has_value());
  }
  ~ClockTest() override {
    live.stop();
    std::filesystem::remove(path);
  }
  Session connected() {
    Session session = new_session(node, UserId::random(), SessionState::kConnected);
    const AccessAnswer answer =
        policy.decide({.user = "alice", .desktop_id = session.desktop.str(), .client_address = "192.0.2.7"});
    EXPECT_TRUE(answer.allowed);
    session.access = to_text({.grant = answer.grant, .client_address = "192.0.2.7", .client = "", .sessions = 0});
    act([&session](Writer& writer) { return writer.add_session(session); });
    return session;
  }
  // The first of these that the host is told; an empty message when none comes.
  wire::ToHost wait_said(bool (wire::ToHost::*kind)() const) {
    std::unique_lock lock(mutex);
    const auto first = [&] {
      return std::ranges::find_if(said, [kind](const wire::ToHost& message) { return (message.*kind)(); });
    };
    changed.wait_for(lock, 20s, [&] { return first() != said.end(); });
    return first() == said.end() ? wire::ToHost() : *first();
  }

  const std::filesystem::path path =
      std::filesystem::path(testing::TempDir()) / ("clock-" + std::to_string(::getpid()) + ".yaml");
  JumpingClock wall;
  PolicyFile policy{path, wall};
  const Node node = add_host("host-1");
  std::shared_ptr<FakeHostLink> link;
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<wire::ToHost> said;
  LiveSessions live{{store, wall, hosts, [this](const AccessQuestion& question) { return policy.decide(question); }}};
};

TEST_F(ClockTest, ATimeThatEndsTightensALiveSessionAndThenEndsIt) {
  const Session session = connected();
  live.start();
  wall.jump(30min);  // 9:00
  const auto narrowed = wait_said(&wire::ToHost::has_narrow_session).narrow_session();
  EXPECT_EQ(narrowed.session_id(), session.id.str());
  EXPECT_EQ(narrowed.grant().channels_size(), 1) << "connect is left";
  wall.jump(1h);  // 10:00
  const auto closed = wait_said(&wire::ToHost::has_close_session).close_session();
  EXPECT_EQ(closed.session_id(), session.id.str());
  EXPECT_TRUE(closed.denied());
}

TEST_F(ClockTest, AClockThatIsSetBackDoesNotBringASessionBack) {
  const Session session = connected();
  wall.jump(2h);
  live.evaluate();
  ASSERT_EQ(said.size(), 1U);
  EXPECT_TRUE(said[0].has_close_session());
  wall.jump(-2h);
  live.evaluate();
  const auto access = parse_access(store.get([&session](const Reader& r) { return r.session(session.id); })->access);
  EXPECT_FALSE(access->ended_because.empty());
}

TEST_F(ClockTest, AJumpBackIsNoticedLikeAnyOtherMinute) {
  wall.jump(1min);
  connected();
  live.start();
  wall.jump(-2h);  // 6:31: nobody may connect at that time
  EXPECT_TRUE(wait_said(&wire::ToHost::has_close_session).has_close_session());
}

TEST_F(ClockTest, ADayThatIsUsedUpIsUsedUpHoweverTheClockJumps) {
  Session session = new_session(node, UserId::random(), SessionState::kConnected);
  SessionAccess access;
  access.grant.channels = {{"clipboard.to_guest", "paste", {.bytes_per_day = 100}}};
  session.access = to_text(access);
  act([&session](Writer& writer) { return writer.add_session(session); });
  const auto passes = [&](std::uint64_t bytes) {
    wire::TransferAsked asked;
    asked.set_session_id(session.id.str());
    asked.set_channel("clipboard.to_guest");
    asked.set_format("text");
    asked.set_bytes(bytes);
    return enter_transfer(store, wall, node, asked).allowed();
  };
  EXPECT_TRUE(passes(100));
  wall.jump(24h);
  EXPECT_TRUE(passes(100)) << "the next day";
  wall.jump(-24h);
  EXPECT_FALSE(passes(1));
  wall.jump(24h);
  EXPECT_FALSE(passes(1));
}

TEST_F(ClockTest, TheAuditStaysAChainWhenTheClockIsSetBack) {
  act([](Writer&) -> Result<void> { return {}; });
  clock.advance(-5h);
  act([](Writer&) -> Result<void> { return {}; });
  clock.advance(100h);
  act([](Writer&) -> Result<void> { return {}; });
  ChainHead head;
  const auto records = store.get([](const Reader& r) { return r.audit_after(0, 1000); }).value();
  EXPECT_TRUE(verify_chain(records, head).has_value());
  EXPECT_EQ(head.sequence, records.size());
}

TEST_F(ClockTest, AnOfferDoesNotLiveTwice) {
  const Session offer = new_session(node, UserId::random(), SessionState::kOffered);
  EXPECT_TRUE(is_live(offer, offer.created_at));
  EXPECT_TRUE(is_live(offer, offer.created_at - 5s)) << "a small step";
  EXPECT_FALSE(is_live(offer, offer.created_at - 2 * kOfferLifetime));
  EXPECT_FALSE(is_live(offer, offer.created_at + kOfferLifetime));
}

}  // namespace
}  // namespace tobari::broker
