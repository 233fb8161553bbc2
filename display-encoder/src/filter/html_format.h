// SPDX-License-Identifier: GPL-3.0-or-later
// HTML as Windows' clipboard has it ("HTML Format"): UTF-8 behind a header of byte offsets. Pure.
#pragma once

#include <string>
#include <string_view>

#include <tobari/base/result.h>

namespace tobari::display {

// The document that the header points at, or the fragment when there is none. Nothing else of it is passed on: not the
// address of the page (SourceURL), nor what stands between or behind. kPeerProtocol: no header, offsets that lead
// nowhere.
[[nodiscard]] Result<std::string> html_from_html_format(std::string_view clipboard);

// With its terminating NUL.
[[nodiscard]] std::string html_format_from_html(std::string_view html);

}  // namespace tobari::display
