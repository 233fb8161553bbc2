// SPDX-License-Identifier: GPL-3.0-or-later
// Requests and responses as plain values: what the router and the resources see of HTTP.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <tobari/policy/request.h>

namespace tobari::broker {

struct Request {
  std::string method;         // "GET", "POST", "PUT", "DELETE", ...
  std::string path;           // without the query, as it came: no percent-decoding (no path of ours needs any)
  std::string query;          // without "?"
  std::string authorization;  // header values; empty when absent
  std::string content_type;
  std::string idempotency_key;
  std::string if_none_match;
  std::string body;
  std::string client_address;  // numeric, without port
  // Of the device, when the portal asks for one; both fields empty: it showed none that holds.
  std::optional<policy::DeviceCertificate> device{};
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

// Called once for every request, from any thread, in its own time.
using Respond = std::function<void(Response)>;
using RequestHandler = std::function<void(Request, Respond)>;

}  // namespace tobari::broker
