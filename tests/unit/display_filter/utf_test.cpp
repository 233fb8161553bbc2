// SPDX-License-Identifier: GPL-3.0-or-later
#include "filter/utf.h"

#include <gtest/gtest.h>

namespace tobari::display {
namespace {

std::vector<std::byte> units(std::initializer_list<unsigned> values) {
  std::vector<std::byte> out;
  for (const unsigned v : values) {
    out.push_back(static_cast<std::byte>(v & 0xFF));
    out.push_back(static_cast<std::byte>(v >> 8));
  }
  return out;
}

TEST(Utf, EveryCharacterGoesThereAndBack) {
  std::string all;
  for (char32_t c = 1; c < 0x110000; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    const auto wide = c < 0x10000 ? units({static_cast<unsigned>(c)})
                                  : units({static_cast<unsigned>(0xD800 + ((c - 0x10000) >> 10)),
                                           static_cast<unsigned>(0xDC00 + ((c - 0x10000) & 0x3FF))});
    const auto text = utf8_from_utf16(wide);
    ASSERT_TRUE(text) << std::hex << static_cast<unsigned>(c);
    ASSERT_TRUE(is_utf8(*text)) << std::hex << static_cast<unsigned>(c);
    auto back = utf16_from_utf8(*text);
    back.resize(back.size() - 2);
    ASSERT_EQ(back, wide) << std::hex << static_cast<unsigned>(c);
  }
}

TEST(Utf, TextEndsAtItsNul) {
  EXPECT_EQ(utf8_from_utf16(units({'a', 'b', 0, 'c'})).value(), "ab");
  EXPECT_EQ(utf8_from_utf16({}).value(), "");
}

TEST(Utf, HalvesAreRefused) {
  auto cut = units({'a', 'b'});
  cut.pop_back();
  EXPECT_FALSE(utf8_from_utf16(cut)) << "half a unit";
  EXPECT_FALSE(utf8_from_utf16(units({0xD83D}))) << "a high surrogate at the end";
  EXPECT_FALSE(utf8_from_utf16(units({0xD83D, 'a'}))) << "a high surrogate alone";
  EXPECT_FALSE(utf8_from_utf16(units({0xDE00, 'a'}))) << "a low surrogate alone";
  EXPECT_FALSE(utf8_from_utf16(units({0xD83D, 0xD83D, 0xDE00}))) << "two high ones";
}

TEST(Utf, WhatIsNoUtf8) {
  for (const char* bad : {"\x80", "\xC3", "\xC0\xAF", "\xC1\x81", "\xE0\x80\x80", "\xED\xA0\x80", "\xF0\x80\x80\x80",
                          "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF", "a\xE2\x82", "\xE2\x28\xA1"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
  for (const char* good :
       {"", "plain", "\xC3\xA4", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xED\x9F\xBF", "\xEE\x80\x80"}) {
    EXPECT_TRUE(is_utf8(good)) << good;
  }
}

}  // namespace
}  // namespace tobari::display
