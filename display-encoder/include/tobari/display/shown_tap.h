// SPDX-License-Identifier: GPL-3.0-or-later
// Hears what one client is shown, as it is sent: commands before they become a wire format, so that clients with and
// without the graphics pipeline look alike. A recorder is one (src/record).
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>

#include <tobari/base/result.h>
#include <tobari/display/encoder.h>
#include <tobari/display/frame.h>
#include <tobari/display/monitor.h>

namespace tobari::display {

struct ClientInfo;
struct Admitted;

// Order: begin() once, from the client's thread; then the encode thread's calls; end() once, from any thread. Calls
// copy what they need and do not wait for anybody.
class ShownTap {
 public:
  virtual ~ShownTap() = default;

  // `failed`: called at most once, on a thread of the tap's own, when the session must not go on without it. It must
  // not block.
  virtual void begin(const ClientInfo& client, const Admitted& admitted, std::function<void(const Error&)> failed) = 0;
  virtual void end(const std::string& reason) = 0;

  // ---- the encode thread
  // True: nothing more may be shown for now, because what was shown has not been kept yet. Asked again soon.
  [[nodiscard]] virtual bool holds() = 0;

  // The desktop from now on; frames for these surfaces follow. `anew`: encoders have begun anew as well.
  virtual void on_layout(const OutputLayout& layout, bool anew) = 0;
  virtual void on_frame(std::uint32_t id, std::size_t surface, const EncodedFrame& frame) = 0;
  virtual void on_pointer(const std::optional<CursorShape>& shape, bool visible) = 0;
  virtual void on_pointer_place(Point place) = 0;

  // Whether it wants start_anew(): at the next moment at which there is nothing to show, or before the next frame.
  enum class Wish : std::uint8_t { kNothing, kWhenIdle, kNow };
  [[nodiscard]] virtual Wish wishes() = 0;
  // Encoders begin anew (FrameEncoder::start_anew()), and these are the surfaces' pictures at this moment, in the order
  // of the layout's surfaces.
  virtual void start_anew(const OutputLayout& layout, std::span<const FrameView> pictures) = 0;
};

}  // namespace tobari::display
