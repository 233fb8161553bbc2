// SPDX-License-Identifier: GPL-3.0-or-later
// What a display process hands over as its recording, the hostile one included.
#include "recording/recording_sink.h"

#include <atomic>
#include <condition_variable>
#include <fstream>
#include <iterator>
#include <mutex>
#include <set>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <tobari/base/random.h>
#include <tobari/recording/line.h>
#include <tobari/recording/recording.h>
#include <tobari/recording/sealer.h>

#include "temp_dir.h"

namespace tobari::vmhost {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using Kind = RecordingReport::Kind;

class RecordingSinkTest : public ::testing::Test {
 protected:
  RecordingSinkTest() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    display.reset(ends[0]);
    const timeval patience{20, 0};
    ::setsockopt(display.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    open_store();
    sink = std::make_unique<RecordingSink>(*store, session, true, UniqueFd(ends[1]));
  }
  void open_store(std::set<std::string> interrupted = {}) {
    store = RecordingStore::open(
                {.folder = folder / "recordings", .least_free = 0, .interrupted = std::move(interrupted)}, clock,
                [this](const RecordingReport& report, const std::function<void()>& stored) {
                  {
                    const std::scoped_lock lock(mutex);
                    reports.push_back(report);
                  }
                  changed.notify_all();
                  if (audit_works) stored();
                })
                .value();
  }
  // The agent ends in the middle, and the next one goes on.
  void next_agent() {
    sink.reset();
    open_store({session});
    int ends[2] = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    display.reset(ends[0]);
    const timeval patience{20, 0};
    ::setsockopt(display.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    sink = std::make_unique<RecordingSink>(*store, session, true, UniqueFd(ends[1]), RecordingSink::Begin::kGoOn);
  }
  void append_to_file(recording::View bytes) {
    std::ofstream out(folder / ("recordings/" + session + ".tbrec.part"), std::ios::binary | std::ios::app);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  }
  void say(recording::View bytes) {
    EXPECT_EQ(::send(display.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  std::uint64_t hear() {
    std::array<std::uint8_t, 8> bytes{};
    if (::recv(display.get(), bytes.data(), bytes.size(), MSG_WAITALL) != 8) return 0;
    std::uint64_t value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) value |= std::uint64_t{bytes[i]} << (8 * i);
    return value;
  }
  RecordingReport wait_report(std::size_t n) {
    std::unique_lock lock(mutex);
    changed.wait_for(lock, 20s, [&] { return reports.size() > n; });
    return reports.size() > n ? reports[n] : RecordingReport{};
  }
  recording::Bytes file(const std::string& suffix = ".tbrec") {
    std::ifstream in(folder / ("recordings/" + session + suffix), std::ios::binary);
    const std::string text(std::istreambuf_iterator<char>(in), {});
    const auto bytes = std::as_bytes(std::span(text));
    return {bytes.begin(), bytes.end()};
  }

  TempDir folder;
  SystemClock clock;
  const std::string session = random_uuid();
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<RecordingReport> reports;
  std::atomic<bool> audit_works = true;
  std::unique_ptr<RecordingStore> store;
  UniqueFd display;
  recording::Sealer sealer = recording::Sealer::create(recording::make_key_pair().public_key, session, 0).value();
  std::unique_ptr<RecordingSink> sink;
};

TEST_F(RecordingSinkTest, EveryPieceIsAnsweredWhenItIsOnTheDisk) {
  say(sealer.header());
  EXPECT_EQ(hear(), recording::kHeaderBytes);
  EXPECT_EQ(wait_report(0).kind, Kind::kStarted);
  std::uint64_t bytes = recording::kHeaderBytes;
  for (int i = 0; i < 5; ++i) {
    const auto chunk = sealer.seal({}, recording::Bytes(1000));
    say(chunk);
    bytes += chunk.size();
    EXPECT_EQ(hear(), bytes);
    EXPECT_EQ(file(".tbrec.part").size(), bytes);
  }
  const auto end = sealer.finish(1, "done");
  say(end);
  EXPECT_EQ(hear(), bytes + end.size() - recording::kTrailerBytes);
  EXPECT_EQ(hear(), bytes + end.size());
  const RecordingReport ended = wait_report(1);
  EXPECT_EQ(ended.kind, Kind::kEnded);
  const auto whole = file();
  const auto verified = recording::Recording::over(whole).value().verify().value();
  EXPECT_TRUE(verified.ended);
  EXPECT_THAT(ended.detail, HasSubstr(to_hex(verified.hash)));
  EXPECT_THAT(ended.detail, HasSubstr(std::to_string(whole.size()) + " bytes"));
}

TEST_F(RecordingSinkTest, PiecesMayComeByteByByte) {
  recording::Bytes all = sealer.header();
  for (const auto& piece : {sealer.seal({}, recording::Bytes(10)), sealer.finish(1, "done")}) {
    all.insert(all.end(), piece.begin(), piece.end());
  }
  for (const std::byte& one : all) say({&one, 1});
  std::uint64_t heard = 0;
  for (int i = 0; i < 4 && heard < all.size(); ++i) heard = hear();
  EXPECT_EQ(heard, all.size());
}

TEST_F(RecordingSinkTest, ADisplayThatDiesLeavesWhatItSaid) {
  say(sealer.header());
  const auto chunk = sealer.seal({}, recording::Bytes(10));
  say(chunk);
  say(recording::View(chunk).first(20));  // a part of one more
  display.reset();
  const RecordingReport failed = wait_report(1);
  EXPECT_EQ(failed.kind, Kind::kFailed);
  EXPECT_TRUE(failed.required);
  EXPECT_THAT(failed.detail, HasSubstr("the display process ended"));
  sink.reset();
  EXPECT_EQ(file().size(), recording::kHeaderBytes + chunk.size());
}

TEST_F(RecordingSinkTest, WhatDoesNotFollowIsNotWritten) {
  say(sealer.header());
  EXPECT_EQ(hear(), recording::kHeaderBytes);
  static_cast<void>(sealer.seal({}, recording::Bytes(10)));
  say(sealer.seal({}, recording::Bytes(10)));  // the second one without the first
  EXPECT_EQ(hear(), recording::kHostFailed);
  EXPECT_THAT(wait_report(1).detail, HasSubstr("missing"));
  sink.reset();
  EXPECT_EQ(file().size(), recording::kHeaderBytes);
}

TEST_F(RecordingSinkTest, AnothersSessionIsRefused) {
  const auto other = recording::Sealer::create(recording::make_key_pair().public_key, random_uuid(), 0).value();
  say(other.header());
  EXPECT_EQ(hear(), recording::kHostFailed);
  EXPECT_EQ(wait_report(0).kind, Kind::kFailed);
}

TEST_F(RecordingSinkTest, NonsenseIsRefused) {
  say(recording::Bytes(500));
  EXPECT_EQ(hear(), recording::kHostFailed);
}

TEST_F(RecordingSinkTest, ATicketThatNobodyUsedLeavesNothing) {
  display.reset();
  for (int i = 0; i < 1000 && !sink->finished(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_TRUE(sink->finished());
  EXPECT_TRUE(reports.empty());
  EXPECT_TRUE(file(".tbrec.part").empty());
}

TEST_F(RecordingSinkTest, NothingIsAnsweredBeforeTheAuditKnows) {
  audit_works = false;
  say(sealer.header());
  EXPECT_EQ(wait_report(0).kind, Kind::kStarted);
  std::array<std::byte, 8> answer{};
  EXPECT_LT(::recv(display.get(), answer.data(), answer.size(), MSG_DONTWAIT), 0);
  sink.reset();  // the agent ends: the file waits for the next one
  EXPECT_EQ(file(".tbrec.part").size(), recording::kHeaderBytes);
}

TEST_F(RecordingSinkTest, AnEndThatTheAuditDoesNotKnowOfIsNone) {
  say(sealer.header());
  EXPECT_EQ(hear(), recording::kHeaderBytes);
  audit_works = false;
  const auto end = sealer.finish(1, "done");
  say(end);
  EXPECT_EQ(hear(), recording::kHeaderBytes + end.size() - recording::kTrailerBytes);
  EXPECT_EQ(wait_report(1).kind, Kind::kEnded);
  sink.reset();  // the agent ends before it is stored
  std::array<std::byte, 8> answer{};
  EXPECT_LE(::recv(display.get(), answer.data(), answer.size(), MSG_DONTWAIT), 0) << "the trailer is not answered";
  EXPECT_EQ(file(".tbrec.part").size(), recording::kHeaderBytes + end.size()) << "the next agent reports it";
}

TEST_F(RecordingSinkTest, ANewAgentSaysWhatIsOnTheDiskAndGoesOnBehindIt) {
  say(sealer.header());
  EXPECT_EQ(hear(), recording::kHeaderBytes);
  const auto first = sealer.seal({}, recording::Bytes(1000));
  const auto second = sealer.seal({}, recording::Bytes(2000));
  say(first);
  EXPECT_EQ(hear(), recording::kHeaderBytes + first.size());
  say(recording::View(second).first(second.size() / 2));  // read by the agent that dies
  next_agent();
  const std::uint64_t kept = recording::kHeaderBytes + first.size();
  EXPECT_EQ(hear(), kept) << "before the display has said anything";
  EXPECT_EQ(wait_report(1).kind, Kind::kStarted);
  EXPECT_THAT(wait_report(1).detail, HasSubstr(session + ".tbrec, taken up again"));
  say(second);
  EXPECT_EQ(hear(), kept + second.size());
  const auto end = sealer.finish(1, "done");
  say(end);
  EXPECT_EQ(hear(), kept + second.size() + end.size() - recording::kTrailerBytes);
  EXPECT_EQ(hear(), kept + second.size() + end.size());
  EXPECT_EQ(wait_report(2).kind, Kind::kEnded);
  const auto whole = file();
  const auto verified = recording::Recording::over(whole).value().verify().value();
  EXPECT_TRUE(verified.ended);
  EXPECT_EQ(verified.chunks, 3U);
  EXPECT_THAT(wait_report(2).detail, HasSubstr(to_hex(verified.hash)));
}

TEST_F(RecordingSinkTest, APieceThatWasHalfWrittenIsCutOff) {
  say(sealer.header());
  EXPECT_EQ(hear(), recording::kHeaderBytes);
  const auto chunk = sealer.seal({}, recording::Bytes(1000));
  sink.reset();
  append_to_file(recording::View(chunk).first(chunk.size() / 2));
  next_agent();
  EXPECT_EQ(hear(), recording::kHeaderBytes);
  EXPECT_EQ(file(".tbrec.part").size(), recording::kHeaderBytes);
  say(chunk);
  EXPECT_EQ(hear(), recording::kHeaderBytes + chunk.size());
}

TEST_F(RecordingSinkTest, ANewAgentMayFindNothingAtAll) {
  next_agent();
  EXPECT_EQ(hear(), 0U) << "nothing is the answer, or nobody answered";
  say(sealer.header());
  EXPECT_EQ(hear(), recording::kHeaderBytes);
  EXPECT_EQ(wait_report(0).detail, "file " + session + ".tbrec");
}

TEST_F(RecordingSinkTest, AnEndThatWasWrittenAndNotReportedIsReported) {
  say(sealer.header());
  EXPECT_EQ(hear(), recording::kHeaderBytes);
  audit_works = false;
  const auto end = sealer.finish(1, "done");
  say(end);
  EXPECT_EQ(hear(), recording::kHeaderBytes + end.size() - recording::kTrailerBytes);
  EXPECT_EQ(wait_report(1).kind, Kind::kEnded);
  sink.reset();
  audit_works = true;
  next_agent();
  EXPECT_EQ(hear(), recording::kHeaderBytes + end.size());
  EXPECT_EQ(wait_report(2).kind, Kind::kEnded);
  EXPECT_EQ(file().size(), recording::kHeaderBytes + end.size());
}

TEST_F(RecordingSinkTest, ADisplayThatDoesNotGoOnLeavesWhatThereIs) {
  say(sealer.header());
  EXPECT_EQ(hear(), recording::kHeaderBytes);
  next_agent();
  EXPECT_EQ(hear(), recording::kHeaderBytes);
  display.reset();
  EXPECT_EQ(wait_report(2).kind, Kind::kFailed);
  sink.reset();
  EXPECT_EQ(file().size(), recording::kHeaderBytes);
}

TEST_F(RecordingSinkTest, WhatWasChangedMeanwhileIsNotGoneOnWith) {
  say(sealer.header());
  EXPECT_EQ(hear(), recording::kHeaderBytes);
  sink.reset();
  append_to_file(recording::Bytes(500, std::byte{'x'}));
  next_agent();
  EXPECT_EQ(hear(), recording::kHostFailed);
  EXPECT_EQ(wait_report(1).kind, Kind::kFailed);
  sink.reset();
  EXPECT_EQ(file(".tbrec.part").size(), recording::kHeaderBytes + 500) << "it stays as it is";
}

}  // namespace
}  // namespace tobari::vmhost
