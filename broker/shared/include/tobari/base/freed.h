// SPDX-License-Identifier: GPL-3.0-or-later
// Owners of what a C library makes: std::unique_ptr<X509, Freed<X509_free>>.
#pragma once

namespace tobari {

// Calls `Free` with what is owned, which is never null then.
template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};

}  // namespace tobari
