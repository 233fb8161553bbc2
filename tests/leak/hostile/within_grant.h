// SPDX-License-Identifier: GPL-3.0-or-later
// The clipboard where it is granted: what the grant names passes, byte for byte, and nothing else does, whatever either
// side offers, asks for or claims.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

#include <tobari/base/result.h>

namespace tobari::leak {

struct ClipboardCase {
  bool allowed = false;   // it has to pass; otherwise nothing of it may
  std::string direction;  // "to guest", "from guest"
  std::string format;     // and under which grant
  std::size_t size = 0;
  std::size_t attempts = 0;
  std::size_t through = 0;
  std::string fault{};  // empty: it is as it should be
};

// Each grant with a display process of its own. `say` is called with each case when it is over.
[[nodiscard]] Result<void> try_within_grant(const std::string& program, std::size_t attempts,
                                            const std::function<void(const ClipboardCase&)>& say);

}  // namespace tobari::leak
