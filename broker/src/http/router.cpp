// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/router.h"

#include <chrono>
#include <format>
#include <optional>
#include <utility>

#include <tobari/base/log.h>

namespace tobari::broker {
namespace {

constexpr std::size_t kMaxSegmentBytes = 64;

using Values = std::map<std::string, std::string, std::less<>>;

std::string_view next_segment(std::string_view& rest) {
  rest.remove_prefix(1);  // the slash
  const auto end = std::min(rest.find('/'), rest.size());
  const auto segment = rest.substr(0, end);
  rest.remove_prefix(end);
  return segment;
}

std::optional<Values> match(std::string_view pattern, std::string_view path) {
  Values values;
  while (!pattern.empty() && !path.empty()) {
    if (path.front() != '/') return std::nullopt;
    const auto wanted = next_segment(pattern);
    const auto given = next_segment(path);
    if (wanted.starts_with('{')) {
      if (given.empty() || given.size() > kMaxSegmentBytes) return std::nullopt;
      values.emplace(wanted.substr(1, wanted.size() - 2), given);
    } else if (wanted != given) {
      return std::nullopt;
    }
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return values;
}

std::string_view bearer_of(const Request& request) {
  constexpr std::string_view kScheme = "Bearer ";
  const std::string_view header = request.authorization;
  return header.starts_with(kScheme) ? header.substr(kScheme.size()) : std::string_view();
}

// One line a request; never the query, the body or a header: those can hold secrets.
void log_request(const Call& call, const Route& route, const Response& response,
                 std::chrono::duration<double, std::milli> ms) {
  log::info("request", {{"method", route.method},
                        {"route", route.pattern},
                        {"status", std::to_string(response.status)},
                        {"ms", std::format("{:.1f}", ms.count())},
                        {"user", call.caller.user.name.empty() ? "-" : call.caller.user.name},
                        {"client", call.request.client_address}});
}

}  // namespace

Handler at_once(std::function<Answer(const Call&)> body) {
  return [body = std::move(body)](const Call& call, const Reply& reply) { reply(body(call)); };
}

void Router::add(std::vector<Route> routes) {
  for (Route& route : routes) routes_.push_back(std::move(route));
}

void Router::handle(Request request, Respond respond) {
  bool path_known = false;
  for (const Route& route : routes_) {
    auto values = match(route.pattern, request.path);
    if (!values.has_value()) continue;
    path_known = true;
    if (route.method != request.method) continue;
    WorkerPool& pool = route.lane == Lane::kPassword ? parts_.password : parts_.normal;
    auto task = [this, &route, call = Call{std::move(request), std::move(*values), {}}, respond] {
      run(route, call, respond);
    };
    if (!pool.post(std::move(task))) {
      parts_.metrics.refused_for_load();
      respond(to_response(ApiError(fail(Errc::kUnavailable, "the broker is busy: try again").error(), "busy",
                                   std::chrono::seconds(2))));
    }
    return;
  }
  if (path_known) return respond(plain_problem(405, "method_not_allowed", "this address does not do that"));
  respond(plain_problem(404, "not_found", "there is nothing at this address"));
}

void Router::run(const Route& route, Call call, Respond respond) {
  auto finish = [this, &route, watch = Stopwatch(), respond = std::move(respond)](const Call& of,
                                                                                  const Answer& answer) {
    Response response = answer.has_value() ? *answer : to_response(answer.error());
    const auto took = watch.elapsed();
    log_request(of, route, response, took);
    parts_.metrics.request(route.method, route.pattern, response.status, took);
    respond(std::move(response));
  };
  if (auto admitted = admit(route, call); !admitted.has_value()) {
    finish(call, std::unexpected<ApiError>(std::move(admitted).error()));
    return;
  }
  // What the log line needs stays here; the rest belongs to the handler.
  Call about{Request{}, {}, call.caller};
  about.request.client_address = call.request.client_address;
  route.handler(std::move(call), [finish, about](const Answer& answer) { finish(about, answer); });
}

Result<void> Router::admit(const Route& route, Call& call) {
  if (!call.request.body.empty() && !call.request.content_type.starts_with("application/json")) {
    return fail(Errc::kInvalidArgument, "the body must be sent as application/json");
  }
  if (route.access == Access::kPublic) return {};
  TOBARI_ASSIGN(call.caller, parts_.authenticator.check_token(bearer_of(call.request)));
  if (route.access == Access::kUser || call.caller.user.role == Role::kAdmin) return {};
  TOBARI_TRY(parts_.store.record({.actor = call.caller.user.name,
                                  .action = "access",
                                  .object = std::format("{} {}", route.method, route.pattern),
                                  .client_address = call.request.client_address,
                                  .outcome = Outcome::kDenied,
                                  .rule = "",
                                  .detail = "administrators only"}));
  return fail(Errc::kPermissionDenied, "only administrators may do this");
}

}  // namespace tobari::broker
