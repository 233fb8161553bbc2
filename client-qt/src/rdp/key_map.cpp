// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/key_map.h"

#include <algorithm>
#include <array>
#include <utility>

#include <linux/input-event-codes.h>

namespace tobari::client {
namespace {

constexpr std::uint32_t kOffset = 8;

// Up to here the event code is the set-1 code itself: that is where the kernel's numbers come from.
constexpr std::uint32_t kLastEqual = KEY_KPDOT;

constexpr auto kTable = std::to_array<std::pair<std::uint32_t, ScanCode>>({
    {KEY_ZENKAKUHANKAKU, 0x29},
    {KEY_102ND, 0x56},
    {KEY_F11, 0x57},
    {KEY_F12, 0x58},
    {KEY_RO, 0x73},
    {KEY_KATAKANA, 0x78},
    {KEY_HIRAGANA, 0x77},
    {KEY_HENKAN, 0x79},
    {KEY_KATAKANAHIRAGANA, 0x70},
    {KEY_MUHENKAN, 0x7b},
    {KEY_KPJPCOMMA, 0x5c},
    {KEY_KPENTER, kExtended | 0x1c},
    {KEY_RIGHTCTRL, kExtended | 0x1d},
    {KEY_KPSLASH, kExtended | 0x35},
    {KEY_SYSRQ, kExtended | 0x37},
    {KEY_RIGHTALT, kExtended | 0x38},
    {KEY_HOME, kExtended | 0x47},
    {KEY_UP, kExtended | 0x48},
    {KEY_PAGEUP, kExtended | 0x49},
    {KEY_LEFT, kExtended | 0x4b},
    {KEY_RIGHT, kExtended | 0x4d},
    {KEY_END, kExtended | 0x4f},
    {KEY_DOWN, kExtended | 0x50},
    {KEY_PAGEDOWN, kExtended | 0x51},
    {KEY_INSERT, kExtended | 0x52},
    {KEY_DELETE, kExtended | 0x53},
    {KEY_MUTE, kExtended | 0x20},
    {KEY_VOLUMEDOWN, kExtended | 0x2e},
    {KEY_VOLUMEUP, kExtended | 0x30},
    {KEY_POWER, kExtended | 0x5e},
    {KEY_KPEQUAL, 0x59},
    {KEY_PAUSE, kPause},
    {KEY_KPCOMMA, 0x7e},
    {KEY_HANGEUL, 0x72},
    {KEY_HANJA, 0x71},
    {KEY_YEN, 0x7d},
    {KEY_LEFTMETA, kExtended | 0x5b},
    {KEY_RIGHTMETA, kExtended | 0x5c},
    {KEY_COMPOSE, kExtended | 0x5d},
    {KEY_CALC, kExtended | 0x21},
    {KEY_SLEEP, kExtended | 0x5f},
    {KEY_MAIL, kExtended | 0x6c},
    {KEY_BOOKMARKS, kExtended | 0x66},
    {KEY_BACK, kExtended | 0x6a},
    {KEY_FORWARD, kExtended | 0x69},
    {KEY_NEXTSONG, kExtended | 0x19},
    {KEY_PLAYPAUSE, kExtended | 0x22},
    {KEY_PREVIOUSSONG, kExtended | 0x10},
    {KEY_STOPCD, kExtended | 0x24},
    {KEY_HOMEPAGE, kExtended | 0x32},
    {KEY_REFRESH, kExtended | 0x67},
    {KEY_SEARCH, kExtended | 0x65},
    {KEY_F13, 0x64},
    {KEY_F14, 0x65},
    {KEY_F15, 0x66},
    {KEY_F16, 0x67},
    {KEY_F17, 0x68},
    {KEY_F18, 0x69},
    {KEY_F19, 0x6a},
    {KEY_F20, 0x6b},
    {KEY_F21, 0x6c},
    {KEY_F22, 0x6d},
    {KEY_F23, 0x6e},
    {KEY_F24, 0x76},
});

}  // namespace

ScanCode scan_code_of(std::uint32_t native_code) {
  if (native_code <= kOffset) return kNoScanCode;
  const std::uint32_t event_code = native_code - kOffset;
  if (event_code <= kLastEqual) return static_cast<ScanCode>(event_code);
  const auto* found = std::ranges::find(kTable, event_code, &std::pair<std::uint32_t, ScanCode>::first);
  return found == kTable.end() ? kNoScanCode : found->second;
}

}  // namespace tobari::client
