// SPDX-License-Identifier: GPL-3.0-or-later
// What PictureSource does beyond the contract, above all with a desktop that lies.
#include "capture/picture_source.h"

#include <chrono>
#include <string>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>

#include "contract/framebuffer_source/picture_guest.h"
#include "contract/framebuffer_source/recorder.h"

namespace tobari::display {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PictureSourceTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto guest = PictureGuest::start({640, 480});
    ASSERT_TRUE(guest.has_value()) << describe(guest.error());
    guest_ = std::move(guest).value();
    auto source = PictureSource::create(guest_->take_connection());
    ASSERT_TRUE(source.has_value()) << describe(source.error());
    source_ = std::move(source).value();
  }
  void start() {
    ASSERT_TRUE(source_->start(events_).has_value());
    ASSERT_TRUE(events_.wait_for_surface());
  }
  void TearDown() override { source_->stop(); }
  void expect_lost(const std::string& because) {
    ASSERT_TRUE(events_.wait([](const auto& seen) { return !seen.losses.empty(); }));
    EXPECT_THAT(events_.seen().losses.front().message, HasSubstr(because));
    EXPECT_EQ(events_.seen().order.back(), "lost");
  }

  Recorder events_;
  std::unique_ptr<PictureGuest> guest_;
  std::unique_ptr<PictureSource> source_;
};

TEST_F(PictureSourceTest, NothingNeedsAConnectionLess) {
  EXPECT_EQ(PictureSource::create(UniqueFd()).error().code, Errc::kInvalidArgument);
}

TEST_F(PictureSourceTest, InputGoesInOrderToTheDesktop) {
  start();
  source_->input().move({{10, 20}});
  EXPECT_THAT(guest_->hear(), ElementsAre(17, 10, 20));
  source_->input().key({0x1E, false, true});
  EXPECT_THAT(guest_->hear(), ElementsAre(16, 38, 1));
  source_->input().button({Button::kLeft, true});
  EXPECT_THAT(guest_->hear(), ElementsAre(18, 0, 1));
  source_->input().release_all();
  EXPECT_THAT(guest_->hear(), ElementsAre(16, 38, 0));
  EXPECT_THAT(guest_->hear(), ElementsAre(18, 0, 0));
  source_->input().set_locks({false, true, false});
  EXPECT_THAT(guest_->hear(), ElementsAre(19, 2));
}

// A desktop that does not read must not hold up whoever types, and no key may stay down in it.
TEST_F(PictureSourceTest, ADesktopThatDoesNotReadLosesMovesAndNoRelease) {
  start();
  source_->input().key({0x1E, false, true});
  for (int i = 0; i < 100'000; ++i) source_->input().move({{i % 600, i / 600}});
  source_->input().release_all();
  int heard = 0;
  std::vector<std::int32_t> last;
  do {
    last = guest_->hear();
    ++heard;
  } while (!last.empty() && last != std::vector<std::int32_t>{16, 38, 0});
  EXPECT_FALSE(last.empty());
  EXPECT_LT(heard, 20'000);
}

TEST_F(PictureSourceTest, ASizeIsAskedForAndComesWithANewSurface) {
  start();
  ASSERT_TRUE(source_->request_size({800, 600}).has_value());
  EXPECT_THAT(guest_->hear(), ElementsAre(20, 800, 600));
  guest_->resize({800, 600});
  guest_->fill({700, 500, 10, 10}, 0xABCDEF);
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.surfaces.size() == 2; }));
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.damages > 0; }));
  const auto view = source_->acquire(Region({700, 500, 10, 10}));
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(keep(*view).at(705, 505), 0xABCDEFU);
  EXPECT_EQ(source_->request_size({1921, 600}).error().code, Errc::kInvalidArgument);
}

TEST_F(PictureSourceTest, ThePointerIsToldOnceAsLongAsItStays) {
  start();
  for (int i = 0; i < 2; ++i) {
    guest_->say({3, 1, 1, 0, 0, 0xFF112233});
    guest_->say({4, 1});
  }
  guest_->say({4, 0});
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.visible == false; }));
  EXPECT_EQ(events_.seen().shapes, 1U);
  EXPECT_THAT(events_.seen().shape->argb, ElementsAre(0xFF112233U));
}

TEST_F(PictureSourceTest, DamageBesideTheScreenIsCutOff) {
  start();
  events_.forget();
  guest_->say({2, 2, 630, 470, 0x7FFFFFFF, 0x7FFFFFFF, 0x80000000, 0x80000000, 5, 5});
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.damages > 0; }));
  EXPECT_FALSE(events_.seen().damage_outside);
  EXPECT_EQ(events_.seen().damaged, (Rect{630, 470, 10, 10}));
}

TEST_F(PictureSourceTest, NonsenseEndsIt) {
  start();
  guest_->say({99});
  expect_lost("what it should not");
}

TEST_F(PictureSourceTest, ASurfaceNeedsItsFileAndNothingElseHasOne) {
  start();
  guest_->say({1, 1, 640, 480, 2560, 0, 640, 480});
  expect_lost("without its file");
}

TEST_F(PictureSourceTest, DamageWithAFileEndsIt) {
  start();
  guest_->say({2, 1, 0, 0, 1, 1}, STDERR_FILENO);
  expect_lost("without its file");
}

TEST_F(PictureSourceTest, TwoFilesAreTooMany) {
  start();
  guest_->say({1, 1, 640, 480, 2560, 0, 640, 480}, STDERR_FILENO, STDIN_FILENO);
  expect_lost("too much");
}

// A file of a disk, a pipe, or one of FUSE could make whoever reads it wait for ever.
TEST_F(PictureSourceTest, OnlyAMemoryFileIsMapped) {
  start();
  int ends[2] = {-1, -1};
  ASSERT_EQ(::pipe(ends), 0);
  const UniqueFd readable(ends[0]);
  const UniqueFd writable(ends[1]);
  guest_->say({1, 1, 640, 480, 2560, 0, 640, 480}, readable.get());
  expect_lost("not a memory file");
}

TEST_F(PictureSourceTest, AFileThatIsTooShortIsRefused) {
  start();
  const UniqueFd small(::memfd_create("small", MFD_CLOEXEC));
  ASSERT_EQ(::ftruncate(small.get(), 4096), 0);
  guest_->say({1, 1, 640, 480, 2560, 0, 640, 480}, small.get());
  expect_lost("bytes where");
}

TEST_F(PictureSourceTest, AFileThatIsCutShortWhileItIsReadIsAnError) {
  start();
  guest_->fill({0, 0, 640, 480}, 0x336699);
  ASSERT_TRUE(events_.wait([](const auto& seen) { return seen.damages > 0; }));
  ASSERT_TRUE(guest_->shrink_file());
  const auto view = source_->acquire(Region({0, 0, 640, 480}));
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(keep(*view).rgb.size(), 640U * 480U) << "whoever reads it is not killed";
  EXPECT_EQ(source_->acquire(Region({0, 0, 640, 480})).error().code, Errc::kPeerProtocol);
}

class PictureSourceBefore : public ::testing::Test {};

TEST_F(PictureSourceBefore, DamageBeforeASurfaceEndsIt) {
  auto guest = PictureGuest::start({640, 480});
  ASSERT_TRUE(guest.has_value());
  UniqueFd connection = (*guest)->take_connection();
  // The surface that the guest has said is taken away first.
  std::byte bytes[64];
  ASSERT_GT(::read(connection.get(), bytes, sizeof bytes), 0);
  (*guest)->say({2, 1, 0, 0, 1, 1});
  auto source = PictureSource::create(std::move(connection));
  ASSERT_TRUE(source.has_value());
  Recorder events;
  ASSERT_TRUE((*source)->start(events).has_value());
  ASSERT_TRUE(events.wait([](const auto& seen) { return !seen.losses.empty(); }));
  EXPECT_THAT(events.seen().losses.front().message, HasSubstr("without a surface"));
  (*source)->stop();
}

}  // namespace
}  // namespace tobari::display
