// SPDX-License-Identifier: GPL-3.0-or-later
// A real client, a whole display and the host's side of a recording on a disk of its own, which may be too small.
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <sched.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/socket.h>

#include <tobari/base/random.h>
#include <tobari/recording/recording.h>

#include "headless_client.h"
#include "playback/player.h"
#include "rdp_server.h"
#include "record/recorder.h"
#include "recording/recording_sink.h"

namespace tobari {
namespace {

using namespace std::chrono_literals;
using display::Size;
using display::playback::Canvas;
using display::playback::Player;
using display::testing::HeadlessClient;
using display::testing::RdpServer;
using ::testing::HasSubstr;
using vmhost::RecordingReport;
using Kind = RecordingReport::Kind;

constexpr Size kSize{640, 480};

class RecordingDisk : public ::testing::Test {
 protected:
  // A tmpfs, in a mount name space that goes with this process.
  void disk_of(const std::string& size) {
    static const bool alone =
        ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
    if (!alone) GTEST_SKIP() << "needs root";
    std::filesystem::create_directories(folder);
    ASSERT_EQ(::mount("tmpfs", folder.c_str(), "tmpfs", 0, ("size=" + size).c_str()), 0);
    mounted = true;
    store = vmhost::RecordingStore::open({.folder = folder / "r", .least_free = 0}, clock,
                                         [this](const RecordingReport& report, const std::function<void()>& stored) {
                                           {
                                             const std::scoped_lock lock(mutex);
                                             reports.push_back(report);
                                           }
                                           changed.notify_all();
                                           stored();
                                         })
                .value();
  }
  void TearDown() override {
    recorder.reset();
    server.reset();
    sink.reset();
    store.reset();
    if (mounted) ::umount2(folder.c_str(), MNT_DETACH);
    std::filesystem::remove_all(folder);
  }

  // A client that is recorded, showing this pattern.
  std::unique_ptr<HeadlessClient> connect(const std::string& pattern, bool required,
                                          HeadlessClient::Arguments more = {"/gfx:AVC420"}) {
    server = std::make_unique<RdpServer>(pattern, kSize);
    int ends[2] = {-1, -1};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    sink = std::make_unique<vmhost::RecordingSink>(*store, session, required, UniqueFd(ends[0]));
    recorder = display::Recorder::create({keys.public_key, session, required}, UniqueFd(ends[1])).value();
    policy::Grant grant;
    grant.recording = required ? policy::Recording::kRequired : policy::Recording::kOptional;
    server->arm("t1", 60s, grant, recorder);
    HeadlessClient::Arguments arguments{"/u:x", "/p:t1", "/size:640x480"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return std::make_unique<HeadlessClient>(server->port(), arguments);
  }
  std::optional<RecordingReport> wait_report(Kind kind) {
    std::unique_lock lock(mutex);
    const auto found = [&] { return std::ranges::find(reports, kind, &RecordingReport::kind); };
    changed.wait_for(lock, 30s, [&] { return found() != reports.end(); });
    return found() == reports.end() ? std::nullopt : std::optional(*found());
  }
  static bool shows(HeadlessClient& client, const display::FrameView& expected) {
    return client.wait_picture([&](const auto& seen) { return display::testing::same_picture(seen, expected); });
  }
  recording::Recording kept() {
    auto read = recording::Recording::open(folder / "r" / (session + ".tbrec")).value();
    EXPECT_TRUE(read.unlock(keys.secret));
    return read;
  }
  // The client leaves; what was recorded is whole, as the audit says, and ends with what the client showed.
  void ends_with_the_card(std::unique_ptr<HeadlessClient> client) {
    const auto card = display::testing::card(kSize);
    ASSERT_TRUE(shows(*client, card.canvas().view()));
    client.reset();
    const auto ended = wait_report(Kind::kEnded);
    ASSERT_TRUE(ended);
    sink.reset();
    const auto read = kept();
    const auto verified = read.verify().value();
    EXPECT_TRUE(verified.ended);
    EXPECT_THAT(ended->detail, HasSubstr(to_hex(verified.hash)));
    Player player(read);
    ASSERT_TRUE(player.seek(verified.duration_us));
    Canvas shown;
    player.picture(shown, false);
    EXPECT_TRUE(display::testing::same_picture(shown.view(), card.canvas().view()));
  }

  const std::filesystem::path folder =
      std::filesystem::temp_directory_path() / ("recording_disk." + std::to_string(::getpid()));
  bool mounted = false;
  SystemClock clock;
  const std::string session = random_uuid();
  const recording::KeyPair keys = recording::make_key_pair();
  std::mutex mutex;
  std::condition_variable changed;
  std::vector<RecordingReport> reports;
  std::unique_ptr<vmhost::RecordingStore> store;
  std::unique_ptr<vmhost::RecordingSink> sink;
  std::unique_ptr<RdpServer> server;
  std::shared_ptr<display::Recorder> recorder;
};

TEST_F(RecordingDisk, WhatAClientShowedIsWhatIsPlayed) {
  disk_of("64m");
  if (IsSkipped()) return;
  auto client = connect("card", true);
  ASSERT_TRUE(client->wait_connected());
  ends_with_the_card(std::move(client));
}

TEST_F(RecordingDisk, SoItIsWithoutTheGraphicsPipeline) {
  disk_of("64m");
  if (IsSkipped()) return;
  auto client = connect("card", true, {HeadlessClient::kWithoutPipeline});
  ASSERT_TRUE(client->wait_connected());
  ends_with_the_card(std::move(client));
}

TEST_F(RecordingDisk, AFullDiskEndsWhatMustBeRecorded) {
  disk_of("512k");
  if (IsSkipped()) return;
  auto client = connect("noise", true);
  ASSERT_TRUE(client->wait_connected());
  const auto failed = wait_report(Kind::kFailed);
  ASSERT_TRUE(failed);
  EXPECT_TRUE(failed->required);
  EXPECT_THAT(failed->detail, HasSubstr("No space left"));
  EXPECT_TRUE(client->wait_ended());
  const auto closed = server->wait_closed(0);
  ASSERT_TRUE(closed);
  EXPECT_THAT(closed->reason.message, HasSubstr("must be recorded"));
  sink.reset();
  const auto verified = kept().verify().value();  // what is there is whole, up to where it ends
  EXPECT_FALSE(verified.ended);
  EXPECT_GT(verified.chunks, 0U);
  EXPECT_EQ(verified.whole, kept().size());
  EXPECT_THAT(failed->detail, HasSubstr(to_hex(verified.hash)));
}

TEST_F(RecordingDisk, AFullDiskEndsOnlyTheRecordingOfWhatShouldBe) {
  disk_of("512k");
  if (IsSkipped()) return;
  auto client = connect("noise", false);
  ASSERT_TRUE(client->wait_connected());
  ASSERT_TRUE(wait_report(Kind::kFailed));
  int pictures = 0;
  EXPECT_TRUE(client->wait_picture([&pictures](const auto&) { return ++pictures > 20; }));
  EXPECT_FALSE(client->wait_ended(0ms));
  EXPECT_FALSE(recorder->busy());
}

}  // namespace
}  // namespace tobari
