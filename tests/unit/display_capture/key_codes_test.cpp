// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/key_codes.h"

#include <map>

#include <gtest/gtest.h>

namespace tobari::display {
namespace {

TEST(KeyCodes, QemuNumbers) {
  EXPECT_EQ(qemu_key_number(0x1E, false), 0x1EU);  // a
  EXPECT_EQ(qemu_key_number(0x50, true), 0xD0U);   // down
  EXPECT_EQ(qemu_key_number(0x45, false), 0x45U);  // num lock
  EXPECT_EQ(qemu_key_number(0x45, true), 0xC6U);   // pause, as input.h has it
  EXPECT_EQ(qemu_key_number(0x46, true), 0xC6U);   // pause, as Windows clients have it
  EXPECT_EQ(qemu_key_number(0x37, true), 0xB7U);   // print screen
  EXPECT_EQ(qemu_key_number(0x37, false), 0x37U);  // keypad *
  EXPECT_EQ(qemu_key_number(0x54, false), 0x54U);  // alt + print screen
}

TEST(KeyCodes, XKeyCodes) {
  EXPECT_EQ(x11_key_code(0x01, false), 9U);    // escape
  EXPECT_EQ(x11_key_code(0x1E, false), 38U);   // a
  EXPECT_EQ(x11_key_code(0x56, false), 94U);   // the key beside left shift
  EXPECT_EQ(x11_key_code(0x45, false), 77U);   // num lock
  EXPECT_EQ(x11_key_code(0x45, true), 127U);   // pause
  EXPECT_EQ(x11_key_code(0x37, true), 107U);   // print screen
  EXPECT_EQ(x11_key_code(0x1D, true), 105U);   // right control
  EXPECT_EQ(x11_key_code(0x48, true), 111U);   // up
  EXPECT_EQ(x11_key_code(0x53, true), 119U);   // delete
  EXPECT_EQ(x11_key_code(0x5B, true), 133U);   // left meta
  EXPECT_EQ(x11_key_code(0x30, true), 123U);   // louder
  EXPECT_EQ(x11_key_code(0x7D, false), 132U);  // yen
  EXPECT_EQ(x11_key_code(0x70, false), 101U);  // katakana, hiragana
}

TEST(KeyCodes, WhatIsNoKeyIsNothing) {
  EXPECT_EQ(qemu_key_number(0, false), std::nullopt);
  EXPECT_EQ(qemu_key_number(0x80, false), std::nullopt);
  EXPECT_EQ(qemu_key_number(0x2A, true), std::nullopt);  // the faked shift
  EXPECT_EQ(qemu_key_number(0x36, true), std::nullopt);
  EXPECT_EQ(x11_key_code(0, false), std::nullopt);
  EXPECT_EQ(x11_key_code(0x2A, true), std::nullopt);
  EXPECT_EQ(x11_key_code(0xFF, true), std::nullopt);
}

// Two keys that give one code would release each other; only Pause and the print key have two names.
TEST(KeyCodes, NoTwoKeysShareACode) {
  std::map<unsigned, int> users;
  for (int code = 0; code < 256; ++code) {
    for (const bool extended : {false, true}) {
      const auto key = x11_key_code(static_cast<std::uint8_t>(code), extended);
      if (!key) continue;
      EXPECT_GE(*key, 9U);
      EXPECT_LE(*key, 255U);
      ++users[*key];
    }
  }
  for (const auto& [key, count] : users) {
    const bool has_two_names = key == 127 || key == 107 || key == 130 || key == 131;  // pause, print, hangeul, hanja
    EXPECT_EQ(count, has_two_names ? 2 : 1) << key;
  }
}

}  // namespace
}  // namespace tobari::display
