// SPDX-License-Identifier: GPL-3.0-or-later
// The clipboard agent in a machine, played: copies, pastes, also what it was never offered, and looks at every byte
// that it is sent. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>

#include <tobari/base/unique_fd.h>
#include <tobari/policy/limits.h>

#include "capture/clipboard_port.h"
#include "clipboard_contents.h"

namespace tobari::leak {

class PlayedGuest {
 public:
  explicit PlayedGuest(std::string_view client_stem);
  [[nodiscard]] UniqueFd take_display_end() { return std::move(display_end_); }

  void serve();  // what has come meanwhile; to be called again and again
  void copies(policy::Format format, Bytes plain);
  [[nodiscard]] std::uint32_t asks(policy::Format format);

  [[nodiscard]] bool greeted() const noexcept { return greeted_; }
  [[nodiscard]] bool answered(std::uint32_t id) const { return given_.contains(id); }
  // Nothing: refused.
  [[nodiscard]] const std::optional<Bytes>& given(std::uint32_t id) const { return given_.at(id); }
  [[nodiscard]] bool offered(policy::Format format) const noexcept { return offered_.has(format); }
  [[nodiscard]] std::size_t canaries() const noexcept { return search_.found(); }

 private:
  void take(const display::port::Message& message);
  void flush();

  UniqueFd port_, display_end_;
  CanarySearch search_;
  display::port::Reader reader_;
  Bytes out_;
  bool greeted_ = false;
  policy::FormatSet offered_;
  std::map<policy::Format, Bytes> has_;
  std::uint32_t last_ = 0;
  std::map<std::uint32_t, Bytes> parts_;
  std::map<std::uint32_t, std::optional<Bytes>> given_;
};

}  // namespace tobari::leak
