// SPDX-License-Identifier: GPL-3.0-or-later
// The two ends of a session's clipboard, the client's and the desktop's, seen from between them (src/session's relay).
// Both are the same: an end has something or nothing, gives it when it is asked, and asks for what the other one has.
// Nothing is handed on before somebody pastes it.
//
// Content crosses in one plain form, whatever the protocols carry: text and HTML as UTF-8 without a byte order mark or
// terminator, lines of text ended by LF; RTF as it is; an image as a Windows bitmap file. It was checked to be that
// (filter/clipboard_content.h) by whoever took it from its protocol. Files have no form: they do not pass.
//
// Contract. Calls and events come on any thread and return at once. An end's answer to ask() comes once, by
// on_answer() with the same id, unless its events have ended; it may come late, and then the id is not known any more.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/policy/limits.h>

namespace tobari::display {

using ClipboardContent = std::vector<std::byte>;
using TransferId = std::uint32_t;

// The largest content that is ever taken in, whatever the policy allows: a picture of 3840x2160 has 33 MB. What is no
// picture is never that large.
inline constexpr std::size_t kMaxClipboardContent = std::size_t{64} << 20;
inline constexpr std::size_t kMaxClipboardText = std::size_t{16} << 20;
// Transfers that one end may have asked for and not been given.
inline constexpr std::size_t kMaxClipboardAsks = 8;

class ClipboardEvents {
 public:
  // This end has something in these formats now; empty: nothing any more.
  virtual void on_offer(policy::FormatSet formats) = 0;
  // It wants what the other end has. Answer with ClipboardEnd::answer().
  virtual void on_ask(TransferId id, policy::Format format) = 0;
  // kPeerProtocol: what came is not what it says it is. kExhausted: too much of it. Else: there is none.
  virtual void on_answer(TransferId id, Result<ClipboardContent> content) = 0;

 protected:
  ~ClipboardEvents() = default;
};

class ClipboardEnd {
 public:
  virtual void offer(policy::FormatSet formats) = 0;  // what the other end has; empty: nothing any more
  // A content of more than `most` bytes would be refused: it need not be read to its end.
  virtual void ask(TransferId id, policy::Format format, std::size_t most) = 0;
  virtual void answer(TransferId id, std::optional<ClipboardContent> content) = 0;  // none: it is not given

 protected:
  ~ClipboardEnd() = default;
};

// A desktop's end, while it lasts. start() once; when stop() returns no event is running or will come.
class ClipboardSource : public ClipboardEnd {
 public:
  virtual ~ClipboardSource() = default;
  [[nodiscard]] virtual Result<void> start(ClipboardEvents& events) = 0;
  virtual void stop() noexcept = 0;
};

}  // namespace tobari::display
