// SPDX-License-Identifier: GPL-3.0-or-later
// One line an event on standard error: time, level, program, event, then key=value pairs. info: a life cycle went on;
// warning: a peer's fault; error: ours. Never a payload, a key press, a clipboard byte or a credential.
//
//   log::info("desktop started", {{"desktop", id.str()}, {"host", host}});
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include <tobari/base/result.h>

namespace tobari::log {

enum class Level { kDebug, kInfo, kWarning, kError };

struct Field {
  std::string_view key;
  std::string value;  // quoted and escaped when it holds anything but plain printable characters
};
using Fields = std::initializer_list<Field>;

// Once, at the start of main; before that lines carry no program name and kInfo is the threshold.
void init(std::string_view program, Level threshold);
[[nodiscard]] Result<Level> parse_level(std::string_view text);  // debug, info, warning, error
[[nodiscard]] std::string_view to_string(Level level) noexcept;  // what parse_level() takes

void write(Level level, std::string_view event, Fields fields = {});
inline void debug(std::string_view event, Fields fields = {}) { write(Level::kDebug, event, fields); }
inline void info(std::string_view event, Fields fields = {}) { write(Level::kInfo, event, fields); }
inline void warning(std::string_view event, Fields fields = {}) { write(Level::kWarning, event, fields); }
inline void error(std::string_view event, Fields fields = {}) { write(Level::kError, event, fields); }

}  // namespace tobari::log
