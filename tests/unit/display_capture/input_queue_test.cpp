// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/input_queue.h"

#include <vector>

#include <gtest/gtest.h>

namespace tobari::display {
namespace {

std::vector<InputEvent> drain(InputQueue& queue) {
  std::vector<InputEvent> events;
  while (!queue.empty()) events.push_back(queue.pop());
  return events;
}

KeyEvent key_of(const InputEvent& event) { return std::get<KeyEvent>(event); }

TEST(InputQueue, KeepsTheOrder) {
  InputQueue queue;
  queue.push(KeyEvent{0x1E, false, true});
  queue.push(PointerMove{{1, 2}});
  queue.push(PointerButton{Button::kLeft, true});
  queue.push(KeyEvent{0x1E, false, false});
  const auto events = drain(queue);
  ASSERT_EQ(events.size(), 4U);
  EXPECT_TRUE(key_of(events[0]).pressed);
  EXPECT_EQ(std::get<PointerMove>(events[1]).position, (Point{1, 2}));
  EXPECT_EQ(std::get<PointerButton>(events[2]).button, Button::kLeft);
  EXPECT_FALSE(key_of(events[3]).pressed);
}

TEST(InputQueue, ReleasesOfWhatIsNotPressedAreDropped) {
  InputQueue queue;
  queue.push(KeyEvent{0x1E, false, false});
  queue.push(PointerButton{Button::kRight, false});
  EXPECT_TRUE(queue.empty());
  queue.push(KeyEvent{0x1D, true, true});
  queue.push(KeyEvent{0x1D, false, false});  // the left one is not pressed
  EXPECT_EQ(queue.size(), 1U);
}

TEST(InputQueue, AHeldKeyMayRepeat) {
  InputQueue queue;
  queue.push(KeyEvent{0x1E, false, true});
  queue.push(KeyEvent{0x1E, false, true});
  queue.push(KeyEvent{0x1E, false, false});
  queue.push(KeyEvent{0x1E, false, false});
  EXPECT_EQ(queue.size(), 3U);
}

TEST(InputQueue, MovesReplaceEachOtherAndRepeatNothing) {
  InputQueue queue;
  for (int i = 0; i < 1000; ++i) queue.push(PointerMove{{i, i}});
  EXPECT_EQ(queue.size(), 1U);
  EXPECT_EQ(std::get<PointerMove>(queue.pop()).position, (Point{999, 999}));
  queue.push(PointerMove{{999, 999}});
  EXPECT_TRUE(queue.empty());
}

TEST(InputQueue, AMoveAcrossAClickStays) {
  InputQueue queue;
  queue.push(PointerMove{{1, 1}});
  queue.push(PointerButton{Button::kLeft, true});
  queue.push(PointerMove{{2, 2}});
  queue.push(PointerButton{Button::kLeft, false});
  EXPECT_EQ(queue.size(), 4U);
}

TEST(InputQueue, IsBoundedAndLosesMovesFirstThenPressesNeverReleases) {
  InputQueue queue;
  queue.push(KeyEvent{0x2A, false, true});
  for (int i = 0; i < 100'000; ++i) {
    queue.push(PointerMove{{i % 1000, i % 700}});
    queue.push(PointerButton{Button::kWheelUp, true});
    queue.push(PointerButton{Button::kWheelUp, false});
  }
  EXPECT_LE(queue.size(), InputQueue::kMaxWaiting + 1);
  queue.push(KeyEvent{0x1E, false, true});   // no room
  queue.push(KeyEvent{0x1E, false, false});  // so there is nothing to release
  queue.push(KeyEvent{0x2A, false, false});
  const auto events = drain(queue);
  EXPECT_EQ(key_of(events.back()).scancode, 0x2A);
  int down = 0;
  for (const auto& event : events) {
    if (const auto* button = std::get_if<PointerButton>(&event)) down += button->pressed ? 1 : -1;
    if (const auto* key = std::get_if<KeyEvent>(&event)) down += key->pressed ? 1 : -1;
  }
  EXPECT_EQ(down, 0);
}

TEST(InputQueue, ReleaseAllReleasesWhatIsDown) {
  InputQueue queue;
  queue.push(KeyEvent{0x2A, false, true});
  queue.push(KeyEvent{0x1D, true, true});
  queue.push(PointerButton{Button::kMiddle, true});
  drain(queue);
  queue.release_all();
  const auto events = drain(queue);
  ASSERT_EQ(events.size(), 3U);
  EXPECT_FALSE(key_of(events[0]).pressed);
  EXPECT_TRUE(key_of(events[1]).extended);
  EXPECT_EQ(std::get<PointerButton>(events[2]).button, Button::kMiddle);
  queue.release_all();
  EXPECT_TRUE(queue.empty());
}

TEST(InputQueue, AButtonThatDoesNotExistIsIgnored) {
  InputQueue queue;
  queue.push(PointerButton{static_cast<Button>(200), true});
  EXPECT_TRUE(queue.empty());
}

}  // namespace
}  // namespace tobari::display
