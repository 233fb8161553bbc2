// SPDX-License-Identifier: GPL-3.0-or-later
// Fences between our code and C libraries: nothing may unwind through a C frame.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <utility>

namespace tobari {

// Runs `body` for a C callback. We do not throw; what arrives here is std::bad_alloc or a library's broken promise,
// and the process ends with a line that says which callback it was.
template <class Body>
auto no_throw(const char* where, Body&& body) noexcept {
  try {
    return std::forward<Body>(body)();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "%s: exception in a C callback: %s\n", where, e.what());
  } catch (...) {
    std::fprintf(stderr, "%s: exception in a C callback\n", where);
  }
  std::abort();
}

}  // namespace tobari
