// SPDX-License-Identifier: GPL-3.0-or-later
// A real RDP client without a screen: FreeRDP's client library drawing into memory, on a thread of its own.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <tobari/display/frame.h>
#include <tobari/display/monitor.h>

namespace tobari::display::testing {

class HeadlessClient {
 public:
  struct Outcome {
    bool connected = false;        // it got as far as a desktop
    std::uint32_t error_info = 0;  // what the server gave as the reason of the end
    std::uint32_t last_error = 0;
  };
  using Arguments = std::vector<std::string>;  // as xfreerdp3 takes them, without the address
  // One argument of our own: a client without the graphics pipeline. (xfreerdp3 3.32 takes -gfx for /gfx.)
  static constexpr const char* kWithoutPipeline = "without-pipeline";

  // `monitors`: what a client with /multimon has; empty: one window.
  HeadlessClient(std::uint16_t port, Arguments arguments, std::vector<Monitor> monitors = {});
  ~HeadlessClient();  // disconnects
  HeadlessClient(const HeadlessClient&) = delete;
  HeadlessClient& operator=(const HeadlessClient&) = delete;

  // ---- any thread; each waits for at most `limit`
  static constexpr std::chrono::seconds kLimit{15};
  [[nodiscard]] bool wait_connected(std::chrono::milliseconds limit = kLimit);
  [[nodiscard]] std::optional<Outcome> wait_ended(std::chrono::milliseconds limit = kLimit);
  // Until `predicate`, asked whenever something was drawn, is true of what the client shows.
  [[nodiscard]] bool wait_picture(const std::function<bool(const FrameView&)>& predicate,
                                  std::chrono::milliseconds limit = kLimit);
  struct Pointer {
    std::optional<CursorShape> shape;  // none: hidden, or the client's own arrow
    std::size_t made = 0;              // shapes that it was sent; the others it had
  };
  [[nodiscard]] bool wait_pointer(const std::function<bool(const Pointer&)>& predicate,
                                  std::chrono::milliseconds limit = kLimit);
  [[nodiscard]] Pointer pointer();
  [[nodiscard]] bool graphics_pipeline();     // once connected
  [[nodiscard]] std::size_t resizes();        // how often it was told how large the desktop is
  [[nodiscard]] std::size_t longest_chunk();  // of a static channel, as it came

  // ---- done on the client's thread
  void press_key(std::uint8_t scancode);
  void mouse(std::uint16_t flags, std::uint16_t x, std::uint16_t y);
  // The monitors changed (MS-RDPEDISP); false when the server has not opened that channel. Needs /dynamic-resolution.
  [[nodiscard]] bool change_monitors(const std::vector<Monitor>& monitors);
  // As if a channel's program had sent this; false when the client never joined such a channel.
  [[nodiscard]] bool send_on_static_channel(const std::string& name, std::span<const std::byte> data);
  [[nodiscard]] std::vector<std::string> dynamic_channels();  // that the server has opened
  void disconnect();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// Every pixel's colour is equal.
[[nodiscard]] bool same_picture(const FrameView& a, const FrameView& b);

}  // namespace tobari::display::testing
