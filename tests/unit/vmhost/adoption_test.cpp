// SPDX-License-Identifier: GPL-3.0-or-later
// What an agent leaves behind, as the next one finds it: whole, in part, or not understood.
#include "host/adoption.h"

#include <chrono>
#include <csignal>
#include <optional>
#include <poll.h>
#include <set>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <tobari/base/random.h>

#include "host/held_sessions.h"
#include "keeper/fake_keeper.h"

// glibc 2.41 forgets to say that these are C.
extern "C" {
#include <sys/pidfd.h>
}

namespace tobari::vmhost {
namespace {

using namespace std::chrono_literals;

// A display process is anything that can be ended.
class SomeProcess {
 public:
  SomeProcess() : pid_(::fork()) {
    if (pid_ == 0) {
      for (;;) ::pause();
    }
    pidfd_.reset(::pidfd_open(pid_, 0));
  }
  ~SomeProcess() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  SomeProcess(const SomeProcess&) = delete;
  SomeProcess& operator=(const SomeProcess&) = delete;
  [[nodiscard]] pid_t pid() const { return pid_; }
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }
  [[nodiscard]] bool ended(int milliseconds = 10'000) const {
    pollfd item{pidfd_.get(), POLLIN, 0};
    return ::poll(&item, 1, milliseconds) > 0;
  }

 private:
  const pid_t pid_;
  UniqueFd pidfd_;
};

class AdoptionTest : public ::testing::Test {
 protected:
  AdoptionTest() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    ours.reset(ends[0]);
    theirs.reset(ends[1]);
  }
  void keep_display(const std::string& name, std::optional<std::uint32_t> uid = {}) {
    wire::HeldDisplay note;
    note.set_name(name);
    note.set_pid(process.pid());
    if (uid) note.set_uid(*uid);
    note.set_certificate_sha256(std::string(64, 'a'));
    keeper.keep("display/" + name, note.SerializeAsString(), ours.get());
  }
  void keep_process(const std::string& name) {
    keeper.keep("process/" + name, "", process.pidfd(), DescriptorKeeper::What::kProcess);
  }
  wire::HeldSession session_of(const std::string& id, bool wall = false) {
    wire::HeldSession held;
    held.set_session_id(id);
    held.set_desktop_id(desktop);
    held.set_wall(wall);
    held.set_recorded(true);
    return held;
  }
  void keep_session(const wire::HeldSession& held) {
    keeper.annotate("session/" + held.session_id(), held.SerializeAsString());
  }
  Adoption next_life() {
    FakeKeeper next(house);
    auto kept = next.take();
    return sort_out(std::move(kept), next);
  }

  const std::string desktop = random_uuid();
  const std::string session = random_uuid();
  FakeKeeper::House house;
  FakeKeeper keeper{house};
  SomeProcess process;
  UniqueFd ours;
  UniqueFd theirs;
};

TEST_F(AdoptionTest, ADisplayIsItsSocketItsProcessAndItsNote) {
  keep_process(desktop);
  keep_display(desktop, 4711U);
  keep_session(session_of(session));
  const Adoption found = next_life();
  ASSERT_TRUE(found.displays.contains(desktop));
  const AdoptedDisplay& display = found.displays.at(desktop);
  EXPECT_TRUE(display.control);
  EXPECT_EQ(display.child.pid, process.pid());
  EXPECT_FALSE(display.child.ours) << "somebody else reaps it";
  EXPECT_EQ(display.uid, 4711U);
  EXPECT_EQ(display.fingerprint, std::string(64, 'a'));
  ASSERT_EQ(found.sessions.size(), 1U);
  EXPECT_EQ(found.sessions.front().desktop_id(), desktop);
  EXPECT_EQ(found.recorded(), std::set<std::string>{session});
  EXPECT_FALSE(process.ended(0));
}

TEST_F(AdoptionTest, AWallIsNamedByItsSession) {
  keep_process(wall_display(session));
  keep_display(wall_display(session));
  wire::HeldSession held = session_of(session, true);
  keep_session(held);
  wire::HeldWall wall;
  wall.set_session_id(session);
  wall.add_desktop_ids(desktop);
  wall.set_showing(true);
  keeper.annotate("wall/" + session, wall.SerializeAsString());
  const Adoption found = next_life();
  ASSERT_EQ(found.walls.size(), 1U);
  EXPECT_TRUE(found.walls.front().showing());
  EXPECT_TRUE(found.displays.contains(wall_display(session)));
  EXPECT_FALSE(found.displays.at(wall_display(session)).uid);
  EXPECT_EQ(found.recorded(), std::set<std::string>{session});
}

TEST_F(AdoptionTest, AProcessWithoutItsSocketIsEnded) {
  keep_process(desktop);
  const Adoption found = next_life();
  EXPECT_TRUE(found.displays.empty());
  EXPECT_TRUE(process.ended());
  EXPECT_EQ(house.size(), 0U) << "and not kept any more";
}

TEST_F(AdoptionTest, ASocketWithoutItsProcessIsClosed) {
  keep_display(desktop);
  ours.reset();
  const Adoption found = next_life();
  EXPECT_TRUE(found.displays.empty());
  char byte = 0;
  EXPECT_EQ(::recv(theirs.get(), &byte, 1, MSG_DONTWAIT), 0) << "so the process ends";
}

TEST_F(AdoptionTest, ARecordingDoesNotGoOnWithoutItsDisplay) {
  keep_session(session_of(session));
  EXPECT_TRUE(next_life().recorded().empty());
}

TEST_F(AdoptionTest, WhatIsNotUnderstoodIsDropped) {
  keeper.annotate("nonsense", "");
  keeper.annotate("session/" + session, "\xff\xff\xff");
  keeper.annotate("session/" + random_uuid(), session_of(session).SerializeAsString());  // another's name
  keeper.annotate("wall/x", "");
  wire::HeldSession short_hash = session_of(random_uuid());
  short_hash.set_routing_token_sha256("short");
  keep_session(short_hash);
  keeper.annotate("display/" + desktop, "");
  keeper.annotate("front", "");
  const Adoption found = next_life();
  EXPECT_TRUE(found.sessions.empty());
  EXPECT_TRUE(found.walls.empty());
  EXPECT_TRUE(found.displays.empty());
  EXPECT_FALSE(found.front);
  EXPECT_EQ(house.size(), 0U);
}

TEST_F(AdoptionTest, TheFrontsSocketComesBack) {
  keeper.keep("front", "", ours.get());
  EXPECT_TRUE(next_life().front);
}

// ---- sessions as they go on

class HeldSessionsTest : public AdoptionTest {
 protected:
  std::optional<wire::HeldSession> kept() {
    Adoption found = next_life();
    if (found.sessions.empty()) return std::nullopt;
    return found.sessions.front();
  }
  wire::HeldSession armed() {
    wire::HeldSession held = session_of(session);
    held.set_recorded(false);
    held.set_routing_token_sha256(std::string(32, 't'));
    return held;
  }
  HeldSessions sessions{&keeper};
};

TEST_F(HeldSessionsTest, FromArmingToTheEnd) {
  const auto until = Loop::Steady::now() + 60s;
  sessions.armed(armed(), until);
  ASSERT_TRUE(kept());
  EXPECT_EQ(time_of(kept()->until_ns()), until) << "the clock is every process's";
  EXPECT_FALSE(kept()->routing_token_sha256().empty());
  sessions.routed(session);
  EXPECT_TRUE(kept()->routing_token_sha256().empty()) << "a token is good once, also over a restart";
  sessions.connected(session);
  EXPECT_TRUE(kept()->connected());
  sessions.over(session);
  EXPECT_FALSE(kept());
  EXPECT_EQ(sessions.size(), 0U);
}

TEST_F(HeldSessionsTest, OneThatIsRecordedIsKeptUntilItsFileHasItsEnd) {
  wire::HeldSession held = armed();
  held.set_recorded(true);
  sessions.armed(held, Loop::Steady::now() + 60s);
  sessions.connected(session);
  sessions.over(session);
  ASSERT_TRUE(kept());
  EXPECT_TRUE(kept()->over());
  EXPECT_FALSE(kept()->connected());
  sessions.recording_over(session);
  EXPECT_FALSE(kept());
}

TEST_F(HeldSessionsTest, TheRecordingMayEndBeforeTheSession) {
  wire::HeldSession held = armed();
  held.set_recorded(true);
  sessions.armed(held, Loop::Steady::now() + 60s);
  sessions.connected(session);
  sessions.recording_over(session);
  ASSERT_TRUE(kept());
  EXPECT_FALSE(kept()->recorded());
  EXPECT_TRUE(kept()->connected());
}

TEST_F(HeldSessionsTest, WhatNobodyCameForIsForgottenAndWhoIsThereIsNot) {
  const auto now = Loop::Steady::now();
  sessions.armed(armed(), now + 60s);
  sessions.tidy(now + 60s + HeldSessions::kSignInWithin);
  EXPECT_TRUE(kept());
  sessions.connected(session);
  sessions.tidy(now + 24h);
  EXPECT_TRUE(kept()) << "somebody is connected";
  wire::HeldSession other = armed();
  other.set_session_id(random_uuid());
  sessions.armed(other, now + 60s);
  sessions.tidy(now + 61s + HeldSessions::kSignInWithin);
  EXPECT_EQ(sessions.size(), 1U);
}

TEST_F(HeldSessionsTest, KnowsWhoMaySeeADesktopAlsoWithoutAKeeper) {
  const auto until = Loop::Steady::now() + 60s;
  HeldSessions none(nullptr);
  wire::HeldSession held = armed();
  held.set_recorded(true);
  none.armed(held, until);
  wire::HeldSession other = armed();
  other.set_session_id(random_uuid());
  other.set_desktop_id(random_uuid());
  none.armed(other, until);
  EXPECT_EQ(none.of(held.desktop_id()), std::vector<std::string>{session});
  none.routed(session);
  EXPECT_TRUE(none.may_come(session));
  none.connected(session);
  EXPECT_FALSE(none.may_come(session));
  EXPECT_EQ(none.of(held.desktop_id()), std::vector<std::string>{session}) << "also when it is there";
  none.over(session);
  EXPECT_TRUE(none.of(held.desktop_id()).empty()) << "though its recording goes on";
  EXPECT_FALSE(none.may_come(session));
}

TEST_F(HeldSessionsTest, WithoutAKeeperNothingIsNoted) {
  HeldSessions none(nullptr);
  none.armed(armed(), Loop::Steady::now());
  none.routed(session);
  none.connected(session);
  none.over(session);
  none.recording_over(session);
  none.tidy(Loop::Steady::now());
  EXPECT_EQ(none.size(), 0U);
}

}  // namespace
}  // namespace tobari::vmhost
