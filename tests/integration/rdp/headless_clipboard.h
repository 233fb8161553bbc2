// SPDX-License-Identifier: GPL-3.0-or-later
// A clipboard for HeadlessClient, on FreeRDP's own cliprdr plugin: what a person copies and pastes.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace tobari::display::testing {

// With kClipboardArgument a client uses the clipboard that was current when it was made.
inline constexpr const char* kClipboardArgument = "+clipboard";

class HeadlessClipboard {
 public:
  using Bytes = std::vector<std::byte>;
  struct Item {
    std::string name;  // empty: a number of the system
    Bytes data;
  };

  HeadlessClipboard();   // becomes the current one
  ~HeadlessClipboard();  // after the client
  HeadlessClipboard(const HeadlessClipboard&) = delete;
  HeadlessClipboard& operator=(const HeadlessClipboard&) = delete;

  // The plugin is there (a CliprdrClientContext).
  static void attach(void* cliprdr);

  // ---- any thread
  void copy(std::map<std::uint32_t, Item> items);  // told when the channel is ready, or at once
  struct Format {
    std::uint32_t id;
    std::string name;
  };
  // The newest list of the server, once it has this many formats.
  [[nodiscard]] std::optional<std::vector<Format>> wait_offer(std::size_t formats);
  // What the server gives for this number; none: it refuses. Nothing at all: no answer.
  [[nodiscard]] std::optional<std::optional<Bytes>> paste(std::uint32_t id);
  [[nodiscard]] std::size_t asked();  // how often the server wanted something
  [[nodiscard]] bool wait_ready();    // the server has greeted

 private:
  friend struct ClipboardCallbacks;
  void announce();

  std::mutex mutex_;
  std::condition_variable changed_;
  void* cliprdr_ = nullptr;
  bool ready_ = false;
  std::map<std::uint32_t, Item> items_;
  std::optional<std::vector<Format>> offered_;
  std::optional<std::optional<Bytes>> pasted_;
  std::size_t asked_ = 0;
};

}  // namespace tobari::display::testing
