// SPDX-License-Identifier: GPL-3.0-or-later
// Clipboard contents between the plain form (display/clipboard.h) and Windows' formats, and whether something is what
// it is said to be. Whatever is not, is refused as a whole. Pure.
#pragma once

#include <cstddef>
#include <span>

#include <tobari/base/result.h>
#include <tobari/display/clipboard.h>
#include <tobari/policy/limits.h>

namespace tobari::display {

// CF_UNICODETEXT, "HTML Format", "Rich Text Format", CF_DIB. kPeerProtocol says what is wrong with it.
[[nodiscard]] Result<ClipboardContent> content_from_windows(policy::Format format, std::span<const std::byte> data);
// `content`: checked.
[[nodiscard]] ClipboardContent content_to_windows(policy::Format format, const ClipboardContent& content);

// What somebody gave in the plain form, if it is that. Text gets LF for CRLF.
[[nodiscard]] Result<ClipboardContent> checked_content(policy::Format format, ClipboardContent content);

// HTML and RTF may bring pictures along, and HTML whatever a data: address holds: for whom pictures are not open, such
// a content is not what it says. Text and pictures hold none.
[[nodiscard]] bool holds_picture(policy::Format format, const ClipboardContent& content);

// No Windows form of a content of `most` bytes is longer.
[[nodiscard]] std::size_t longest_in_windows(policy::Format format, std::size_t most) noexcept;

}  // namespace tobari::display
