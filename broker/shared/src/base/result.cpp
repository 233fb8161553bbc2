// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/base/result.h>

#include <cerrno>
#include <format>

#include <system_error>

namespace tobari {

std::string_view to_string(Errc code) noexcept {
  switch (code) {
    case Errc::kInvalidArgument:
      return "invalid argument";
    case Errc::kNotFound:
      return "not found";
    case Errc::kAlreadyExists:
      return "already exists";
    case Errc::kPermissionDenied:
      return "permission denied";
    case Errc::kUnauthenticated:
      return "unauthenticated";
    case Errc::kUnavailable:
      return "unavailable";
    case Errc::kTimeout:
      return "timeout";
    case Errc::kCancelled:
      return "cancelled";
    case Errc::kExhausted:
      return "limit reached";
    case Errc::kPeerProtocol:
      return "malformed input";
    case Errc::kIo:
      return "input/output error";
    case Errc::kInternal:
      return "internal error";
  }
  return "unknown error";
}

std::string describe(const Error& error) {
  std::string_view file = error.file;
  if (const auto slash = file.rfind('/'); slash != std::string_view::npos) file.remove_prefix(slash + 1);
  if (file.empty()) return std::format("{}: {}", to_string(error.code), error.message);  // it came over a wire
  return std::format("{}: {} ({}:{})", to_string(error.code), error.message, file, error.line);
}

namespace {
Errc code_of(int error_number) noexcept {
  switch (error_number) {
    case ENOENT:
      return Errc::kNotFound;
    case EEXIST:
      return Errc::kAlreadyExists;
    case EACCES:
    case EPERM:
      return Errc::kPermissionDenied;
    case EINVAL:
      return Errc::kInvalidArgument;
    case ETIMEDOUT:
      return Errc::kTimeout;
    case ECONNREFUSED:
    case ECONNRESET:
    case EPIPE:
    case EHOSTUNREACH:
    case ENETUNREACH:
      return Errc::kUnavailable;
    case ENOSPC:
    case EMFILE:
    case ENFILE:
    case ENOMEM:
      return Errc::kExhausted;
    default:
      return Errc::kIo;
  }
}
}  // namespace

std::unexpected<Error> fail_errno(int error_number, std::string_view doing_what, const char* file, int line) {
  return fail(code_of(error_number), std::format("{}: {}", doing_what, std::generic_category().message(error_number)),
              file, line);
}

std::unexpected<Error> context(Error error, std::string_view doing_what) {
  error.message = std::format("{}: {}", doing_what, error.message);
  return std::unexpected<Error>(std::move(error));
}

}  // namespace tobari
