// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/key_codes.h"

#include <array>
#include <utility>

#include <linux/input-event-codes.h>

namespace tobari::display {
namespace {

using LinuxKeys = std::array<std::uint8_t, 128>;  // by scan code; KEY_RESERVED: no such key

constexpr LinuxKeys plain_keys() {
  LinuxKeys keys{};
  // Linux took its first 83 key codes from this very table.
  for (std::uint8_t code = KEY_ESC; code <= KEY_KPDOT; ++code) keys[code] = code;
  constexpr std::array<std::pair<std::uint8_t, std::uint8_t>, 25> kRest{{
      {0x54, KEY_SYSRQ}, {0x56, KEY_102ND},   {0x57, KEY_F11},
      {0x58, KEY_F12},   {0x59, KEY_KPEQUAL}, {0x5C, KEY_KPJPCOMMA},
      {0x64, KEY_F13},   {0x65, KEY_F14},     {0x66, KEY_F15},
      {0x67, KEY_F16},   {0x68, KEY_F17},     {0x69, KEY_F18},
      {0x6A, KEY_F19},   {0x6B, KEY_F20},     {0x6C, KEY_F21},
      {0x6D, KEY_F22},   {0x6E, KEY_F23},     {0x70, KEY_KATAKANAHIRAGANA},
      {0x71, KEY_HANJA}, {0x72, KEY_HANGEUL}, {0x73, KEY_RO},
      {0x76, KEY_F24},   {0x79, KEY_HENKAN},  {0x7B, KEY_MUHENKAN},
      {0x7D, KEY_YEN},
  }};
  for (const auto& [scancode, key] : kRest) keys[scancode] = key;
  keys[0x7E] = KEY_KPCOMMA;
  return keys;
}

constexpr LinuxKeys extended_keys() {
  LinuxKeys keys{};
  constexpr std::array<std::pair<std::uint8_t, std::uint8_t>, 42> kAll{{
      {0x10, KEY_PREVIOUSSONG}, {0x19, KEY_NEXTSONG},  {0x1C, KEY_KPENTER},   {0x1D, KEY_RIGHTCTRL},
      {0x20, KEY_MUTE},         {0x21, KEY_CALC},      {0x22, KEY_PLAYPAUSE}, {0x24, KEY_STOPCD},
      {0x2E, KEY_VOLUMEDOWN},   {0x30, KEY_VOLUMEUP},  {0x32, KEY_HOMEPAGE},  {0x35, KEY_KPSLASH},
      {0x37, KEY_SYSRQ},        {0x38, KEY_RIGHTALT},  {0x45, KEY_PAUSE},     {0x46, KEY_PAUSE},
      {0x47, KEY_HOME},         {0x48, KEY_UP},        {0x49, KEY_PAGEUP},    {0x4B, KEY_LEFT},
      {0x4D, KEY_RIGHT},        {0x4F, KEY_END},       {0x50, KEY_DOWN},      {0x51, KEY_PAGEDOWN},
      {0x52, KEY_INSERT},       {0x53, KEY_DELETE},    {0x5B, KEY_LEFTMETA},  {0x5C, KEY_RIGHTMETA},
      {0x5D, KEY_COMPOSE},      {0x5E, KEY_POWER},     {0x5F, KEY_SLEEP},     {0x63, KEY_WAKEUP},
      {0x65, KEY_SEARCH},       {0x66, KEY_BOOKMARKS}, {0x67, KEY_REFRESH},   {0x68, KEY_STOP},
      {0x69, KEY_FORWARD},      {0x6A, KEY_BACK},      {0x6B, KEY_COMPUTER},  {0x6C, KEY_MAIL},
      {0x6D, KEY_MEDIA},        {0x71, KEY_HANJA},
  }};
  for (const auto& [scancode, key] : kAll) keys[scancode] = key;
  keys[0x72] = KEY_HANGEUL;
  return keys;
}

constexpr LinuxKeys kPlain = plain_keys();
constexpr LinuxKeys kExtended = extended_keys();
constexpr unsigned kX11Offset = 8;

}  // namespace

std::optional<unsigned> qemu_key_number(std::uint8_t scancode, bool extended) noexcept {
  if (scancode == 0 || scancode >= 0x80) return std::nullopt;
  if (!extended) return scancode;
  if (scancode == 0x2A || scancode == 0x36) return std::nullopt;
  if (scancode == 0x45) return 0xC6U;
  return scancode | 0x80U;
}

std::optional<unsigned> x11_key_code(std::uint8_t scancode, bool extended) noexcept {
  if (scancode >= 0x80) return std::nullopt;
  const unsigned key = extended ? kExtended[scancode] : kPlain[scancode];
  if (key == KEY_RESERVED) return std::nullopt;
  return key + kX11Offset;
}

}  // namespace tobari::display
