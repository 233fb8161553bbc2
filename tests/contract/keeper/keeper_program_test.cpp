// SPDX-License-Identifier: GPL-3.0-or-later
// The real program, and what only a program can do: wait for one agent to go, die, be started again.
#include <chrono>
#include <functional>
#include <thread>

#include <tobari/display/control_channel.h>

#include "../../integration/vmhost/processes.h"
#include "../../unit/vmhost/temp_dir.h"
#include "host/unix_socket.h"
#include "keeper/keeper_line.h"
#include "keeper_contract.h"
#include "tobari/keeper.pb.h"

namespace tobari::vmhost {
namespace {

using namespace std::chrono_literals;

class ProgramPlace {
 public:
  explicit ProgramPlace(std::chrono::seconds hold) : hold_(hold), loop_(Loop::create().value()) {}
  // Whatever is left of it ends: nobody comes any more.
  ~ProgramPlace() {
    if (!connect_unix(socket(), SOCK_SEQPACKET)) return;
    if (const auto last = try_attach(20s)) (*last)->end();
  }
  ProgramPlace(const ProgramPlace&) = delete;
  ProgramPlace& operator=(const ProgramPlace&) = delete;

  [[nodiscard]] Result<std::unique_ptr<KeeperLine>> try_attach(std::chrono::milliseconds within) {
    return KeeperLine::create(
        *loop_,
        {.socket = socket(), .program = TOBARI_KEEPER, .hold = hold_, .attach_within = within, .again_after = 50ms});
  }
  std::unique_ptr<DescriptorKeeper> attach() {
    auto made = try_attach(20s);
    EXPECT_TRUE(made.has_value()) << describe(made.error());
    return made ? *std::move(made) : nullptr;
  }
  void time_is_over() {}  // it passes
  [[nodiscard]] std::string socket() const { return folder_ / "keeper.sock"; }
  [[nodiscard]] Loop& loop() { return *loop_; }

  // The agents' loop runs until that holds.
  bool run_until(const std::function<bool()>& holds, std::chrono::seconds within = 20s) {
    const auto deadline = Loop::Steady::now() + within;
    while (!holds()) {
      if (Loop::Steady::now() > deadline) return false;
      const auto turn = loop_->after(10ms, [this] { loop_->stop(); });
      loop_->run();
    }
    return true;
  }

 private:
  const std::chrono::seconds hold_;
  TempDir folder_;
  std::unique_ptr<Loop> loop_;
};
INSTANTIATE_TYPED_TEST_SUITE_P(Program, KeeperContract, ProgramPlace);

TEST(KeeperProgram, OneAgentAtATimeAndTheNextWaitsForIt) {
  ProgramPlace place(kLongHold);
  KeptEnd end;
  auto agent = place.attach();
  agent->keep("display/a", "", end.given());
  const auto too_early = place.try_attach(200ms);
  ASSERT_FALSE(too_early.has_value()) << "two agents would both be this host";
  EXPECT_EQ(too_early.error().code, Errc::kTimeout);
  std::vector<Kept> kept;
  std::jthread next([&place, &kept] {
    const auto loop = Loop::create().value();
    auto line = KeeperLine::create(*loop, {.socket = place.socket(), .attach_within = 20s});
    if (line) kept = (*line)->take();
  });
  agent.reset();
  next.join();
  EXPECT_EQ(kept.size(), 1U);
}

TEST(KeeperProgram, ThatDiesIsStartedAgainAndGivenEverything) {
  ProgramPlace place(kLongHold);
  KeptEnd end;
  auto agent = place.attach();
  agent->keep("display/a", "note", end.given());
  const auto before = children_named("tobari-keeper");
  ASSERT_EQ(before.size(), 1U);
  ::kill(before.front(), SIGKILL);
  EXPECT_TRUE(place.run_until([&] {
    const auto now = children_named("tobari-keeper");
    return now.size() == 1 && now != before;
  }));
  agent->annotate("session/s", "later");
  end.forget_ours();
  EXPECT_TRUE(place.run_until([&] { return connect_unix(place.socket(), SOCK_SEQPACKET).has_value(); }));
  agent.reset();
  const auto next = place.attach();
  const auto kept = by_name(next->take());
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_TRUE(end.is(kept.at("display/a").descriptor));
  EXPECT_EQ(kept.at("session/s").note, "later");
}

// The keeper finds the line of one that lived for a moment, with everything that it said, when nobody is there to
// answer.
TEST(KeeperProgram, WhatAnAgentSaidBeforeItDiedIsKept) {
  ProgramPlace place(kLongHold);
  KeptEnd end;
  place.attach()->keep("display/a", "", end.given());
  const auto keeper = children_named("tobari-keeper");
  ASSERT_EQ(keeper.size(), 1U);
  ::kill(keeper.front(), SIGSTOP);
  {
    display::ControlChannel line(connect_unix(place.socket(), SOCK_SEQPACKET).value());
    wire::ToKeeper message;
    message.mutable_attach()->set_hold_seconds(60);
    EXPECT_TRUE(line.send(message).has_value());
    message.mutable_keep()->set_name("session/s");
    message.mutable_keep()->set_note("last words");
    EXPECT_TRUE(line.send(message).has_value());
  }
  ::kill(keeper.front(), SIGCONT);
  const auto kept = by_name(place.attach()->take());
  ASSERT_TRUE(kept.contains("session/s"));
  EXPECT_EQ(kept.at("session/s").note, "last words");
  EXPECT_TRUE(kept.contains("display/a"));
}

TEST(KeeperProgram, EndsWhenNothingIsLeftToKeep) {
  ProgramPlace place(kLongHold);
  static_cast<void>(place.attach());
  EXPECT_TRUE(eventually([&] { return !connect_unix(place.socket(), SOCK_SEQPACKET).has_value(); }));
}

TEST(KeeperProgram, WhatIsNoMessageEndsThatLineAlone) {
  ProgramPlace place(kLongHold);
  KeptEnd end;
  place.attach()->keep("display/a", "", end.given());
  end.forget_ours();
  {
    const auto stranger = connect_unix(place.socket(), SOCK_SEQPACKET);
    ASSERT_TRUE(stranger.has_value());
    const std::string nonsense(3000, '\xff');
    ASSERT_GT(::send(stranger->get(), nonsense.data(), nonsense.size(), MSG_NOSIGNAL), 0);
    char byte = 0;
    pollfd item{stranger->get(), POLLIN, 0};
    ASSERT_GT(::poll(&item, 1, 10'000), 0);
    EXPECT_EQ(::recv(stranger->get(), &byte, 1, 0), 0) << "it is cut off";
  }
  EXPECT_EQ(place.attach()->take().size(), 1U);
}

TEST(KeeperProgram, NobodyIsThere) {
  const TempDir folder;
  const auto loop = Loop::create().value();
  const auto line = KeeperLine::create(*loop, {.socket = folder / "nobody"});
  ASSERT_FALSE(line.has_value());
  EXPECT_NE(line.error().message.find("tobari-keeper"), std::string::npos);
  const auto missing = KeeperLine::create(*loop, {.socket = folder / "nobody", .program = "/nonexistent/keeper"});
  EXPECT_FALSE(missing.has_value());
}

}  // namespace
}  // namespace tobari::vmhost
