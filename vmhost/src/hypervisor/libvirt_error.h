// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <string_view>

#include <tobari/base/result.h>

namespace tobari::vmhost {

// This thread's last libvirt error as one of ours, with what was being done in front.
[[nodiscard]] std::unexpected<Error> libvirt_failure(std::string_view doing_what, const char* file = __builtin_FILE(),
                                                     int line = __builtin_LINE());

[[nodiscard]] Errc errc_of_libvirt(int code) noexcept;

}  // namespace tobari::vmhost
