// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/pool_plan.h"

#include <algorithm>
#include <array>
#include <format>
#include <optional>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include <tobari/policy/weekly_text.h>

#include "core/names.h"

namespace tobari::broker {
namespace {

using PlanJson = nlohmann::json;

constexpr std::array<std::pair<Unused, std::string_view>, 5> kUnusedWords{{{Unused::kKeep, "keep"},
                                                                           {Unused::kSuspend, "suspend"},
                                                                           {Unused::kSave, "save"},
                                                                           {Unused::kStop, "stop"},
                                                                           {Unused::kDelete, "delete"}}};

std::string_view word_of_unused(Unused what) { return kUnusedWords.at(static_cast<std::size_t>(what)).second; }

std::unexpected<Error> bad_plan(std::string message) { return fail(Errc::kInvalidArgument, std::move(message)); }

// One object of the plan, member by member; what nobody asked for is an error.
class PlanObject {
 public:
  PlanObject(const PlanJson& json, std::string name) : json_(json), name_(std::move(name)) {}

  [[nodiscard]] static Result<PlanObject> of(const PlanJson& json, std::string name) {
    if (!json.is_object()) return bad_plan(std::format("{} must be an object", name));
    return PlanObject(json, std::move(name));
  }
  const PlanJson* find(const char* member) {
    asked_.insert(member);
    const auto found = json_.find(member);
    return found == json_.end() ? nullptr : &*found;
  }
  Result<std::uint64_t> number(const char* member, std::uint64_t least, std::uint64_t most, std::uint64_t otherwise) {
    const PlanJson* const found = find(member);
    if (found == nullptr) return otherwise;
    const bool good = found->is_number_unsigned();
    const std::uint64_t value = good ? found->get<std::uint64_t>() : 0;
    if (good && value >= least && value <= most) return value;
    return bad_plan(std::format("{} must be a whole number from {} to {}", path(member), least, most));
  }
  Result<std::chrono::seconds> time(const char* member, std::chrono::seconds otherwise) {
    TOBARI_ASSIGN(const std::uint64_t value, number(member, static_cast<std::uint64_t>(kMinPlanTime.count()),
                                                    static_cast<std::uint64_t>(kMaxPlanTime.count()),
                                                    static_cast<std::uint64_t>(otherwise.count())));
    return std::chrono::seconds(value);
  }
  Result<bool> flag(const char* member) {
    const PlanJson* const found = find(member);
    if (found == nullptr) return false;
    if (!found->is_boolean()) return bad_plan(std::format("{} must be true or false", path(member)));
    return found->get<bool>();
  }
  Result<std::string> word(const char* member, std::string otherwise) {
    const PlanJson* const found = find(member);
    if (found == nullptr) return otherwise;
    if (!found->is_string()) return bad_plan(std::format("{} must be a text", path(member)));
    return found->get<std::string>();
  }
  Result<Unused> unused(const char* member) {
    TOBARI_ASSIGN(const std::string text, word(member, "keep"));
    for (const auto& [what, known] : kUnusedWords) {
      if (known == text) return what;
    }
    return bad_plan(std::format("{} must be one of: keep, suspend, save, stop, delete", path(member)));
  }
  Result<std::vector<std::string>> words(const char* member, std::size_t most) {
    std::vector<std::string> all;
    const PlanJson* const found = find(member);
    if (found == nullptr) return all;
    if (!found->is_array() || found->size() > most) {
      return bad_plan(std::format("{} must be a list of at most {} texts", path(member), most));
    }
    for (const PlanJson& each : *found) {
      if (!each.is_string()) return bad_plan(std::format("{} must hold texts only", path(member)));
      all.push_back(each.get<std::string>());
    }
    return all;
  }
  [[nodiscard]] Result<void> finish() const {
    for (const auto& [member, value] : json_.items()) {
      if (!asked_.contains(member)) return bad_plan(std::format("{} is not known", path(member.c_str())));
    }
    return {};
  }
  [[nodiscard]] std::string path(const char* member) const { return name_ + "." + member; }

 private:
  const PlanJson& json_;
  std::string name_;
  std::set<std::string, std::less<>> asked_;
};

// "mon-fri 08:00-19:00", "mon,wed 22:00-06:00", "08:00-19:00".
Result<PlanHours> hours_of(const std::string& text) {
  const auto refused = bad_plan(std::format(
      "plan.hours.open: \"{}\" is no time; write \"mon-fri 08:00-19:00\", \"sat,sun 22:00-06:00\" or \"00:00-24:00\"",
      text.substr(0, 64)));
  PlanHours hours;
  std::string_view rest = text;
  const std::size_t blank = rest.find(' ');
  if (blank == std::string_view::npos) {
    hours.days.set();
  } else {
    std::string_view days = rest.substr(0, blank);
    rest.remove_prefix(blank + 1);
    for (;;) {
      const std::size_t comma = days.find(',');
      if (!policy::add_days(days.substr(0, comma), hours.days)) return refused;
      if (comma == std::string_view::npos) break;
      days.remove_prefix(comma + 1);
    }
  }
  const std::size_t dash = rest.find('-');
  if (dash == std::string_view::npos) return refused;
  const auto from = policy::parse_time_of_day(rest.substr(0, dash));
  const auto until = policy::parse_time_of_day(rest.substr(dash + 1));
  if (!from || !until || *from == *until || *from >= std::chrono::hours(24) || until->count() == 0) return refused;
  hours.from = *from;
  hours.until = *until;
  return hours;
}

std::string text_of_hours(const PlanHours& hours) {
  const std::string times = policy::time_text(hours.from) + "-" + policy::time_text(hours.until);
  return hours.days.all() ? times : policy::days_text(hours.days) + " " + times;
}

Result<void> read_hours(PlanObject& plan, PoolPlan& out) {
  const PlanJson* const json = plan.find("hours");
  if (json == nullptr) return {};
  TOBARI_ASSIGN(PlanObject hours, PlanObject::of(*json, "plan.hours"));
  TOBARI_ASSIGN(out.zone, hours.word("zone", ""));
  TOBARI_ASSIGN(const auto open, hours.words("open", kMaxPlanHours));
  TOBARI_ASSIGN(const auto holidays, hours.words("holidays", kMaxPlanHolidays));
  TOBARI_ASSIGN(const std::uint64_t lead,
                hours.number("lead_minutes", 0, static_cast<std::uint64_t>(kMaxPlanLead.count()), 0));
  out.lead = std::chrono::minutes(lead);
  if (out.zone.empty() || open.empty()) {
    return bad_plan("plan.hours needs \"zone\", like \"Asia/Tokyo\", and \"open\", like [\"mon-fri 08:00-19:00\"]");
  }
  for (const std::string& text : open) {
    TOBARI_ASSIGN(const PlanHours each, hours_of(text));
    out.hours.push_back(each);
  }
  for (const std::string& text : holidays) {
    switch (policy::add_dates(text, kMaxPlanHolidays, out.holidays)) {
      case policy::DatesText::kAdded:
        continue;
      case policy::DatesText::kTooMany:
        return bad_plan(std::format("plan.hours.holidays may have {} days: leave out the past", kMaxPlanHolidays));
      case policy::DatesText::kMalformed:
        return bad_plan(
            std::format("plan.hours.holidays: \"{}\" is no date; write \"2026-12-31\", "
                        "\"2026-12-29..2027-01-03\", or \"12-25\" for every year",
                        text.substr(0, 64)));
    }
  }
  std::ranges::sort(out.holidays.dates);
  std::ranges::sort(out.holidays.every_year);
  return hours.finish();
}

Result<void> read_closed(PlanObject& plan, PoolPlan& out) {
  const PlanJson* const json = plan.find("closed");
  if (json == nullptr) return {};
  TOBARI_ASSIGN(PlanObject closed, PlanObject::of(*json, "plan.closed"));
  TOBARI_ASSIGN(const std::uint64_t spares, closed.number("spares", 0, kMaxPlanSpares, 0));
  out.closed_spares = static_cast<std::uint32_t>(spares);
  TOBARI_ASSIGN(out.closed, closed.unused("unused"));
  TOBARI_ASSIGN(out.closed_after, closed.time("after_seconds", out.closed_after));
  TOBARI_ASSIGN(out.wake, closed.flag("wake"));
  return closed.finish();
}

Result<void> read_idle(PlanObject& plan, PoolPlan& out) {
  const PlanJson* const json = plan.find("idle");
  if (json == nullptr) return {};
  TOBARI_ASSIGN(PlanObject idle, PlanObject::of(*json, "plan.idle"));
  TOBARI_ASSIGN(out.idle, idle.unused("action"));
  TOBARI_ASSIGN(out.idle_after, idle.time("after_seconds", std::chrono::seconds(0)));
  if (out.idle == Unused::kKeep || out.idle == Unused::kDelete || out.idle_after.count() == 0) {
    return bad_plan(
        "plan.idle needs \"action\", which is suspend, save or stop, and \"after_seconds\"; what deletes a "
        "floating desktop is the pool's keep_seconds");
  }
  return idle.finish();
}

Result<void> read_crash(PlanObject& plan, PoolPlan& out) {
  const PlanJson* const json = plan.find("crash");
  if (json == nullptr) return {};
  TOBARI_ASSIGN(PlanObject crash, PlanObject::of(*json, "plan.crash"));
  TOBARI_ASSIGN(const std::string action, crash.word("action", "restart"));
  if (action != "restart" && action != "leave") return bad_plan("plan.crash.action must be one of: restart, leave");
  out.on_crash = action == "leave" ? OnCrash::kLeave : OnCrash::kRestart;
  TOBARI_ASSIGN(const std::uint64_t restarts, crash.number("restarts", 0, kMaxCrashRestarts, 0));
  out.crash_restarts = static_cast<std::uint32_t>(restarts);
  TOBARI_ASSIGN(out.renew_failed, crash.flag("renew"));
  return crash.finish();
}

Result<void> read_disk(PlanObject& plan, PoolPlan& out) {
  const PlanJson* const json = plan.find("disk");
  if (json == nullptr) return {};
  TOBARI_ASSIGN(PlanObject disk, PlanObject::of(*json, "plan.disk"));
  TOBARI_ASSIGN(out.disk.name, disk.word("name", "home"));
  if (!is_node_name(out.disk.name)) return bad_plan("plan.disk.name must be 1-63 of a-z 0-9 -");
  TOBARI_ASSIGN(const std::string kind, disk.word("kind", "disk"));
  TOBARI_ASSIGN(out.disk.kind, parse_user_disk_kind(kind));
  TOBARI_ASSIGN(const std::uint64_t size, disk.number("size_gib", 1, kMaxUserDiskGib, 0));
  if (size == 0) return bad_plan(std::format("plan.disk.size_gib is missing: 1 to {}", kMaxUserDiskGib));
  out.disk.size_gib = static_cast<std::uint32_t>(size);
  TOBARI_ASSIGN(out.disk.storage, disk.word("storage", ""));
  if (!out.disk.storage.empty() && !is_node_name(out.disk.storage)) {
    return bad_plan("plan.disk.storage must be the name of a storage in the hosts' configuration, 1-63 of a-z 0-9 -");
  }
  return disk.finish();
}

PlanJson hours_json(const PoolPlan& plan) {
  PlanJson hours{{"zone", plan.zone}, {"open", PlanJson::array()}};
  for (const PlanHours& each : plan.hours) hours["open"].push_back(text_of_hours(each));
  if (plan.lead.count() > 0) hours["lead_minutes"] = plan.lead.count();
  const std::string days = policy::dates_text(plan.holidays);
  PlanJson holidays = PlanJson::array();
  for (std::size_t at = 0; at < days.size();) {
    const std::size_t end = std::min(days.find(' ', at), days.size());
    holidays.push_back(days.substr(at, end - at));
    at = end + 1;
  }
  if (!holidays.empty()) hours["holidays"] = std::move(holidays);
  return hours;
}

PlanJson closed_json(const PoolPlan& plan) {
  PlanJson closed = PlanJson::object();
  if (plan.closed_spares > 0) closed["spares"] = plan.closed_spares;
  if (plan.closed != Unused::kKeep) closed["unused"] = word_of_unused(plan.closed);
  if (plan.closed_after != PoolPlan{}.closed_after) closed["after_seconds"] = plan.closed_after.count();
  if (plan.wake) closed["wake"] = true;
  return closed;
}

PlanJson crash_json(const PoolPlan& plan) {
  PlanJson crash = PlanJson::object();
  if (plan.on_crash == OnCrash::kLeave) crash["action"] = "leave";
  if (plan.crash_restarts > 0) crash["restarts"] = plan.crash_restarts;
  if (plan.renew_failed) crash["renew"] = true;
  return crash;
}

PlanJson disk_json(const PlanDisk& disk) {
  PlanJson json{{"name", disk.name}, {"kind", to_string(disk.kind)}, {"size_gib", disk.size_gib}};
  if (!disk.storage.empty()) json["storage"] = disk.storage;
  return json;
}

bool open_at(const PoolPlan& plan, const std::shared_ptr<const policy::TimeZone>& zone,
             const std::shared_ptr<const policy::Calendar>& holidays, std::chrono::sys_seconds time) {
  return std::ranges::any_of(plan.hours, [&](const PlanHours& hours) {
    const policy::Window window{
        .days = hours.days, .from = hours.from, .until = hours.until, .zone = zone, .except = holidays};
    return window.is_open(time);
  });
}

}  // namespace

Result<PoolPlan> parse_pool_plan(std::string_view text) {
  PoolPlan plan;
  if (text.empty()) return plan;
  if (text.size() > kMaxPlanBytes) return bad_plan(std::format("plan is larger than {} bytes", kMaxPlanBytes));
  const PlanJson json = PlanJson::parse(text, nullptr, /*allow_exceptions=*/false);
  if (json.is_discarded()) return bad_plan("plan is not valid JSON");
  TOBARI_ASSIGN(PlanObject members, PlanObject::of(json, "plan"));
  TOBARI_TRY(read_hours(members, plan));
  TOBARI_TRY(read_closed(members, plan));
  TOBARI_TRY(read_idle(members, plan));
  TOBARI_TRY(read_crash(members, plan));
  TOBARI_TRY(read_disk(members, plan));
  TOBARI_ASSIGN(const std::string log_off, members.word("log_off", "keep"));
  if (log_off != "keep" && log_off != "stop") return bad_plan("plan.log_off must be one of: keep, stop");
  plan.stop_at_log_off = log_off == "stop";
  TOBARI_TRY(members.finish());
  const bool by_the_clock = plan.closed != Unused::kKeep || plan.closed_spares > 0 || plan.wake;
  if (by_the_clock && plan.hours.empty()) return bad_plan("plan.closed needs plan.hours: else the pool is always open");
  return plan;
}

std::string to_text(const PoolPlan& plan) {
  PlanJson json = PlanJson::object();
  if (!plan.hours.empty()) json["hours"] = hours_json(plan);
  if (PlanJson closed = closed_json(plan); !closed.empty()) json["closed"] = std::move(closed);
  if (plan.idle != Unused::kKeep) {
    json["idle"] = {{"action", word_of_unused(plan.idle)}, {"after_seconds", plan.idle_after.count()}};
  }
  if (plan.stop_at_log_off) json["log_off"] = "stop";
  if (PlanJson crash = crash_json(plan); !crash.empty()) json["crash"] = std::move(crash);
  if (!plan.disk.name.empty()) json["disk"] = disk_json(plan.disk);
  return json.empty() ? std::string() : json.dump(-1, ' ', false, PlanJson::error_handler_t::replace);
}

Result<void> check_plan(const PoolPlan& plan, const Pool& pool) {
  if (plan.disk.name.empty()) return {};
  if (pool.kind == PoolKind::kManual) {
    return bad_plan("plan.disk: machines that were there before have disks of their own; leave it out");
  }
  if (pool.machine == Machine::kContainer) return bad_plan("plan.disk: containers get none; leave it out");
  if (plan.disk.kind == UserDiskKind::kDisk && pool.kind != PoolKind::kFloating) {
    return bad_plan(
        "plan.disk: a disk follows its user between floating desktops; a dedicated one would keep it: "
        "use kind \"folder\", which several desktops have at once");
  }
  if (plan.disk.kind == UserDiskKind::kFolder && (pool.spares > 0 || pool.min > 0 || plan.closed_spares > 0)) {
    return bad_plan(
        "plan.disk: a folder is a device that a machine has from its start, so nothing is made before its "
        "user is known: spares and minimum must be 0");
  }
  return {};
}

std::string in_words(const PoolPlan& plan) {
  std::string words;
  const auto add = [&words](const std::string& text) { words.append(words.empty() ? "" : ", ").append(text); };
  for (const PlanHours& each : plan.hours) add("open " + text_of_hours(each));
  if (!plan.hours.empty()) add(plan.zone);
  if (!plan.hours.empty() && plan.closed != Unused::kKeep) {
    add(std::format("closed: {} spares warm, the unused: {}", plan.closed_spares, word_of_unused(plan.closed)));
  }
  if (plan.idle != Unused::kKeep) add(std::format("idle {} s: {}", plan.idle_after.count(), word_of_unused(plan.idle)));
  if (plan.stop_at_log_off) add("stopped at log-off");
  if (plan.on_crash == OnCrash::kLeave) add("left where they crash");
  if (!plan.disk.name.empty()) {
    add(std::format("{} {} of {} GiB{}", to_string(plan.disk.kind), plan.disk.name, plan.disk.size_gib,
                    plan.disk.storage.empty() ? "" : " on " + plan.disk.storage));
  }
  return words;
}

OpenState opening_at(const PoolPlan& plan, const ZoneTable& zones, Time now) {
  if (plan.hours.empty()) return OpenState::kOpen;
  const auto zone = zones.find(plan.zone);
  if (zone == zones.end() || zone->second == nullptr) return OpenState::kUnknown;
  const auto holidays = std::make_shared<const policy::Calendar>(plan.holidays);
  const auto time = std::chrono::floor<std::chrono::seconds>(now);
  if (open_at(plan, zone->second, holidays, time)) return OpenState::kOpen;
  // Windows begin at whole minutes, so each minute ahead is asked.
  for (std::chrono::minutes ahead{1}; ahead <= plan.lead; ++ahead) {
    if (open_at(plan, zone->second, holidays, time + ahead)) return OpenState::kLead;
  }
  return OpenState::kClosed;
}

}  // namespace tobari::broker
