// SPDX-License-Identifier: GPL-3.0-or-later
// The recorder and its host: what is handed over, what is held back, and what a failure means.
#include "record/recorder.h"

#include <atomic>
#include <functional>

#include <gtest/gtest.h>

#include <tobari/display/display_transport.h>

#include "host_side.h"

namespace tobari::display {
namespace {

using namespace std::chrono_literals;

bool eventually(const std::function<bool()>& holds) {
  for (int i = 0; i < 2000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(10ms);
  }
  return false;
}

class RecorderTest : public ::testing::Test {
 protected:
  std::shared_ptr<Recorder> make(bool required, RecorderLimits limits = {}) {
    limits.flush_after = std::min(limits.flush_after, 10ms);
    auto made = Recorder::create({keys.public_key, kSession, required, limits}, host.take_line()).value();
    Admitted admitted;
    admitted.session_id = kSession;
    admitted.grant.user = "alice";
    made->begin({"192.0.2.7", "pad", {}}, admitted, [this](const Error& why) {
      said = why.code;
      failed = true;
    });
    return made;
  }
  static EncodedFrame frame(std::size_t bytes = 4) {
    EncodedFrame made;
    EncodedRect rect;
    rect.codec = Codec::kSolid;
    rect.rect = {0, 0, 8, 8};
    rect.data.assign(bytes, std::byte{1});
    made.rects.push_back(std::move(rect));
    return made;
  }

  recording::KeyPair keys = recording::make_key_pair();
  HostSide host;
  std::atomic<bool> failed = false;
  std::atomic<Errc> said = Errc::kInternal;
};

TEST_F(RecorderTest, SaysWhoseItIsAndEndsWithAReason) {
  auto recorder = make(true);
  recorder->end("the client left");
  const auto bytes = host.wait_for_end();
  auto read = recording::Recording::over(bytes).value();
  ASSERT_TRUE(read.unlock(keys.secret));
  const auto first = read.read(recording::Recording::first()).value();
  recording::Events events(first.events);
  const auto about = recording::parse_about(events.next().value()->data).value();
  EXPECT_EQ(about[1], std::pair(std::string("user"), std::string("alice")));
  EXPECT_EQ(about[3], std::pair(std::string("client_address"), std::string("192.0.2.7")));
  EXPECT_TRUE(eventually([&] { return !recorder->busy(); }));
  EXPECT_FALSE(failed);
}

TEST_F(RecorderTest, RequiredShowsNothingBeforeTheFileIsThere) {
  host.answer_nothing(true);
  auto recorder = make(true);
  EXPECT_TRUE(recorder->holds());
  static_cast<void>(host.wait_for(recording::kHeaderBytes));
  EXPECT_TRUE(recorder->holds());
  host.answer_nothing(false);
  EXPECT_TRUE(eventually([&] { return !recorder->holds(); }));
}

TEST_F(RecorderTest, RequiredHoldsWhatIsShownUntilTheHostCatchesUp) {
  RecorderLimits limits;
  limits.unrecorded = 50ms;
  auto recorder = make(true, limits);
  ASSERT_TRUE(eventually([&] { return !recorder->holds(); }));
  host.answer_nothing(true);
  recorder->on_frame(1, 0, frame());
  EXPECT_TRUE(eventually([&] { return recorder->holds(); }));
  host.answer_nothing(false);
  EXPECT_TRUE(eventually([&] { return !recorder->holds(); }));
  EXPECT_FALSE(failed);
}

TEST_F(RecorderTest, RequiredHoldsWhenTooMuchWaits) {
  RecorderLimits limits;
  limits.waiting_bytes = 100'000;
  auto recorder = make(true, limits);
  ASSERT_TRUE(eventually([&] { return !recorder->holds(); }));
  host.answer_nothing(true);
  EXPECT_FALSE(recorder->holds());
  recorder->on_frame(1, 0, frame(200'000));
  EXPECT_TRUE(recorder->holds()) << "at once";
}

TEST_F(RecorderTest, OptionalHoldsNothingAndGivesUp) {
  RecorderLimits limits;
  limits.give_up_after = 100ms;
  host.answer_nothing(true);
  auto recorder = make(false, limits);
  recorder->on_frame(1, 0, frame());
  EXPECT_FALSE(recorder->holds());
  EXPECT_TRUE(eventually([&] { return !recorder->busy(); }));
  EXPECT_FALSE(recorder->holds());
  EXPECT_FALSE(failed) << "the session goes on";
}

TEST_F(RecorderTest, OptionalGivesUpWhenTooMuchWaits) {
  RecorderLimits limits;
  limits.waiting_bytes = 100'000;
  host.answer_nothing(true);
  auto recorder = make(false, limits);
  recorder->on_frame(1, 0, frame(200'000));
  EXPECT_TRUE(eventually([&] { return !recorder->busy(); }));
}

TEST_F(RecorderTest, AHostThatCannotWriteEndsWhatMustBeRecorded) {
  auto recorder = make(true);
  static_cast<void>(host.wait_for(recording::kHeaderBytes));
  host.fail();
  EXPECT_TRUE(eventually([&] { return failed.load(); }));
  EXPECT_EQ(said, Errc::kIo);
  EXPECT_TRUE(recorder->holds()) << "nothing more is shown meanwhile";
}

TEST_F(RecorderTest, AHostThatHangsUpIsNoticed) {
  auto recorder = make(true);
  static_cast<void>(host.wait_for(recording::kHeaderBytes));
  host.hang_up();
  EXPECT_TRUE(eventually([&] { return failed.load(); }));
  EXPECT_EQ(said, Errc::kUnavailable);
}

TEST_F(RecorderTest, AHostThatIsSilentIsNotWaitedForForEver) {
  RecorderLimits limits;
  limits.give_up_after = 100ms;
  host.answer_nothing(true);
  auto recorder = make(true, limits);
  EXPECT_TRUE(eventually([&] { return failed.load(); }));
  EXPECT_EQ(said, Errc::kTimeout);
}

TEST_F(RecorderTest, AHostThatHasMoreThanItWasGivenIsNotBelieved) {
  auto recorder = make(true);
  static_cast<void>(host.wait_for(recording::kHeaderBytes));
  host.lie(1'000'000);
  EXPECT_TRUE(eventually([&] { return failed.load(); }));
  EXPECT_EQ(said, Errc::kPeerProtocol);
}

TEST_F(RecorderTest, NeverBegunEndsAtOnce) {
  auto recorder = Recorder::create({keys.public_key, kSession, true}, host.take_line()).value();
  EXPECT_FALSE(recorder->busy());
  recorder->end("nobody came");
  recorder.reset();
  EXPECT_TRUE(host.wait_for(1).empty()) << "not even a header";
}

TEST_F(RecorderTest, ManyFramesArriveWholeAndInOrder) {
  auto recorder = make(true);
  constexpr std::uint32_t kFrames = 3000;
  for (std::uint32_t id = 1; id <= kFrames; ++id) recorder->on_frame(id, 0, frame(4));
  recorder->end("done");
  const auto bytes = host.wait_for_end();
  auto read = recording::Recording::over(bytes).value();
  ASSERT_TRUE(read.unlock(keys.secret));
  std::uint32_t seen = 0;
  std::uint64_t time = 0;
  for (std::uint64_t at = recording::Recording::first();;) {
    const auto chunk = read.read(at).value();
    at = chunk.next;
    if ((chunk.head.flags & recording::kEnd) != 0) break;
    recording::Events events(chunk.events);
    for (auto event = events.next().value(); event; event = events.next().value()) {
      EXPECT_GE(event->time_us, time);
      time = event->time_us;
      seen += event->type == recording::EventType::kGraphics ? 1U : 0U;
    }
  }
  EXPECT_EQ(seen, kFrames);
}

TEST_F(RecorderTest, AsksForAStartAfterEnoughAndNotBefore) {
  RecorderLimits limits;
  limits.idle_bytes = 10'000;
  limits.busy_bytes = 100'000;
  auto recorder = make(true, limits);
  EXPECT_EQ(recorder->wishes(), ShownTap::Wish::kNothing);
  recorder->on_frame(1, 0, frame(5'000));
  EXPECT_EQ(recorder->wishes(), ShownTap::Wish::kNothing);
  recorder->on_frame(2, 0, frame(6'000));
  EXPECT_EQ(recorder->wishes(), ShownTap::Wish::kWhenIdle);
  recorder->on_frame(3, 0, frame(100'000));
  EXPECT_EQ(recorder->wishes(), ShownTap::Wish::kNow);
  recorder->start_anew({}, {});
  EXPECT_EQ(recorder->wishes(), ShownTap::Wish::kNothing);
}

// ---- the host's agent is started again

class InterruptedRecorder : public RecorderTest {
 protected:
  static RecorderLimits patient() {
    RecorderLimits limits;
    limits.unrecorded = 50ms;
    limits.line_again_within = 20s;
    return limits;
  }
  // Of one that must be recorded: shown, and on the host's disk.
  std::shared_ptr<Recorder> recorded(RecorderLimits limits = patient()) {
    auto made = make(true, limits);
    EXPECT_TRUE(eventually([&] { return !made->holds(); }));
    made->on_frame(1, 0, frame());
    const std::size_t some = recording::kHeaderBytes + recording::kChunkHeadBytes;
    EXPECT_GT(host.wait_for(some + 1).size(), some);
    return made;
  }
  // What both hosts were given, as the file would have it.
  void expect_whole(std::uint32_t frames) {
    auto bytes = next.wait_for_end();
    auto read = recording::Recording::over(bytes).value();
    ASSERT_TRUE(read.unlock(keys.secret));
    ASSERT_TRUE(read.verify().has_value());
    EXPECT_TRUE(read.verify()->ended);
    std::uint32_t seen = 0;
    for (std::uint64_t at = recording::Recording::first();;) {
      const auto chunk = read.read(at).value();
      at = chunk.next;
      if ((chunk.head.flags & recording::kEnd) != 0) break;
      recording::Events events(chunk.events);
      for (auto event = events.next().value(); event; event = events.next().value()) {
        seen += event->type == recording::EventType::kGraphics ? 1U : 0U;
      }
    }
    EXPECT_EQ(seen, frames);
  }
  HostSide next;
};

TEST_F(InterruptedRecorder, HoldsWhatIsShownUntilAnotherAgentGoesOn) {
  auto recorder = recorded();
  host.hang_up();
  recorder->on_frame(2, 0, frame());
  EXPECT_TRUE(eventually([&] { return recorder->holds(); }));
  next.go_on_with(host.disk());
  recorder->replace_line(next.take_line());
  EXPECT_TRUE(eventually([&] { return !recorder->holds(); }));
  recorder->on_frame(3, 0, frame());
  recorder->end("done");
  expect_whole(3);
  EXPECT_FALSE(failed);
}

TEST_F(InterruptedRecorder, SendsAgainWhatTheAgentHadInMemoryOnly) {
  auto recorder = recorded();
  host.answer_nothing(true);  // it reads on, and writes nothing any more
  const auto disk = host.disk();
  for (std::uint32_t id = 2; id <= 50; ++id) recorder->on_frame(id, 0, frame(5000));
  EXPECT_GT(host.wait_for(disk.size() + 1).size(), disk.size());
  host.hang_up();
  next.go_on_with(disk);
  recorder->replace_line(next.take_line());
  recorder->end("done");
  expect_whole(50);
  EXPECT_FALSE(failed);
}

TEST_F(InterruptedRecorder, ASessionThatEndsMeanwhileWaitsWithItsEnd) {
  RecorderLimits limits = patient();
  limits.finish_within = 100ms;
  auto recorder = recorded(limits);
  host.hang_up();
  recorder->end("the client left");
  std::this_thread::sleep_for(300ms);  // longer than the end would be waited for
  EXPECT_TRUE(recorder->busy());
  next.go_on_with(host.disk());
  recorder->replace_line(next.take_line());
  expect_whole(1);
  EXPECT_TRUE(eventually([&] { return !recorder->busy(); }));
}

TEST_F(InterruptedRecorder, IsNotGivenUpWhileTheAgentIsAway) {
  RecorderLimits limits = patient();
  limits.give_up_after = 500ms;
  auto recorder = recorded(limits);
  host.hang_up();
  recorder->on_frame(2, 0, frame());
  std::this_thread::sleep_for(800ms);  // longer than a host that is there may be silent
  EXPECT_FALSE(failed);
  next.go_on_with(host.disk());
  recorder->replace_line(next.take_line());
  EXPECT_TRUE(eventually([&] { return !recorder->holds(); }));
  recorder->end("done");
  expect_whole(2);
}

TEST_F(InterruptedRecorder, NobodyWhoGoesOnEndsTheSession) {
  RecorderLimits limits = patient();
  limits.line_again_within = 100ms;
  auto recorder = recorded(limits);
  host.hang_up();
  EXPECT_TRUE(eventually([&] { return failed.load(); }));
  EXPECT_EQ(said, Errc::kUnavailable);
  EXPECT_TRUE(recorder->holds());
}

TEST_F(InterruptedRecorder, AHostThatLostWhatItHadIsNotBelieved) {
  auto recorder = recorded();
  host.hang_up();
  next.go_on_with({});  // nothing is left
  recorder->replace_line(next.take_line());
  EXPECT_TRUE(eventually([&] { return failed.load(); }));
  EXPECT_EQ(said, Errc::kPeerProtocol);
}

TEST_F(InterruptedRecorder, AHostGoesOnWithWholePieces) {
  host.answer_nothing(true);
  auto recorder = make(true, patient());
  static_cast<void>(host.wait_for(recording::kHeaderBytes));
  host.hang_up();
  next.go_on_with(recording::Bytes(recording::kHeaderBytes - 1));
  recorder->replace_line(next.take_line());
  EXPECT_TRUE(eventually([&] { return failed.load(); }));
  EXPECT_EQ(said, Errc::kPeerProtocol);
}

TEST_F(InterruptedRecorder, ALineMayBeReplacedBeforeAnybodyCame) {
  auto recorder = Recorder::create({keys.public_key, kSession, true, patient()}, host.take_line()).value();
  host.hang_up();
  next.go_on_with({});
  recorder->replace_line(next.take_line());
  Admitted admitted;
  admitted.session_id = kSession;
  recorder->begin({"192.0.2.7", "pad", {}}, admitted, [this](const Error&) { failed = true; });
  EXPECT_TRUE(eventually([&] { return !recorder->holds(); }));
  recorder->on_frame(1, 0, frame());
  recorder->end("done");
  expect_whole(1);
}

TEST_F(InterruptedRecorder, StoppingDoesNotWaitForAnAgent) {
  auto recorder = recorded();
  host.hang_up();
  const auto began = std::chrono::steady_clock::now();
  recorder->stop();
  EXPECT_LT(std::chrono::steady_clock::now() - began, 10s);
}

TEST_F(InterruptedRecorder, OneThatIsOverClosesTheLineAtOnce) {
  auto recorder = recorded();
  recorder->end("done");
  static_cast<void>(host.wait_for_end());
  EXPECT_TRUE(eventually([&] { return !recorder->busy(); }));
  recorder->replace_line(next.take_line());
  static_cast<void>(next.wait_for(1));
  EXPECT_TRUE(next.closed());
}

}  // namespace
}  // namespace tobari::display
