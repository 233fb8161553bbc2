// SPDX-License-Identifier: GPL-3.0-or-later
#include "reference_evaluator.h"

#include <algorithm>
#include <set>

namespace tobari::policy {
namespace {

enum Answer { kNo, kYes, kNotKnown };

Answer answer(bool yes) { return yes ? kYes : kNo; }

std::set<std::string> groups_of(const std::vector<Group>& groups, const Request& request) {
  std::set<std::string> in(request.groups.begin(), request.groups.end());
  for (std::size_t before = ~std::size_t{0}; before != in.size();) {
    before = in.size();
    for (const Group& group : groups) {
      for (const std::string& user : group.users) {
        if (user == request.user) in.insert(group.name);
      }
      for (const std::string& inner : group.groups) {
        if (in.contains(inner)) in.insert(group.name);
      }
    }
  }
  return in;
}

bool among(const std::string& entry, const std::vector<std::string>& list) {
  for (const std::string& other : list) {
    if (other == entry) return true;
  }
  return false;
}

bool shares_prefix(const IpNetwork& network, const IpAddress& address) {
  for (std::size_t bit = 0; bit < network.prefix_bits; ++bit) {
    const auto of = [bit](const IpAddress& a) { return a.bytes[bit / 8] >> (7 - bit % 8) & 1; };
    if (of(network.address) != of(address)) return false;
  }
  return true;
}

bool in_calendar(const Calendar& calendar, std::int64_t day) {
  const std::chrono::local_days date{std::chrono::days(day)};
  const std::chrono::year_month_day parts(date);
  for (const auto& listed : calendar.dates) {
    if (listed == date) return true;
  }
  for (const auto& listed : calendar.every_year) {
    if (listed.month() == parts.month() && listed.day() == parts.day()) return true;
  }
  return false;
}

bool day_counts(const Window& window, std::int64_t day) {
  const auto weekday = static_cast<std::size_t>((day + 4) % 7);  // day 0, the first of January 1970, was a Thursday
  if (!window.days[weekday]) return false;
  if (window.except != nullptr && in_calendar(*window.except, day)) return false;
  return window.only == nullptr || in_calendar(*window.only, day);
}

bool is_open(const Window& window, std::chrono::sys_seconds time) {
  std::int64_t offset = window.zone->offsets.front().to_local.count();
  for (const TimeZone::Offset& change : window.zone->offsets) {
    if (change.from <= time) offset = change.to_local.count();
  }
  const std::int64_t wall = time.time_since_epoch().count() + offset;
  const std::int64_t day = wall / 86'400;
  const std::int64_t minute = wall % 86'400 / 60;
  const std::int64_t from = window.from.count();
  const std::int64_t until = window.until.count();
  if (from < until) return from <= minute && minute < until && day_counts(window, day);
  if (minute >= from) return day_counts(window, day);
  return minute < until && day_counts(window, day - 1);
}

bool in_range(const auto& range, const auto& number) {
  if (range.at_least && number < *range.at_least) return false;
  return !range.below || number < *range.below;
}

// What one condition of the rule says; kYes when the rule does not state it.
std::vector<Answer> answers(const Rule& rule, const std::vector<Group>& groups, const Request& request) {
  std::vector<Answer> out;
  const Who& who = rule.who;
  const Conditions& when = rule.conditions;
  if (!who.users.empty()) out.push_back(answer(among(request.user, who.users)));
  if (!who.groups.empty()) {
    bool member = false;
    for (const std::string& group : groups_of(groups, request)) member = member || among(group, who.groups);
    out.push_back(!member && !request.groups_known ? kNotKnown : answer(member));
  }
  if (!who.pools.empty()) out.push_back(request.pool ? answer(among(*request.pool, who.pools)) : kNotKnown);
  if (!who.labels.empty()) {
    bool any = false;
    for (const std::string& label : request.labels.value_or(std::vector<std::string>()))
      any = any || among(label, who.labels);
    out.push_back(request.labels ? answer(any) : kNotKnown);
  }
  if (!when.networks.empty()) {
    bool any = false;
    for (const IpNetwork& network : when.networks)
      any = any || (request.address && shares_prefix(network, *request.address));
    out.push_back(request.address ? answer(any) : kNotKnown);
  }
  if (!when.clients.empty()) {
    Answer best = request.client_kind ? kNo : kNotKnown;
    for (const ClientMatch& client : when.clients) {
      if (!request.client_kind || client.kind != *request.client_kind) continue;
      if (!client.versions) {
        best = kYes;
      } else if (!request.client_version) {
        best = best == kYes ? kYes : kNotKnown;
      } else if (in_range(*client.versions, *request.client_version)) {
        best = kYes;
      }
    }
    out.push_back(best);
  }
  if (!when.certificates.empty()) {
    bool any = false;
    for (const CertificateMatch& match : when.certificates) {
      if (!request.certificate) continue;
      const bool same = match.sha256
                            ? request.certificate->sha256.has_value() && *match.sha256 == *request.certificate->sha256
                            : match.issuer == request.certificate->issuer;
      any = any || same;
    }
    out.push_back(request.certificate ? answer(any) : kNotKnown);
  }
  if (!when.windows.empty()) {
    bool any = false;
    for (const Window& window : when.windows) any = any || (request.time && is_open(window, *request.time));
    out.push_back(request.time ? answer(any) : kNotKnown);
  }
  if (when.mfa) out.push_back(request.mfa_level ? answer(in_range(*when.mfa, *request.mfa_level)) : kNotKnown);
  if (when.sessions) out.push_back(request.sessions ? answer(in_range(*when.sessions, *request.sessions)) : kNotKnown);
  if (!when.usb.empty()) {
    bool any = false;
    for (const UsbMatch& match : when.usb) {
      if (!request.usb) continue;
      const UsbPart& part = *request.usb;
      bool same = !match.device_class || *match.device_class == part.interface_class;
      if (match.device_class && rule.effect == Effect::kDeny) same = same || *match.device_class == part.device_class;
      same = same && (!match.vendor || *match.vendor == part.vendor);
      same = same && (!match.product || *match.product == part.product);
      same = same && (!match.serial || *match.serial == part.serial);
      any = any || same;
    }
    out.push_back(request.usb ? answer(any) : kNotKnown);
  }
  return out;
}

bool rule_applies(const Rule& rule, const std::vector<Group>& groups, const Request& request) {
  for (const Answer one : answers(rule, groups, request)) {
    if (one == kNo) return false;
    if (one == kNotKnown && rule.effect == Effect::kAllow) return false;
  }
  return true;
}

template <class Number>
void smaller(std::optional<Number>& mine, const std::optional<Number>& other) {
  if (!mine) mine = other;
  if (mine && other && *other < *mine) mine = other;
}

void join(Decision& all, const Rule& rule) {
  FormatSet formats;
  for (std::size_t i = 0; i < kFormatNames.size(); ++i) {
    const auto format = static_cast<Format>(i);
    if (all.limits.formats.has(format) && rule.limits.formats.has(format)) formats.add(format);
  }
  all.limits.formats = formats;
  smaller(all.limits.bytes_per_transfer, rule.limits.bytes_per_transfer);
  smaller(all.limits.bytes_per_day, rule.limits.bytes_per_day);
  smaller(all.limits.bytes_per_second, rule.limits.bytes_per_second);
  Obligations& owed = all.require;
  if (rule.require.visible_watermark) owed.visible_watermark = true;
  if (rule.require.invisible_watermark) owed.invisible_watermark = true;
  if (rule.require.recording > owed.recording) owed.recording = rule.require.recording;
  smaller(owed.idle_timeout, rule.require.idle_timeout);
  smaller(owed.absolute_timeout, rule.require.absolute_timeout);
  smaller(owed.max_monitors, rule.require.max_monitors);
  smaller(owed.max_pixels, rule.require.max_pixels);
  for (const std::string& notice : rule.require.notices) {
    if (!among(notice, owed.notices)) owed.notices.push_back(notice);
  }
}

}  // namespace

Decision reference_decision(const RandomPolicy& policy, const Request& request, ChannelIndex what) {
  Decision decision;
  bool allowed = false;
  for (const Rule& rule : policy.rules) {
    const bool about = std::find(rule.what.begin(), rule.what.end(), what) != rule.what.end();
    if (!about || !rule_applies(rule, policy.groups, request)) continue;
    if (rule.effect == Effect::kDeny) {
      Decision denial;
      denial.rule = rule.name;
      return denial;
    }
    if (!allowed) decision.rule = rule.name;
    allowed = true;
    join(decision, rule);
  }
  if (!allowed) return {};
  if (decision.limits.formats.empty()) {
    Decision nothing_left;
    nothing_left.rule = decision.rule;
    return nothing_left;
  }
  decision.allowed = true;
  return decision;
}

}  // namespace tobari::policy
