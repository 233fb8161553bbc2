// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/end_reason.h"

#include <freerdp/error.h>

namespace tobari::client {

std::optional<DisplayEnd> end_reason_of(std::uint32_t error, std::uint32_t error_info) {
  switch (error_info) {
    case ERRINFO_DISCONNECTED_BY_OTHER_CONNECTION:
      return DisplayEnd::kTakenOver;
    case ERRINFO_IDLE_TIMEOUT:
      return DisplayEnd::kIdle;
    case ERRINFO_SERVER_INSUFFICIENT_PRIVILEGES:
    case ERRINFO_SERVER_DENIED_CONNECTION:
    case ERRINFO_SERVER_FRESH_CREDENTIALS_REQUIRED:
    case ERRINFO_LOGON_TIMEOUT:
      return DisplayEnd::kRefused;
    case ERRINFO_RPC_INITIATED_DISCONNECT:
    case ERRINFO_RPC_INITIATED_LOGOFF:
    case ERRINFO_RPC_INITIATED_DISCONNECT_BY_USER:
      return DisplayEnd::kClosed;
    default:
      break;  // also LOGOFF_BY_USER, which the library reports for an ordinary close of the peer
  }
  switch (error) {
    case FREERDP_ERROR_INSUFFICIENT_PRIVILEGES:
    case FREERDP_ERROR_SERVER_INSUFFICIENT_PRIVILEGES:
    case FREERDP_ERROR_SERVER_DENIED_CONNECTION:
    case FREERDP_ERROR_AUTHENTICATION_FAILED:
    case FREERDP_ERROR_CONNECT_LOGON_FAILURE:
    case FREERDP_ERROR_CONNECT_ACCESS_DENIED:
      return DisplayEnd::kRefused;
    default:
      break;
  }
  return std::nullopt;
}

}  // namespace tobari::client
