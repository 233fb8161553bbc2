// SPDX-License-Identifier: GPL-3.0-or-later
// RDP's input events (MS-RDPBCGR 2.2.8.1.1.3) as calls of an InputSink. Remembers nothing but the wheel's fractions.
#pragma once

#include <cstdint>

#include <tobari/display/geometry.h>
#include <tobari/display/input.h>

namespace tobari::display {

class InputMap {
 public:
  // One event never turns into more wheel notches than this, whatever a client claims.
  static constexpr int kMaxNotches = 8;

  void key(std::uint16_t flags, std::uint8_t scancode, InputSink& sink);
  void mouse(std::uint16_t flags, std::uint16_t x, std::uint16_t y, Size desktop, InputSink& sink);
  void extended_mouse(std::uint16_t flags, std::uint16_t x, std::uint16_t y, Size desktop, InputSink& sink);
  void locks(std::uint32_t flags, InputSink& sink);

 private:
  void wheel(std::uint16_t flags, InputSink& sink);
  bool pause_ = false;  // Pause is E1 1D 45: the first half was seen
  int vertical_ = 0;    // of a notch of 120
  int horizontal_ = 0;
};

}  // namespace tobari::display
