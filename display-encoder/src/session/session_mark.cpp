// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/session_mark.h"

#include <cstdint>
#include <optional>
#include <string>

#include <tobari/watermark/mark_number.h>

#include "watermark/mark_text.h"

namespace tobari::display {

Result<std::shared_ptr<const ScreenMark>> session_mark(std::string_view address, const Admitted& admitted,
                                                       std::chrono::system_clock::time_point begin) {
  std::string text;
  if (admitted.grant.visible_watermark) {
    text = mark_text(admitted.grant.user, begin, address, admitted.session_id);
  }
  std::optional<std::uint64_t> number;
  if (admitted.grant.invisible_watermark) {
    number = watermark::mark_number_of(admitted.session_id);
    if (!number) return fail(Errc::kInvalidArgument, "its id is no UUID");
  }
  return ScreenMark::make(text, number);
}

}  // namespace tobari::display
