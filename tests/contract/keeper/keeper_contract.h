// SPDX-License-Identifier: GPL-3.0-or-later
// What every DescriptorKeeper does, stated once. A test of one implementation derives a place where agents come and go:
//   explicit Place(std::chrono::seconds hold);
//   std::unique_ptr<DescriptorKeeper> attach();  // an agent comes; the one before has gone
//   void time_is_over();                         // no agent has come for so long: now, or soon by itself
#pragma once

#include <cerrno>
#include <chrono>
#include <csignal>
#include <fcntl.h>
#include <map>
#include <memory>
#include <poll.h>
#include <string>
#include <unistd.h>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "keeper/descriptor_keeper.h"

// glibc 2.41 forgets to say that these are C.
extern "C" {
#include <sys/pidfd.h>
}

namespace tobari::vmhost {

inline constexpr std::chrono::seconds kLongHold{120};
inline constexpr std::chrono::seconds kShortHold{1};

// One end is kept, the other one tells whether anybody has it.
class KeptEnd {
 public:
  KeptEnd() {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return;
    other_.reset(ends[0]);
    given_.reset(ends[1]);
  }
  [[nodiscard]] int given() const { return given_.get(); }
  void forget_ours() { given_.reset(); }
  // Whether somebody has it; waits for its end at most so long.
  [[nodiscard]] bool closes_within(std::chrono::milliseconds limit) const {
    pollfd item{other_.get(), POLLIN, 0};
    char byte = 0;
    return ::poll(&item, 1, static_cast<int>(limit.count())) > 0 && ::recv(other_.get(), &byte, 1, MSG_DONTWAIT) == 0;
  }
  // Whether that descriptor is this end.
  [[nodiscard]] bool is(const UniqueFd& descriptor) const {
    char byte = 'x';
    if (::send(other_.get(), &byte, 1, MSG_NOSIGNAL) != 1) return false;
    byte = 0;
    return ::recv(descriptor.get(), &byte, 1, MSG_DONTWAIT) == 1 && byte == 'x';
  }

 private:
  UniqueFd other_;
  UniqueFd given_;
};

// A process that does nothing, and does not end when it is asked.
class StubbornProcess {
 public:
  StubbornProcess() {
    pid_ = ::fork();
    if (pid_ == 0) {
      ::signal(SIGTERM, SIG_IGN);
      for (;;) ::pause();
    }
    pidfd_.reset(::pidfd_open(pid_, 0));
  }
  ~StubbornProcess() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  StubbornProcess(const StubbornProcess&) = delete;
  StubbornProcess& operator=(const StubbornProcess&) = delete;
  [[nodiscard]] int pidfd() const { return pidfd_.get(); }
  [[nodiscard]] bool ends_within(std::chrono::milliseconds limit) const {
    pollfd item{pidfd_.get(), POLLIN, 0};
    return ::poll(&item, 1, static_cast<int>(limit.count())) > 0;
  }

 private:
  pid_t pid_ = -1;
  UniqueFd pidfd_;
};

[[nodiscard]] inline std::map<std::string, Kept> by_name(std::vector<Kept> kept) {
  std::map<std::string, Kept> found;
  for (Kept& each : kept) {
    std::string name = each.name;
    found.emplace(std::move(name), std::move(each));
  }
  return found;
}

template <class Place>
class KeeperContract : public ::testing::Test {};
TYPED_TEST_SUITE_P(KeeperContract);

TYPED_TEST_P(KeeperContract, TheNextAgentGetsEachDescriptorAndItsNote) {
  TypeParam place(kLongHold);
  KeptEnd first;
  KeptEnd second;
  {
    const auto agent = place.attach();
    EXPECT_TRUE(agent->take().empty()) << "there was none before";
    agent->keep("display/a", "of a", first.given());
    agent->keep("display/b", std::string("\0\xff", 2), second.given());
    agent->annotate("session/s", "a note only");
  }
  first.forget_ours();
  second.forget_ours();
  const auto next = place.attach();
  const auto kept = by_name(next->take());
  ASSERT_EQ(kept.size(), 3U);
  EXPECT_EQ(kept.at("display/a").note, "of a");
  EXPECT_TRUE(first.is(kept.at("display/a").descriptor));
  EXPECT_EQ(kept.at("display/b").note, std::string("\0\xff", 2));
  EXPECT_TRUE(second.is(kept.at("display/b").descriptor));
  EXPECT_FALSE(kept.at("session/s").descriptor);
  EXPECT_NE(::fcntl(kept.at("display/a").descriptor.get(), F_GETFD) & FD_CLOEXEC, 0);
  EXPECT_TRUE(next->take().empty()) << "it is given once";
}

TYPED_TEST_P(KeeperContract, WhatWasTakenIsStillKeptForTheOneAfter) {
  TypeParam place(kLongHold);
  KeptEnd end;
  place.attach()->keep("display/a", "1", end.given());
  end.forget_ours();
  EXPECT_EQ(place.attach()->take().size(), 1U);
  const auto third = place.attach();
  const auto kept = third->take();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_TRUE(end.is(kept.front().descriptor));
}

TYPED_TEST_P(KeeperContract, ANoteChangesWithoutItsDescriptor) {
  TypeParam place(kLongHold);
  KeptEnd end;
  {
    const auto agent = place.attach();
    agent->keep("display/a", "before", end.given());
    agent->annotate("display/a", "after");
  }
  end.forget_ours();
  const auto next = place.attach();
  const auto kept = next->take();
  ASSERT_EQ(kept.size(), 1U);
  EXPECT_EQ(kept.front().note, "after");
  EXPECT_TRUE(end.is(kept.front().descriptor));
}

TYPED_TEST_P(KeeperContract, TheSameNameReplacesWhatItHad) {
  TypeParam place(kLongHold);
  KeptEnd former;
  KeptEnd newer;
  const auto agent = place.attach();
  agent->keep("display/a", "", former.given());
  former.forget_ours();
  agent->keep("display/a", "", newer.given());
  newer.forget_ours();
  EXPECT_TRUE(former.closes_within(std::chrono::seconds(10)));
  EXPECT_FALSE(newer.closes_within(std::chrono::milliseconds(50)));
}

TYPED_TEST_P(KeeperContract, WhatIsDroppedIsClosed) {
  TypeParam place(kLongHold);
  KeptEnd end;
  {
    const auto agent = place.attach();
    agent->keep("display/a", "", end.given());
    end.forget_ours();
    EXPECT_FALSE(end.closes_within(std::chrono::milliseconds(50)));
    agent->drop("display/a");
    agent->drop("display/unknown");
    EXPECT_TRUE(end.closes_within(std::chrono::seconds(10)));
  }
  EXPECT_TRUE(place.attach()->take().empty());
}

TYPED_TEST_P(KeeperContract, NothingClosesWhileNoAgentIsThere) {
  TypeParam place(kLongHold);
  KeptEnd end;
  StubbornProcess process;
  {
    const auto agent = place.attach();
    agent->keep("display/a", "", end.given());
    agent->keep("process/a", "", process.pidfd(), DescriptorKeeper::What::kProcess);
    end.forget_ours();
  }
  EXPECT_FALSE(end.closes_within(std::chrono::milliseconds(200)));
  EXPECT_FALSE(process.ends_within(std::chrono::milliseconds(0)));
  const auto kept = by_name(place.attach()->take());
  EXPECT_TRUE(kept.at("process/a").process);
  EXPECT_FALSE(kept.at("display/a").process);
}

TYPED_TEST_P(KeeperContract, WhenTheTimeIsOverProcessesEndAndAllIsClosed) {
  TypeParam place(kShortHold);
  KeptEnd end;
  StubbornProcess process;
  {
    const auto agent = place.attach();
    agent->keep("display/a", "", end.given());
    agent->keep("process/a", "", process.pidfd(), DescriptorKeeper::What::kProcess);
    end.forget_ours();
  }
  place.time_is_over();
  EXPECT_TRUE(end.closes_within(std::chrono::seconds(20)));
  EXPECT_TRUE(process.ends_within(std::chrono::seconds(20))) << "although it does not want to";
  EXPECT_TRUE(place.attach()->take().empty());
}

TYPED_TEST_P(KeeperContract, TheEndLeavesNothing) {
  TypeParam place(kLongHold);
  KeptEnd end;
  StubbornProcess process;
  {
    const auto agent = place.attach();
    agent->keep("display/a", "", end.given());
    agent->keep("process/a", "", process.pidfd(), DescriptorKeeper::What::kProcess);
    end.forget_ours();
    agent->end();
    EXPECT_TRUE(end.closes_within(std::chrono::seconds(10)));
    EXPECT_TRUE(process.ends_within(std::chrono::seconds(20)));
  }
  EXPECT_TRUE(place.attach()->take().empty());
}

// More than a socket takes at once.
TYPED_TEST_P(KeeperContract, HundredsComeBackWhole) {
  constexpr int kMany = 300;
  TypeParam place(kLongHold);
  KeptEnd end;
  {
    const auto agent = place.attach();
    for (int i = 0; i < kMany; ++i) {
      agent->keep("display/" + std::to_string(i), std::string(900, 'n') + std::to_string(i), end.given());
    }
  }
  const auto next = place.attach();
  const auto kept = by_name(next->take());
  ASSERT_EQ(kept.size(), static_cast<std::size_t>(kMany));
  for (int i = 0; i < kMany; ++i) {
    const Kept& each = kept.at("display/" + std::to_string(i));
    ASSERT_EQ(each.note, std::string(900, 'n') + std::to_string(i));
    ASSERT_TRUE(end.is(each.descriptor));
  }
}

TYPED_TEST_P(KeeperContract, WhatIsTooLargeIsNotKeptAndHarmsNothing) {
  TypeParam place(kLongHold);
  {
    const auto agent = place.attach();
    agent->annotate("session/s", "fits");
    agent->annotate("", "no name");
    agent->annotate(std::string(kMaxKeptName + 1, 'n'), "");
    agent->annotate("long", std::string(kMaxKeptNote + 1, 'n'));
    agent->annotate("session/s", std::string(kMaxKeptNote + 1, 'n'));
    agent->annotate(std::string(kMaxKeptName, 'n'), std::string(kMaxKeptNote, 'n'));
  }
  const auto next = place.attach();
  const auto kept = by_name(next->take());
  EXPECT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept.at("session/s").note, "fits");
}

REGISTER_TYPED_TEST_SUITE_P(KeeperContract, TheNextAgentGetsEachDescriptorAndItsNote,
                            WhatWasTakenIsStillKeptForTheOneAfter, ANoteChangesWithoutItsDescriptor,
                            TheSameNameReplacesWhatItHad, WhatIsDroppedIsClosed, NothingClosesWhileNoAgentIsThere,
                            WhenTheTimeIsOverProcessesEndAndAllIsClosed, TheEndLeavesNothing, HundredsComeBackWhole,
                            WhatIsTooLargeIsNotKeptAndHarmsNothing);

}  // namespace tobari::vmhost
