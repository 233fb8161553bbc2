// SPDX-License-Identifier: GPL-3.0-or-later
// What a whole session says of itself: figures of a client's time, and small pictures with or without a client.
#include <future>
#include <thread>

#include <gmock/gmock.h>

#include <tobari/base/thumbnail.h>
#include <tobari/display/fake_display_transport.h>

#include "capture/test_pattern_source.h"
#include "session/display_session.h"
#include "session_fixture.h"

namespace tobari::display {
namespace {

using namespace std::chrono_literals;
constexpr Size kCounted{320, 240};

class Listener final : public QuietObserver {
 public:
  void on_client_statistics(const Admitted& admitted, const DisplayStats& statistics) override {
    const std::scoped_lock lock(mutex_);
    told_.emplace_back(admitted.session_id, statistics);
  }
  std::vector<std::pair<std::string, DisplayStats>> told() {
    const std::scoped_lock lock(mutex_);
    return told_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::pair<std::string, DisplayStats>> told_;
};

class SessionStatistics : public ::testing::Test {
 protected:
  FakeDisplayTransport& connect(const std::string& session_id) {
    auto made = std::make_unique<FakeDisplayTransport>();
    FakeDisplayTransport& client = *made;
    EXPECT_TRUE(session.add_client(std::move(made), {"fake", ""}));
    Admitted admitted;
    admitted.session_id = session_id;
    static_cast<void>(client.authenticate(client_of(kCounted), admitted));
    client.become_ready();
    return client;
  }
  void show(std::string_view pattern) { session.set_source(TestPatternSource::make(pattern, kCounted).value()); }
  static bool shows_card(FakeDisplayTransport& client) {
    const TestPattern card(Pattern::kCard, kCounted);
    return client.wait_until([&card](const auto& c) { return c.shows(card.canvas().view()); });
  }
  Result<std::vector<std::byte>> thumbnail() {
    std::promise<Result<std::vector<std::byte>>> promise;
    session.take_thumbnail([&promise](const auto& jpeg) { promise.set_value(jpeg); });
    return promise.get_future().get();
  }

  Listener listener;
  DisplaySession session{listener};
};

TEST_F(SessionStatistics, CountWhatAClientWasShownAndHowFastItsKeysWereAnswered) {
  show("card");
  auto& client = connect("s1");
  ASSERT_TRUE(shows_card(client));
  EXPECT_TRUE(session.statistics().connected);
  for (const std::uint8_t key : {std::uint8_t{0x1E}, std::uint8_t{0x1F}}) {
    std::size_t frames = 0;
    client.wait_until([&frames](const auto& c) { return frames = c.frames(), true; });
    client.input().key({key, false, true});
    ASSERT_TRUE(client.wait_until([frames](const auto& c) { return c.frames() > frames; }));
  }
  client.input().move({{10, 10}});  // changes nothing and is not measured
  // The client has a frame a moment before it is known to have left.
  while (session.statistics().input_of_all().count() < 2) std::this_thread::yield();
  while (session.statistics().frames_acknowledged < session.statistics().frames) std::this_thread::yield();
  client.disconnect();
  const auto told = listener.told();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].first, "s1");
  const DisplayStats& seen = told[0].second;
  EXPECT_GE(seen.frames, 3U);
  EXPECT_EQ(seen.frames, seen.frames_acknowledged);
  EXPECT_EQ(seen.encode.count(), seen.frames);
  EXPECT_GE(seen.bytes(), static_cast<std::uint64_t>(kCounted.area()) * 3 / 4) << "the picture went uncompressed";
  EXPECT_EQ(seen.input_of_all().count(), 2U);
  EXPECT_FALSE(session.statistics().connected);
}

TEST_F(SessionStatistics, OfOneThatIsTakenOverAreItsOwn) {
  show("card");
  ASSERT_TRUE(shows_card(connect("s1")));
  ASSERT_TRUE(shows_card(connect("s2")));
  const auto told = listener.told();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].first, "s1");
  EXPECT_GE(told[0].second.frames, 1U);
  EXPECT_GE(session.statistics().frames, told[0].second.frames + 1) << "the sum goes on";
}

TEST_F(SessionStatistics, AThumbnailNeedsNoClient) {
  show("card");
  Result<std::vector<std::byte>> jpeg = thumbnail();
  while (!jpeg) jpeg = thumbnail();  // until the pattern has shown something
  EXPECT_TRUE(is_thumbnail({reinterpret_cast<const char*>(jpeg->data()), jpeg->size()}));
}

TEST_F(SessionStatistics, WithoutADesktopThereIsNone) {
  const auto none = thumbnail();
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code, Errc::kUnavailable);
}

TEST_F(SessionStatistics, AThumbnailTakesNothingFromTheClient) {
  show("card");
  auto& client = connect("s1");
  ASSERT_TRUE(shows_card(client));
  client.input().key({0x1E, false, true});
  ASSERT_TRUE(thumbnail());
  TestPattern card(Pattern::kCard, kCounted);
  card.echo(echo_cell(kCounted, 0x1E, false));
  EXPECT_TRUE(client.wait_until([&card](const auto& c) { return c.shows(card.canvas().view()); }));
}

}  // namespace
}  // namespace tobari::display
