// SPDX-License-Identifier: GPL-3.0-or-later
// The mark that a grant asks for.
#pragma once

#include <chrono>
#include <memory>
#include <string_view>

#include <tobari/display/display_transport.h>

#include "watermark/screen_mark.h"

namespace tobari::display {

// `address`: the client's. Null: none is asked for. kInvalidArgument: the session has no id that an invisible mark
// could carry; such a session must not be shown anything.
[[nodiscard]] Result<std::shared_ptr<const ScreenMark>> session_mark(std::string_view address, const Admitted& admitted,
                                                                     std::chrono::system_clock::time_point begin);

}  // namespace tobari::display
