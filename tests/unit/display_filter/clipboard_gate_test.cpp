// SPDX-License-Identifier: GPL-3.0-or-later
#include "filter/clipboard_gate.h"

#include <gtest/gtest.h>

namespace tobari::display {
namespace {

using namespace std::chrono_literals;
using policy::Format;
using policy::FormatSet;
using enum Direction;

FormatSet set_of(std::initializer_list<Format> formats) {
  FormatSet set;
  for (const Format format : formats) set.add(format);
  return set;
}

policy::Grant grant_of(std::string_view channel, policy::Limits limits = {}) {
  policy::Grant grant;
  grant.channels.push_back({std::string(channel), "a-rule", limits});
  return grant;
}

constexpr ClipboardGate::Time kNow{};

TEST(ClipboardGate, WithoutAGrantNothingPasses) {
  ClipboardGate gate;
  for (const Direction direction : {kToGuest, kFromGuest}) {
    EXPECT_FALSE(gate.open(direction));
    EXPECT_TRUE(gate.passable(direction, FormatSet::all()).empty());
    EXPECT_EQ(gate.may_ask(direction, Format::kText).error().code, Errc::kPermissionDenied);
    EXPECT_EQ(gate.most(direction, Format::kText), 0U);
    EXPECT_EQ(gate.admit(direction, Format::kText, 0, kNow).error().code, Errc::kPermissionDenied);
  }
}

TEST(ClipboardGate, ADirectionOpensItselfOnly) {
  ClipboardGate gate;
  gate.set_grant(grant_of("clipboard.to_guest"));
  EXPECT_TRUE(gate.admit(kToGuest, Format::kText, 10, kNow));
  EXPECT_FALSE(gate.admit(kFromGuest, Format::kText, 10, kNow));
  gate.set_grant(grant_of("clipboard.from_guest"));
  EXPECT_FALSE(gate.admit(kToGuest, Format::kText, 10, kNow));
  EXPECT_TRUE(gate.admit(kFromGuest, Format::kText, 10, kNow));
}

TEST(ClipboardGate, FormatsThatAreNotGrantedLeaveTheOffer) {
  ClipboardGate gate;
  gate.set_grant(grant_of("clipboard.to_guest", {.formats = set_of({Format::kText, Format::kImage})}));
  EXPECT_EQ(gate.passable(kToGuest, set_of({Format::kText, Format::kHtml})), set_of({Format::kText}));
  EXPECT_TRUE(gate.may_ask(kToGuest, Format::kImage));
  EXPECT_FALSE(gate.may_ask(kToGuest, Format::kHtml));
  EXPECT_FALSE(gate.admit(kToGuest, Format::kHtml, 1, kNow));
}

TEST(ClipboardGate, FilesPassForNobody) {
  ClipboardGate gate;
  gate.set_grant(grant_of("clipboard.to_guest"));
  EXPECT_FALSE(gate.passable(kToGuest, FormatSet::all()).has(Format::kFiles));
  EXPECT_FALSE(gate.admit(kToGuest, Format::kFiles, 1, kNow));
}

TEST(ClipboardGate, OneByteTooManyIsRefusedWhole) {
  ClipboardGate gate;
  gate.set_grant(grant_of("clipboard.from_guest", {.bytes_per_transfer = 1000}));
  EXPECT_EQ(gate.most(kFromGuest, Format::kText), 1000U);
  EXPECT_TRUE(gate.admit(kFromGuest, Format::kText, 1000, kNow));
  const auto refused = gate.admit(kFromGuest, Format::kText, 1001, kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::kPermissionDenied);
  EXPECT_EQ(refused.error().message, "1001 bytes are more than clipboard.from_guest passes at once (1000)");
}

TEST(ClipboardGate, WithoutALimitThereIsOneAllTheSame) {
  ClipboardGate gate;
  gate.set_grant(grant_of("clipboard.from_guest"));
  EXPECT_TRUE(gate.admit(kFromGuest, Format::kImage, kMaxClipboardContent, kNow));
  EXPECT_FALSE(gate.admit(kFromGuest, Format::kImage, kMaxClipboardContent + 1, kNow));
  EXPECT_FALSE(gate.admit(kFromGuest, Format::kText, kMaxClipboardText + 1, kNow));
}

TEST(ClipboardGate, TheRateHoldsBackWhatComesTooFast) {
  ClipboardGate gate;
  gate.set_grant(grant_of("clipboard.to_guest", {.bytes_per_second = 1000}));
  EXPECT_EQ(gate.admit(kToGuest, Format::kText, 1000, kNow).value(), 0s) << "a second's worth at once";
  EXPECT_EQ(gate.admit(kToGuest, Format::kText, 500, kNow).value(), 500ms);
  EXPECT_EQ(gate.admit(kToGuest, Format::kText, 500, kNow + 1s).value(), 0s);
  EXPECT_EQ(gate.admit(kToGuest, Format::kText, 1000, kNow + 100s).value(), 0s) << "what rests does not pile up";
  EXPECT_EQ(gate.admit(kToGuest, Format::kText, 1000, kNow + 100s).value(), 1s);
}

TEST(ClipboardGate, WhatTheRateWouldHoldBackTooLongIsRefusedAndDoesNotCount) {
  ClipboardGate gate;
  gate.set_grant(grant_of("clipboard.to_guest", {.bytes_per_second = 1000}));
  EXPECT_EQ(gate.admit(kToGuest, Format::kText, 11'001, kNow).error().code, Errc::kExhausted);
  EXPECT_EQ(gate.admit(kToGuest, Format::kText, 11'000, kNow).value(), 10s);
}

// In ten seconds of asking as fast as one likes, not more than the rate and a second's worth passes.
TEST(ClipboardGate, TheRateHoldsOverTime) {
  ClipboardGate gate;
  gate.set_grant(grant_of("clipboard.to_guest", {.bytes_per_second = 1000}));
  std::size_t passed = 0;
  for (auto now = kNow; now < kNow + 10s; now += 1ms) {
    const auto wait = gate.admit(kToGuest, Format::kText, 70, now);
    if (wait && now + *wait < kNow + 10s) passed += 70;
  }
  EXPECT_LE(passed, 11'000U);
  EXPECT_GE(passed, 9'000U);
}

TEST(ClipboardGate, ATighterGrantKeepsWhatHasPassed) {
  ClipboardGate gate;
  gate.set_grant(grant_of("clipboard.to_guest", {.bytes_per_second = 1000}));
  ASSERT_TRUE(gate.admit(kToGuest, Format::kText, 1000, kNow));
  gate.set_grant(grant_of("clipboard.to_guest", {.bytes_per_second = 500}));
  EXPECT_EQ(gate.admit(kToGuest, Format::kText, 500, kNow).value(), 1s);
}

}  // namespace
}  // namespace tobari::display
