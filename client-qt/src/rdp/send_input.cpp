// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/send_input.h"

#include <algorithm>

#include <freerdp/channels/disp.h>
#include <freerdp/input.h>

namespace tobari::client {
namespace {

UINT16 flags16(unsigned flags) { return static_cast<UINT16>(flags); }

struct Sender {
  rdpContext* context;

  bool operator()(const KeyInput& key) const {
    rdpInput* input = context->input;
    if (key.code == kPause) return !key.down || freerdp_input_send_keyboard_pause_event(input);
    const unsigned extended = (key.code & kExtended) != 0 ? KBD_FLAGS_EXTENDED : 0U;
    const unsigned release = key.down ? 0U : KBD_FLAGS_RELEASE;
    return freerdp_input_send_keyboard_event(input, flags16(extended | release), static_cast<UINT8>(key.code & 0xff));
  }

  bool operator()(const MoveInput& move) const {
    return freerdp_input_send_mouse_event(context->input, PTR_FLAGS_MOVE, move.x, move.y);
  }

  bool operator()(const ButtonInput& button) const {
    const auto plain = [&](unsigned which) {
      return freerdp_input_send_mouse_event(context->input, flags16(which | (button.down ? PTR_FLAGS_DOWN : 0U)),
                                            button.x, button.y) != FALSE;
    };
    const auto extra = [&](unsigned which) {
      return freerdp_input_send_extended_mouse_event(
                 context->input, flags16(which | (button.down ? PTR_XFLAGS_DOWN : 0U)), button.x, button.y) != FALSE;
    };
    switch (button.button) {
      case Button::kLeft:
        return plain(PTR_FLAGS_BUTTON1);
      case Button::kRight:
        return plain(PTR_FLAGS_BUTTON2);
      case Button::kMiddle:
        return plain(PTR_FLAGS_BUTTON3);
      case Button::kBack:
        return extra(PTR_XFLAGS_BUTTON1);
      case Button::kForward:
        return extra(PTR_XFLAGS_BUTTON2);
    }
    return true;
  }

  // The rotation is a 9-bit two's complement number (MS-RDPBCGR 2.2.8.1.1.3.1.1.3).
  bool operator()(const WheelInput& wheel) const {
    constexpr int kMost = 255;
    const int delta = std::clamp(wheel.delta, -kMost, kMost);
    const unsigned rotation = static_cast<unsigned>(delta) & WheelRotationMask;
    const unsigned kind = wheel.horizontal ? PTR_FLAGS_HWHEEL : PTR_FLAGS_WHEEL;
    return freerdp_input_send_mouse_event(context->input, flags16(kind | rotation), 0, 0);
  }

  bool operator()(const LocksInput& locks) const {
    unsigned flags = 0;
    if (locks.scroll) flags |= KBD_SYNC_SCROLL_LOCK;
    if (locks.num) flags |= KBD_SYNC_NUM_LOCK;
    if (locks.caps) flags |= KBD_SYNC_CAPS_LOCK;
    return freerdp_input_send_synchronize_event(context->input, flags);
  }

  bool operator()(const ResizeInput& resize) const {
    DispClientContext* resizer = state_of(context).resizer;
    if (resizer == nullptr) return true;  // not offered by this server
    const auto side = [](int pixels, unsigned least, unsigned most) {
      return std::clamp(static_cast<UINT32>(std::max(pixels, 0)), least, most);
    };
    DISPLAY_CONTROL_MONITOR_LAYOUT monitor{};
    monitor.Flags = DISPLAY_CONTROL_MONITOR_PRIMARY;
    // The width has to be even (MS-RDPEDISP 2.2.2.2.1).
    monitor.Width =
        side(resize.size.width(), DISPLAY_CONTROL_MIN_MONITOR_WIDTH, DISPLAY_CONTROL_MAX_MONITOR_WIDTH) & ~1U;
    monitor.Height = side(resize.size.height(), DISPLAY_CONTROL_MIN_MONITOR_HEIGHT, DISPLAY_CONTROL_MAX_MONITOR_HEIGHT);
    monitor.DesktopScaleFactor = std::clamp(resize.scale_percent, 100U, 500U);
    monitor.DeviceScaleFactor = 100;
    return resizer->SendMonitorLayout(resizer, 1, &monitor) == CHANNEL_RC_OK;
  }
};

}  // namespace

bool send_input(rdpContext* context, const Input& input) { return std::visit(Sender{context}, input); }

}  // namespace tobari::client
