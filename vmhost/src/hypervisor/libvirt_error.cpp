// SPDX-License-Identifier: GPL-3.0-or-later
#include "libvirt_error.h"

#include <format>

#include <libvirt/virterror.h>

namespace tobari::vmhost {

Errc errc_of_libvirt(int code) noexcept {
  switch (code) {
    case VIR_ERR_NO_DOMAIN:
    case VIR_ERR_NO_NETWORK:
    case VIR_ERR_NO_NWFILTER:
      return Errc::kNotFound;
    case VIR_ERR_DOM_EXIST:
      return Errc::kAlreadyExists;
    case VIR_ERR_ACCESS_DENIED:
    case VIR_ERR_OPERATION_DENIED:
      return Errc::kPermissionDenied;
    case VIR_ERR_AUTH_FAILED:
    case VIR_ERR_AUTH_CANCELLED:
    case VIR_ERR_AUTH_UNAVAILABLE:
      return Errc::kUnauthenticated;
    // The connection broke under the call, was broken, or could not be made.
    case VIR_ERR_NO_CONNECT:
    case VIR_ERR_INVALID_CONN:
    case VIR_ERR_RPC:
    case VIR_ERR_SYSTEM_ERROR:
    case VIR_ERR_NO_SERVER:
    case VIR_ERR_RESOURCE_BUSY:
      return Errc::kUnavailable;
    case VIR_ERR_OPERATION_TIMEOUT:
      return Errc::kTimeout;
    case VIR_ERR_OPERATION_ABORTED:
      return Errc::kCancelled;
    case VIR_ERR_NO_MEMORY:
      return Errc::kExhausted;
    case VIR_ERR_XML_ERROR:
    case VIR_ERR_XML_DETAIL:
    case VIR_ERR_XML_INVALID_SCHEMA:
    case VIR_ERR_INVALID_ARG:
    case VIR_ERR_CONFIG_UNSUPPORTED:
    case VIR_ERR_NO_SUPPORT:
    case VIR_ERR_OPERATION_UNSUPPORTED:
    case VIR_ERR_ARGUMENT_UNSUPPORTED:
      return Errc::kInvalidArgument;
    default:
      return Errc::kIo;
  }
}

std::unexpected<Error> libvirt_failure(std::string_view doing_what, const char* file, int line) {
  const virError* last = ::virGetLastError();
  if (last == nullptr) return fail(Errc::kIo, std::format("{}: libvirt gives no reason", doing_what), file, line);
  const char* message = last->message != nullptr ? last->message : "libvirt gives no reason";
  return fail(errc_of_libvirt(last->code), std::format("{}: {}", doing_what, message), file, line);
}

}  // namespace tobari::vmhost
