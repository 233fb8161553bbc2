// SPDX-License-Identifier: GPL-3.0-or-later
// How the use of a desktop ends: because its user says so, because somebody else does (after a notice), because its
// host is to be empty.
#include <format>
#include <utility>

#include "control/drain.h"
#include "control/renewal.h"
#include "control/steps.h"
#include "core/names.h"

namespace tobari::broker::control {
namespace {

bool is_floating(const Desktop& desktop) { return !desktop.pool.empty() && desktop.pool_kind == PoolKind::kFloating; }

// kNotFound: nobody has it, or it is being deleted.
Result<Desktop> used_desktop(const Step& step, const DesktopId& id) {
  TOBARI_ASSIGN(Desktop desktop, step.writer.desktop(id));
  if (desktop.power == Power::kDeleted) return fail(Errc::kNotFound, "the desktop is being removed");
  if (desktop.user.empty()) return fail(Errc::kNotFound, std::format("{} is nobody's", desktop.name));
  return desktop;
}

Result<bool> stops_at_log_off(const Step& step, const Desktop& desktop) {
  if (desktop.pool.empty()) return false;
  TOBARI_ASSIGN(const Pool pool, step.writer.pool(desktop.pool));
  return parse_pool_plan(pool.plan).value_or(PoolPlan{}).stop_at_log_off;
}

Result<void> stop_kept(Step& step, const Desktop& desktop) {
  if (desktop.power != Power::kOn) return {};
  TOBARI_TRY(step.writer.put_to_rest(desktop.id, Rest::kStopped, false));
  step.effects.changed.insert(desktop.host);
  return {};
}

// Nobody is in it now, so it may be made anew from its pool's newer image.
Result<bool> renew_kept(Step& step, const DesktopId& id, const Facts* facts) {
  if (facts == nullptr) return false;
  TOBARI_ASSIGN(const Desktop desktop, step.writer.desktop(id));
  return renew_if_due(step, desktop, *facts);
}

// The guest's session, and with it the client's.
void end_session(Step& step, const Desktop& desktop, const std::string& why) {
  step.effects.ended.push_back({desktop.id, desktop.user, why});
  step.effects.log_offs.push_back({desktop.id, desktop.host, desktop.epoch, false});
}

std::string reason_of(const Ending& ending) {
  return ending.text.empty() ? "an administrator has ended it" : "an administrator has ended it: " + ending.text;
}

Result<void> end_now(Step& step, const Desktop& desktop, const Ending& ending, const Who& who) {
  const std::string why = reason_of(ending);
  if (ending.how == EndHow::kRelease) {
    step.effects.more = true;
    return step.retire(desktop, who, "desktop.release", why);
  }
  TOBARI_TRY(step.writer.set_ending(desktop.id, std::nullopt));
  step.effects.changed.insert(desktop.host);
  end_session(step, desktop, why);
  if (ending.how == EndHow::kStop) TOBARI_TRY(stop_kept(step, desktop));
  return step.record(who, "desktop.log_off", desktop.id.str(),
                     std::format("{} of {}: {}", desktop.name, desktop.user_name, why));
}

Result<void> announce(Step& step, const Desktop& desktop, const Ending& ending, std::chrono::seconds notice,
                      const Who& who) {
  TOBARI_TRY(step.writer.set_ending(desktop.id, ending));
  step.effects.changed.insert(desktop.host);
  step.effects.more = true;
  return step.record(who, "desktop.end", desktop.id.str(),
                     std::format("{} of {} in {} s ({}){}", desktop.name, desktop.user_name, notice.count(),
                                 to_string(ending.how), ending.text.empty() ? "" : ": " + ending.text));
}

Result<void> check_notice(std::chrono::seconds notice, const std::string& text) {
  if (notice.count() < 0 || notice > kMaxEndNotice) {
    return fail(Errc::kInvalidArgument, std::format("the notice may be up to {} s", kMaxEndNotice.count()));
  }
  if (text.size() > kMaxEndText) {
    return fail(Errc::kInvalidArgument, std::format("the text may have up to {} bytes", kMaxEndText));
  }
  return {};
}

Ending ending_of(const Desktop& desktop, Time at, bool stop, const std::string& text) {
  EndHow how = stop ? EndHow::kStop : EndHow::kLogOff;
  if (is_floating(desktop)) how = EndHow::kRelease;
  return {.at = at, .how = how, .text = text};
}

}  // namespace

Result<void> log_off(Step& step, const LogOff& event) {
  auto desktop = step.writer.desktop(event.desktop);
  if (!desktop.has_value()) {
    if (desktop.error().code == Errc::kNotFound) return {};
    return std::unexpected<Error>(desktop.error());
  }
  // Of another user's, or gone: whoever asks has nothing to log off from any more.
  if (desktop->user != event.user || desktop->user.empty() || desktop->power == Power::kDeleted) return {};
  if (is_floating(*desktop)) {
    step.effects.more = true;
    return step.retire(*desktop, event.who, "desktop.release", "logged off");
  }
  end_session(step, *desktop, "logged off");
  TOBARI_ASSIGN(const bool stops, stops_at_log_off(step, *desktop));
  if (stops) TOBARI_TRY(stop_kept(step, *desktop));
  TOBARI_TRY(step.record(event.who, "desktop.log_off", desktop->id.str(), desktop->name));
  TOBARI_TRY(renew_kept(step, desktop->id, event.facts.get()));
  return {};
}

Result<void> logged_off(Step& step, const Desktop& desktop, const Facts* facts, const Who& who) {
  if (desktop.user.empty() || desktop.power != Power::kOn) return {};
  if (is_floating(desktop)) {
    step.effects.more = true;
    return step.retire(desktop, who, "desktop.release", "its user has logged off");
  }
  TOBARI_ASSIGN(const bool renewed, renew_kept(step, desktop.id, facts));
  if (renewed) return {};
  TOBARI_ASSIGN(const bool stops, stops_at_log_off(step, desktop));
  if (!stops) return {};
  TOBARI_TRY(stop_kept(step, desktop));
  step.effects.ended.push_back({desktop.id, desktop.user, "logged off"});
  return step.record(who, "desktop.log_off", desktop.id.str(), std::format("{} is stopped", desktop.name));
}

Result<void> restart_of(Step& step, const RestartOf& event) {
  TOBARI_ASSIGN(const Desktop desktop, step.writer.desktop(event.desktop));
  if (desktop.power == Power::kDeleted) return fail(Errc::kNotFound, "the desktop is being removed");
  if (desktop.power == Power::kOff) {
    TOBARI_TRY(step.writer.set_power(desktop.id, Power::kOn));
    step.effects.changed.insert(desktop.host);
  }
  step.effects.restarts.push_back({desktop.id, desktop.host, desktop.epoch, event.at_once});
  return step.record(event.who, event.at_once ? "desktop.reset" : "desktop.restart", desktop.id.str(), desktop.name);
}

Result<void> end_use(Step& step, const EndUse& event) {
  TOBARI_TRY(check_notice(event.notice, event.text));
  TOBARI_ASSIGN(const Desktop desktop, used_desktop(step, event.desktop));
  const Ending ending = ending_of(desktop, step.now + event.notice, event.stop, event.text);
  if (event.notice.count() == 0) return end_now(step, desktop, ending, event.who);
  return announce(step, desktop, ending, event.notice, event.who);
}

Result<void> keep_use(Step& step, const KeepUse& event) {
  TOBARI_ASSIGN(const Desktop desktop, used_desktop(step, event.desktop));
  if (!desktop.ending) return {};
  TOBARI_TRY(step.writer.set_ending(desktop.id, std::nullopt));
  step.effects.changed.insert(desktop.host);
  return step.record(event.who, "desktop.keep", desktop.id.str(),
                     std::format("{} of {} does not end", desktop.name, desktop.user_name));
}

Result<void> end_what_is_due(Step& step) {
  TOBARI_ASSIGN(const auto due, step.writer.desktops_ending(step.now));
  std::size_t ended = 0;
  for (const Desktop& desktop : due) {
    if (desktop.user.empty() || desktop.power == Power::kDeleted || !desktop.ending) continue;
    if (++ended > kMaxEndedPerSweep) {
      step.effects.more = true;
      return {};
    }
    TOBARI_TRY(end_now(step, desktop, *desktop.ending, {}));
  }
  return {};
}

// ---- a host that is to be empty

Result<void> move_users(Step& step, const Host& host, const SetHostMode& event) {
  TOBARI_TRY(check_notice(event.notice, event.text));
  TOBARI_ASSIGN(const auto desktops, step.writer.desktops_on_host(host.id));
  for (const Desktop& desktop : desktops) {
    if (desktop.user.empty() || desktop.power == Power::kDeleted || !is_floating(desktop)) continue;
    const Ending ending = ending_of(desktop, step.now + event.notice, false, event.text);
    // One that ends sooner for another reason goes on doing so.
    if (desktop.ending && desktop.ending->at <= ending.at) continue;
    TOBARI_TRY(event.notice.count() == 0 ? end_now(step, desktop, ending, event.who)
                                         : announce(step, desktop, ending, event.notice, event.who));
  }
  return {};
}

Result<void> let_users_stay(Step& step, const Host& host) {
  TOBARI_ASSIGN(const auto desktops, step.writer.desktops_on_host(host.id));
  for (const Desktop& desktop : desktops) {
    if (!desktop.ending || !is_floating(desktop) || desktop.power == Power::kDeleted) continue;
    TOBARI_TRY(step.writer.set_ending(desktop.id, std::nullopt));
    step.effects.changed.insert(host.id);
  }
  return {};
}

Result<std::vector<LeftDesktop>> left_on_host(const Reader& reader, const HostId& host) {
  TOBARI_ASSIGN(const auto desktops, reader.desktops_on_host(host));
  std::vector<LeftDesktop> left;
  for (const Desktop& desktop : desktops) {
    std::string why;
    if (desktop.power == Power::kDeleted) {
      why = "it is being deleted";
    } else if (desktop.user.empty()) {
      why = "a spare, which is deleted with the next look at the pools";
    } else if (is_floating(desktop)) {
      why = desktop.ending
                ? std::format("{} has it until {}, and then gets another one elsewhere", desktop.user_name,
                              format_time(desktop.ending->at))
                : std::format("{} has it, and gets another one elsewhere after logging off", desktop.user_name);
    } else {
      why =
          std::format("its disk is on this host and cannot move in this version: {} keeps it here", desktop.user_name);
    }
    left.push_back({desktop, std::move(why)});
  }
  return left;
}

}  // namespace tobari::broker::control
