// SPDX-License-Identifier: GPL-3.0-or-later
// QemuDbusSource and a real QEMU that runs our boot sector: it prints '>' and then every key that it is given.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <thread>

#include <gtest/gtest.h>

#include "capture/qemu_dbus_source.h"
#include "contract/framebuffer_source/picture.h"
#include "contract/framebuffer_source/qemu_machine.h"
#include "contract/framebuffer_source/recorder.h"
#include "support/ears.h"
#include "support/pitch.h"

namespace tobari::display {
namespace {

constexpr std::uint8_t kKeyM = 0x32;
using Steady = std::chrono::steady_clock;

using testing::Ears;

class QemuDisplayTest : public ::testing::TestWithParam<QemuMachine::Screen> {
 protected:
  void SetUp() override {
    auto machine = QemuMachine::start(GetParam());
    ASSERT_TRUE(machine.has_value()) << describe(machine.error());
    machine_ = std::move(machine).value();
    connect();
  }
  void TearDown() override {
    if (source_ != nullptr) source_->stop();
  }

  void connect() {
    auto fd = machine_->connect_display();
    ASSERT_TRUE(fd.has_value()) << describe(fd.error());
    source_ = *QemuDbusSource::create(std::move(fd).value(), {});
    ASSERT_TRUE(source_->start(events_).has_value());
    ASSERT_TRUE(events_.wait_for_surface());
  }

  // The rows and columns where light pixels are: what is printed, the blinking text cursor left out.
  [[nodiscard]] long lit_pixels() {
    const auto view = source_->acquire(Region(bounds({kMaxSide, kMaxSide})));
    if (!view.has_value()) return -1;
    const Picture picture = keep(*view);
    long lit = 0;
    for (int y = 0; y < std::min(picture.size.height, 13); ++y) {  // the first line, without the cursor's two rows
      lit += std::count_if(&picture.rgb[static_cast<std::size_t>(y * picture.size.width)],
                           &picture.rgb[static_cast<std::size_t>((y + 1) * picture.size.width)],
                           [](std::uint32_t rgb) { return (rgb & 0xFF) > 0x90; });
    }
    return lit;
  }
  [[nodiscard]] bool wait_for_lit(const std::function<bool(long)>& enough) {
    const auto deadline = Steady::now() + kPatience;
    while (Steady::now() < deadline) {
      if (enough(lit_pixels())) return true;
      events_.forget();
      static_cast<void>(events_.wait([](const auto& seen) { return seen.damages > 0; }, std::chrono::seconds(1)));
    }
    return false;
  }
  // The boot sector is ready when the first line holds '>' and nothing else.
  [[nodiscard]] bool wait_for_prompt() {
    const Size size = GetParam() == QemuMachine::Screen::kShared ? Size{720, 400} : Size{1024, 768};
    return events_.wait([size](const auto& seen) { return seen.surfaces.back() == size; }) &&
           wait_for_lit([](long lit) { return lit > 5 && lit < 40; });
  }

  Recorder events_;
  std::unique_ptr<QemuMachine> machine_;
  std::unique_ptr<QemuDbusSource> source_;
};

TEST(QemuSound, TheMachinesSpeakerIsHeard) {
  auto machine = QemuMachine::start(QemuMachine::Screen::kShared, QemuMachine::Sound::kSpeaker);
  ASSERT_TRUE(machine.has_value()) << describe(machine.error());
  auto fd = (*machine)->connect_display();
  ASSERT_TRUE(fd.has_value()) << describe(fd.error());
  const auto source = *QemuDbusSource::create(std::move(fd).value(), {});
  Recorder events;
  Ears ears;
  ASSERT_TRUE(source->start(events).has_value());
  ASSERT_TRUE(source->audio()->start(ears));
  const auto heard = ears.wait_for(std::size_t{48'000} * kAudioChannels);
  source->stop();
  ASSERT_GE(heard.size(), std::size_t{48'000} * kAudioChannels);
  EXPECT_EQ(ears.rate(), 48'000U);
  // A square wave has 81 % of its energy in its tone.
  for (std::size_t channel = 0; channel < kAudioChannels; ++channel) {
    EXPECT_GT(testing::share_of_tone(std::span(heard).last(9600), channel, kAudioChannels, 1193182.0 / 1193, 48'000),
              0.7);
  }
}

TEST_P(QemuDisplayTest, AKeyAppearsOnTheScreen) {
  ASSERT_TRUE(wait_for_prompt());
  const long before = lit_pixels();
  for (int i = 0; i < 3; ++i) {
    source_->input().key({kKeyM, false, true});
    source_->input().key({kKeyM, false, false});
  }
  ASSERT_TRUE(wait_for_lit([before](long lit) { return lit > before + 30; }));
}

TEST_P(QemuDisplayTest, AResetIsFollowed) {
  ASSERT_TRUE(wait_for_prompt());
  ASSERT_TRUE(machine_->qmp(R"({"execute":"system_reset"})").has_value());
  ASSERT_TRUE(wait_for_prompt());
  EXPECT_TRUE(events_.seen().losses.empty());
}

// QEMU's main loop waits for the answers to some of what it says to us: with a consumer that reads all the time and
// input under way its monitor, which lives in that loop, must go on answering.
TEST_P(QemuDisplayTest, TheMachineIsNeverHeldUp) {
  ASSERT_TRUE(wait_for_prompt());
  std::jthread consumer([this](const std::stop_token& token) {
    while (!token.stop_requested()) static_cast<void>(source_->acquire(Region(bounds({kMaxSide, kMaxSide}))));
  });
  auto worst = std::chrono::milliseconds(0);
  for (int i = 0; i < 100; ++i) {
    source_->input().key({kKeyM, false, true});
    source_->input().key({kKeyM, false, false});
    const auto asked = Steady::now();
    ASSERT_TRUE(machine_->qmp(R"({"execute":"query-status"})").has_value());
    worst = std::max(worst, std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - asked));
  }
  EXPECT_LT(worst.count(), 900);  // its own limit for us is 1000
}

TEST_P(QemuDisplayTest, AFrozenMachineCanBeLeft) {
  ASSERT_TRUE(wait_for_prompt());
  machine_->freeze(true);
  for (int i = 0; i < 100'000; ++i) source_->input().move({{i % 640, i % 400}});
  ASSERT_TRUE(source_->request_size({800, 600}).has_value());
  EXPECT_GE(lit_pixels(), 0);  // the last picture is still there
  source_->stop();
  machine_->freeze(false);
  EXPECT_TRUE(events_.seen().losses.empty());
}

TEST_P(QemuDisplayTest, ASecondSourceSeesTheSame) {
  ASSERT_TRUE(wait_for_prompt());
  const long before = lit_pixels();
  source_->input().key({kKeyM, false, true});
  source_->input().key({kKeyM, false, false});
  ASSERT_TRUE(wait_for_lit([before](long lit) { return lit > before + 10; })) << "the guest has come to its end";
  std::set<long> shown;  // a text cursor blinks
  const auto until = Steady::now() + std::chrono::seconds(1);
  ASSERT_TRUE(wait_for_lit([&shown, until](long lit) {
    shown.insert(lit);
    return Steady::now() > until;
  }));
  source_->stop();
  source_.reset();
  connect();  // a display process that was started anew
  EXPECT_TRUE(wait_for_lit([&shown](long lit) { return shown.contains(lit); }));
}

INSTANTIATE_TEST_SUITE_P(Screens, QemuDisplayTest,
                         ::testing::Values(QemuMachine::Screen::kShared, QemuMachine::Screen::kCopied),
                         [](const auto& param_info) {
                           return param_info.param == QemuMachine::Screen::kShared ? "Shared" : "Copied";
                         });

TEST(QemuHeads, ComeAndGoEachByItself) {
  auto machine = QemuMachine::start(QemuMachine::Screen::kShared);
  ASSERT_TRUE(machine.has_value()) << describe(machine.error());
  Recorder first_events;
  Recorder second_events;
  auto heads = QemuDbusSource::create_heads((*machine)->connect_display().value(), 2);
  ASSERT_TRUE(heads.has_value());
  const auto& first = (*heads)[0];
  const auto& second = (*heads)[1];
  ASSERT_TRUE(first->start(first_events).has_value());
  ASSERT_TRUE(first_events.wait_for_surface());
  ASSERT_TRUE(second->start(second_events).has_value());
  ASSERT_TRUE(second_events.wait_for_surface()) << "a head that the guest does not use shows QEMU's own text";
  ASSERT_TRUE(second->request_mode({.size = {1024, 768}, .physical = {}, .position = {720, 0}}).has_value());
  ASSERT_TRUE(second->request_mode({.size = {}, .physical = {}, .position = {}, .shown = false}).has_value());
  second->stop();
  first_events.forget();
  first->input().key({kKeyM, false, true});
  first->input().key({kKeyM, false, false});
  EXPECT_TRUE(first_events.wait([](const auto& seen) { return seen.damages > 0; })) << "the other goes on";
  first->stop();
  EXPECT_TRUE(first_events.seen().losses.empty());
  EXPECT_TRUE(second_events.seen().losses.empty());
}

TEST(QemuHeads, OneThatTheMachineDoesNotHaveIsLostAlone) {
  auto machine = QemuMachine::start(QemuMachine::Screen::kShared);
  ASSERT_TRUE(machine.has_value()) << describe(machine.error());
  Recorder first_events;
  Recorder third_events;
  auto heads = QemuDbusSource::create_heads((*machine)->connect_display().value(), 3);
  ASSERT_TRUE(heads.has_value());
  ASSERT_TRUE((*heads)[0]->start(first_events).has_value());
  ASSERT_TRUE((*heads)[2]->start(third_events).has_value());
  EXPECT_TRUE(third_events.wait([](const auto& seen) { return !seen.losses.empty(); }));
  EXPECT_TRUE(first_events.wait_for_surface());
  machine->get()->kill();
  EXPECT_TRUE(first_events.wait([](const auto& seen) { return !seen.losses.empty(); })) << "with the machine all go";
}

}  // namespace
}  // namespace tobari::display
