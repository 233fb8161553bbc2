// SPDX-License-Identifier: GPL-3.0-or-later
// Owners for GLib's reference-counted things. Internal to capture.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <gio/gio.h>

#include <tobari/base/result.h>

namespace tobari::display {

struct GObjectDeleter {
  void operator()(void* object) const noexcept { g_object_unref(object); }
};
template <class T>
using GRef = std::unique_ptr<T, GObjectDeleter>;  // adopts one reference

struct GVariantDeleter {
  void operator()(GVariant* variant) const noexcept { g_variant_unref(variant); }
};
using VariantRef = std::unique_ptr<GVariant, GVariantDeleter>;

struct GErrorDeleter {
  void operator()(GError* error) const noexcept { g_error_free(error); }
};
using ErrorRef = std::unique_ptr<GError, GErrorDeleter>;

[[nodiscard]] inline Error to_error(Errc code, std::string_view doing_what, const GError* error,
                                    const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  std::string message(doing_what);
  if (error != nullptr) message.append(": ").append(error->message);
  return Error{code, std::move(message), file, line};
}

}  // namespace tobari::display
