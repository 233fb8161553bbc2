// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/problem.h"

#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include <tobari/base/log.h>

namespace tobari::broker {
namespace {

struct Row {
  Errc errc;
  int status;
  const char* code;
  const char* title;
};
constexpr std::array kTable{
    Row{Errc::kInvalidArgument, 400, "invalid_request", "The request is not valid"},
    Row{Errc::kNotFound, 404, "not_found", "There is no such thing"},
    Row{Errc::kAlreadyExists, 409, "conflict", "It conflicts with what exists"},
    Row{Errc::kPermissionDenied, 403, "forbidden", "Not allowed"},
    Row{Errc::kUnauthenticated, 401, "unauthenticated", "Not signed in"},
    Row{Errc::kUnavailable, 503, "unavailable", "Not available at the moment"},
    Row{Errc::kTimeout, 504, "timeout", "No answer in time"},
    Row{Errc::kCancelled, 503, "cancelled", "Cancelled"},
    Row{Errc::kExhausted, 429, "too_many_requests", "A limit is reached"},
    Row{Errc::kPeerProtocol, 400, "malformed", "The request is malformed"},
    Row{Errc::kIo, 503, "storage_unavailable", "The broker cannot store anything"},
    Row{Errc::kInternal, 500, "internal_error", "The broker made a mistake"},
};

const Row& row_of(Errc code) noexcept {
  for (const Row& row : kTable) {
    if (row.errc == code) return row;
  }
  return kTable.back();
}

Response problem(int status, const std::string& title, const std::string& code, const std::string& detail) {
  const nlohmann::ordered_json body{
      {"type", "about:blank"}, {"title", title}, {"status", status}, {"code", code}, {"detail", detail}};
  return {.status = status,
          .content_type = "application/problem+json",
          .body = body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
          .headers = {}};
}

}  // namespace

int http_status(Errc code) noexcept { return row_of(code).status; }

Response to_response(const ApiError& error) {
  const Row& row = row_of(error.error.code);
  std::string detail = error.error.message;
  if (error.error.code == Errc::kInternal) {
    log::error("request failed", {{"why", describe(error.error)}});
    detail = "the broker's log says more";
  } else if (error.error.code == Errc::kIo) {
    log::error("request failed", {{"why", describe(error.error)}});
    if (!detail.contains("disk is full")) detail = "the broker's log says more; nothing was changed";
  }
  Response response = problem(row.status, row.title, error.code.empty() ? row.code : error.code, detail);
  const bool away = error.error.code == Errc::kUnavailable && error.code.empty();
  const auto wait = error.retry_after.count() == 0 && away ? kUnavailableRetry : error.retry_after;
  if (wait.count() > 0) response.headers.emplace_back("Retry-After", std::to_string(wait.count()));
  if (row.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

Response plain_problem(int status, std::string code, std::string detail) {
  return problem(status, "The request was not accepted", code, detail);
}

}  // namespace tobari::broker
