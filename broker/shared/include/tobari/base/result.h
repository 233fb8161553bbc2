// SPDX-License-Identifier: GPL-3.0-or-later
// Errors as values. Every fallible call returns Result<T>; nothing in this tree throws (docs/ARCHITECTURE.md, Errors).
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace tobari {

// What kind of failure it is; the caller decides by this, people read the message.
enum class Errc : std::uint8_t {
  kInvalidArgument,  // the caller's request is wrong and stays wrong
  kNotFound,
  kAlreadyExists,  // or conflicts with what exists
  kPermissionDenied,
  kUnauthenticated,
  kUnavailable,  // somebody else is down; trying again later may help
  kTimeout,
  kCancelled,
  kExhausted,     // a stated limit is reached
  kPeerProtocol,  // malformed or hostile input from a peer: that session ends
  kIo,
  kInternal,  // our bug
};

[[nodiscard]] std::string_view to_string(Errc code) noexcept;

struct Error {
  Errc code = Errc::kInternal;
  std::string message;  // lower case, no full stop, never a secret
  const char* file = "";
  int line = 0;
};

// "unavailable: connect to libvirt: no such file (libvirt_hypervisor.cpp:41)", for logs.
[[nodiscard]] std::string describe(const Error& error);

// A class of its own rather than an alias: std::expected alone does not warn when a result is ignored.
template <class T>
class [[nodiscard]] Result : public std::expected<T, Error> {
 public:
  using std::expected<T, Error>::expected;
};

[[nodiscard]] inline std::unexpected<Error> fail(Errc code, std::string message, const char* file = __builtin_FILE(),
                                                 int line = __builtin_LINE()) {
  return std::unexpected<Error>(Error{code, std::move(message), file, line});
}

// Failure of a system call: the code follows errno, the message ends in its text.
[[nodiscard]] std::unexpected<Error> fail_errno(int error_number, std::string_view doing_what,
                                                const char* file = __builtin_FILE(), int line = __builtin_LINE());

// Puts what was being done in front: "start desktop d1: connect to libvirt: ...".
[[nodiscard]] std::unexpected<Error> context(Error error, std::string_view doing_what);

}  // namespace tobari

#define TOBARI_CONCAT_INNER(a, b) a##b
#define TOBARI_CONCAT(a, b) TOBARI_CONCAT_INNER(a, b)

// Returns the error from this function when `expr` failed.
#define TOBARI_TRY(expr)                                                       \
  if (auto tobari_result = (expr); !tobari_result.has_value()) {               \
    return std::unexpected<::tobari::Error>(std::move(tobari_result).error()); \
  }                                                                            \
  static_assert(true)

// TOBARI_ASSIGN(const auto info, hypervisor.find(id)); declares info or returns the error. Two statements.
#define TOBARI_ASSIGN(declaration, expr)                                                                 \
  auto TOBARI_CONCAT(tobari_result_, __LINE__) = (expr);                                                 \
  if (!TOBARI_CONCAT(tobari_result_, __LINE__).has_value()) {                                            \
    return std::unexpected<::tobari::Error>(std::move(TOBARI_CONCAT(tobari_result_, __LINE__)).error()); \
  }                                                                                                      \
  declaration = std::move(TOBARI_CONCAT(tobari_result_, __LINE__)).value()
