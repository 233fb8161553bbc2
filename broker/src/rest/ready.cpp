// SPDX-License-Identifier: GPL-3.0-or-later
// The first half of opening.h: until the desktops run.
#include <format>
#include <optional>
#include <utility>

#include "rest/opening.h"

namespace tobari::broker {
namespace {

constexpr const char* kStartingCode = "desktop_starting";
constexpr const char* kAwayCode = "host_away";

Result<void> power_on(Api& api, const Call& call, const Desktop& desktop) {
  auto done = api.store.act([&call, &desktop](Writer& writer) -> Result<AuditDraft> {
    TOBARI_ASSIGN(const Desktop now, writer.desktop(desktop.id));
    if (now.power == Power::kDeleted) return fail(Errc::kNotFound, "the desktop is being removed");
    TOBARI_TRY(writer.set_power(desktop.id, Power::kOn));
    AuditDraft draft = audit_of(call, "desktop.start", desktop.id.str());
    draft.detail = "to connect";
    return draft;
  });
  TOBARI_TRY(std::move(done));
  api.hosts.desired_changed(desktop.host);
  return {};
}

ApiError failed_desktop(const Desktop& desktop, const DesktopStatus& status) {
  std::string why = status.detail.empty() ? "the desktop could not be started" : status.detail;
  if (!desktop.pool.empty() && desktop.pool_kind == PoolKind::kFloating) why += "; log off to get a fresh one";
  return {fail(Errc::kUnavailable, std::move(why)).error(), "desktop_failed"};
}

// Everything that must be so before a display is opened. An error is the reply.
std::expected<void, ApiError> check_ready(Api& api, const Call& call, const Desktop& desktop) {
  if (desktop.power == Power::kDeleted) {
    return std::unexpected<Error>(fail(Errc::kNotFound, "the desktop is being removed").error());
  }
  const DesktopStatus status = api.hosts.status(desktop);
  if (status.state == DesktopStatus::State::kUnreachable) {
    return std::unexpected(ApiError(fail(Errc::kUnavailable, status.detail).error(), kAwayCode, kAwayRetry));
  }
  if (desktop.power == Power::kOff) {
    TOBARI_TRY(power_on(api, call, desktop));
    return std::unexpected(still_starting(std::format("on {}", desktop.host_name)));
  }
  switch (status.state) {
    case DesktopStatus::State::kRunning:
      return {};
    case DesktopStatus::State::kFailed:
      return std::unexpected(failed_desktop(desktop, status));
    default:
      return std::unexpected(
          still_starting(std::format("on {}{}", desktop.host_name, status.detail.empty() ? "" : ": " + status.detail)));
  }
}

// Of all desktops, so that those which are off all start now and not one after the other. What waiting does not help
// against is said first.
std::expected<void, ApiError> check_ready(Api& api, const Call& call, const std::vector<Desktop>& desktops) {
  std::optional<ApiError> wait;
  for (const Desktop& desktop : desktops) {
    auto ready = check_ready(api, call, desktop);
    if (ready.has_value()) continue;
    ApiError why = std::move(ready).error();
    if (desktops.size() > 1) why.error.message = std::format("{}: {}", desktop.name, why.error.message);
    if (why.code != kStartingCode) return std::unexpected(std::move(why));
    wait = std::move(why);
  }
  if (wait.has_value()) return std::unexpected(*std::move(wait));
  return {};
}

DesktopsOrError read_again(Api& api, const Call& call, const std::vector<Desktop>& desktops) {
  std::vector<Desktop> again;
  for (const Desktop& before : desktops) {
    TOBARI_ASSIGN(Desktop now, visible_desktop(api, call, before.id));
    TOBARI_TRY(check_own(call, now));
    again.push_back(std::move(now));
  }
  return again;
}

std::expected<void, ApiError> look(Api& api, const Call& call, Opening& opening, bool first) {
  if (!first || opening.desktops.empty()) {
    auto now = opening.look ? opening.look(opening.desktops) : read_again(api, call, opening.desktops);
    if (!now.has_value()) return std::unexpected(std::move(now).error());
    opening.desktops = *std::move(now);
  }
  return check_ready(api, call, opening.desktops);
}

bool worth_waiting(const Opening& opening, const ApiError& why) {
  return why.code == kStartingCode || (opening.wait_for_host && why.code == kAwayCode);
}

// Everything by value: it outlives whoever calls it. `api` outlives the workers.
Unattended open_when_ready(Api* api, Call call, Opening opening, Reply reply) {
  const DesktopNews::Deadline until = std::chrono::steady_clock::now() + api->patience;
  for (bool first = true;; first = false) {
    const std::uint64_t mark = api->news.mark();
    const std::expected<void, ApiError> ready = look(*api, call, opening, first);
    if (ready.has_value()) break;
    if (!worth_waiting(opening, ready.error())) {
      reply(std::unexpected(ready.error()));
      co_return;
    }
    const Woken woken = co_await api->news.after(mark, opening.desktops.front().host, until);
    if (woken == Woken::kByTime) {
      reply(std::unexpected(ready.error()));
      co_return;
    }
  }
  open_display(*api, call, opening, reply);
}

}  // namespace

Result<void> check_own(const Call& call, const Desktop& desktop) {
  if (desktop.user == call.caller.user.id) return {};
  return fail(Errc::kPermissionDenied, "a desktop is opened by its own user, not by an administrator");
}

ApiError still_starting(const std::string& how_far) {
  return {fail(Errc::kUnavailable,
               how_far.empty() ? "the desktop is starting" : std::format("the desktop is starting {}", how_far))
              .error(),
          kStartingCode, kStartingRetry};
}

void open_desktops(Api& api, const Call& call, Opening opening, const Reply& reply) {
  open_when_ready(&api, call, std::move(opening), reply);
}

}  // namespace tobari::broker
