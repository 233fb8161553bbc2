// SPDX-License-Identifier: GPL-3.0-or-later
#include "random_policy.h"

namespace tobari::policy {
namespace {

using std::chrono::minutes;
using std::chrono::sys_days;
using std::chrono::year;

constexpr auto kYear = sys_days(year(2026) / 1 / 1);
constexpr std::uint32_t kMinutesOfYear = 365 * 24 * 60;

IpAddress random_address(Dice& dice) {
  IpAddress address;
  address.bytes[10] = address.bytes[11] = 0xff;
  address.bytes[12] = dice.one_in(2) ? 10 : 192;
  address.bytes[15] = static_cast<std::uint8_t>(dice.roll(4));
  return address;
}

IpNetwork random_network(Dice& dice) {
  constexpr std::uint8_t kBits[] = {0, 96, 97, 104, 127, 128};
  const std::uint8_t bits = kBits[dice.roll(std::size(kBits))];
  return {.address = random_address(dice).first(bits), .prefix_bits = bits};
}

ClientVersion random_version(Dice& dice) { return {{1 + dice.roll(3), dice.roll(3)}}; }

ClientMatch random_client(Dice& dice) {
  ClientMatch match{.kind = dice.name(), .versions = {}};
  if (dice.one_in(2)) {
    match.versions.emplace();
    match.versions->at_least = random_version(dice);
    if (dice.one_in(2)) match.versions->below = random_version(dice);
  }
  return match;
}

// A clock that goes back and forth several times a year, so that many instants are near a change.
std::shared_ptr<const TimeZone> random_zone(Dice& dice) {
  TimeZone zone{.name = "zone", .offsets = {}};
  for (int month = 0; month < 12; ++month) {
    zone.offsets.push_back({.from = kYear + std::chrono::days(30 * month),
                            .to_local = minutes(dice.roll(49) * 30) - std::chrono::hours(12)});
  }
  return std::make_shared<TimeZone>(zone);
}

std::shared_ptr<const Calendar> random_calendar(Dice& dice) {
  Calendar calendar;
  for (int day = 0; day < 365; ++day) {
    if (dice.one_in(3))
      calendar.dates.push_back(std::chrono::local_days(kYear.time_since_epoch() + std::chrono::days(day)));
  }
  for (unsigned month = 1; month <= 12; ++month) {
    calendar.every_year.push_back(std::chrono::month(month) / std::chrono::day(1 + dice.roll(28)));
  }
  return std::make_shared<Calendar>(calendar);
}

Window random_window(Dice& dice) {
  Window window;
  window.days = std::bitset<7>(dice.roll(128));
  window.from = minutes(dice.roll(24 * 60));
  do {
    window.until = minutes(1 + dice.roll(24 * 60));
  } while (window.until == window.from);
  window.zone = random_zone(dice);
  if (dice.one_in(3)) window.except = random_calendar(dice);
  if (dice.one_in(5)) window.only = random_calendar(dice);
  return window;
}

Range<std::uint32_t> random_range(Dice& dice) {
  Range<std::uint32_t> range;
  if (dice.one_in(2)) range.at_least = dice.roll(3);
  if (!range.at_least || dice.one_in(2)) range.below = 1 + dice.roll(4);
  return range;
}

UsbMatch random_usb(Dice& dice) {
  UsbMatch match;
  if (dice.one_in(2)) match.device_class = static_cast<std::uint8_t>(dice.roll(3));
  if (dice.one_in(2)) match.vendor = static_cast<std::uint16_t>(dice.roll(2));
  if (dice.one_in(3)) match.product = static_cast<std::uint16_t>(dice.roll(2));
  if (dice.one_in(3)) match.serial = dice.name();
  return match;
}

void random_conditions(Dice& dice, Conditions& out) {
  if (dice.one_in(3)) out.networks = {random_network(dice)};
  if (dice.one_in(8)) out.networks.push_back(random_network(dice));
  if (dice.one_in(4)) out.clients = {random_client(dice), random_client(dice)};
  if (dice.one_in(6))
    out.certificates = {{.sha256 = Sha256Bytes{static_cast<std::uint8_t>(dice.roll(2))}, .issuer = ""}};
  if (dice.one_in(6)) out.certificates.push_back({.sha256 = {}, .issuer = dice.name()});
  if (dice.one_in(4)) out.windows = {random_window(dice)};
  if (dice.one_in(8)) out.windows.push_back(random_window(dice));
  if (dice.one_in(5)) out.mfa = random_range(dice);
  if (dice.one_in(5)) out.sessions = random_range(dice);
  if (dice.one_in(8)) out.usb = {random_usb(dice), random_usb(dice)};
}

void random_limits(Dice& dice, Rule& rule) {
  if (dice.one_in(3)) {
    rule.limits.formats = {};
    for (std::size_t i = 0; i < kFormatNames.size(); ++i) {
      if (dice.one_in(2)) rule.limits.formats.add(static_cast<Format>(i));
    }
  }
  if (dice.one_in(3)) rule.limits.bytes_per_transfer = 1 + dice.roll(5);
  if (dice.one_in(3)) rule.limits.bytes_per_day = 1 + dice.roll(5);
  if (dice.one_in(3)) rule.limits.bytes_per_second = 1 + dice.roll(5);
  Obligations& require = rule.require;
  require.visible_watermark = dice.one_in(4);
  require.invisible_watermark = dice.one_in(4);
  require.recording = static_cast<Recording>(dice.roll(3));
  if (dice.one_in(3)) require.idle_timeout = std::chrono::seconds(1 + dice.roll(5));
  if (dice.one_in(3)) require.absolute_timeout = std::chrono::seconds(1 + dice.roll(5));
  if (dice.one_in(3)) require.notices = {dice.name()};
  if (dice.one_in(3)) require.max_monitors = 1 + dice.roll(20);
  if (dice.one_in(3)) require.max_pixels = 1 + dice.roll(5);
}

}  // namespace

std::vector<std::string> Dice::names(std::uint32_t most) {
  std::vector<std::string> out(roll(most + 1));
  for (std::string& entry : out) entry = name();
  return out;
}

ChannelIndex random_channel(Dice& dice) { return dice.roll(3); }

Rule random_rule(Dice& dice, std::size_t number) {
  Rule rule;
  rule.name = "rule " + std::to_string(number);
  rule.effect = dice.one_in(4) ? Effect::kDeny : Effect::kAllow;
  rule.what = {random_channel(dice), random_channel(dice)};
  if (dice.one_in(2)) rule.who.users = dice.names(2);
  if (dice.one_in(3)) rule.who.groups = dice.names(2);
  if (dice.one_in(4)) rule.who.pools = dice.names(2);
  if (dice.one_in(4)) rule.who.labels = dice.names(2);
  if (dice.one_in(2)) random_conditions(dice, rule.conditions);
  if (rule.effect == Effect::kAllow) random_limits(dice, rule);
  return rule;
}

RandomPolicy random_policy(Dice& dice) {
  RandomPolicy policy;
  const std::size_t count = dice.roll(16);
  for (std::size_t i = 0; i < count; ++i) policy.rules.push_back(random_rule(dice, i));
  for (const char* name : {"a", "b", "c"}) {
    // Circles too: they are refused in files, but must not hang anything.
    policy.groups.push_back(
        {.name = name, .users = dice.names(2), .groups = dice.one_in(2) ? dice.names(2) : std::vector<std::string>()});
  }
  return policy;
}

Request random_request(Dice& dice) {
  Request request;
  request.user = dice.name();
  request.groups = dice.names(2);
  request.groups_known = !dice.one_in(6);
  if (!dice.one_in(5)) request.pool = dice.one_in(5) ? "" : dice.name();
  if (!dice.one_in(5)) request.labels = dice.names(2);
  if (!dice.one_in(5)) request.address = random_address(dice);
  if (!dice.one_in(5)) request.client_kind = dice.name();
  if (!dice.one_in(5)) request.client_version = random_version(dice);
  if (!dice.one_in(5)) {
    request.certificate.emplace();
    if (!dice.one_in(3)) {
      request.certificate->sha256 = Sha256Bytes{static_cast<std::uint8_t>(dice.roll(2))};
      request.certificate->issuer = dice.name();
    }
  }
  if (!dice.one_in(5)) request.time = kYear + minutes(dice.roll(kMinutesOfYear));
  if (!dice.one_in(5)) request.mfa_level = dice.roll(4);
  if (!dice.one_in(5)) request.sessions = dice.roll(4);
  if (!dice.one_in(3)) {
    request.usb = UsbPart{.vendor = static_cast<std::uint16_t>(dice.roll(2)),
                          .product = static_cast<std::uint16_t>(dice.roll(2)),
                          .serial = dice.name(),
                          .device_class = static_cast<std::uint8_t>(dice.roll(3)),
                          .interface_class = static_cast<std::uint8_t>(dice.roll(3))};
  }
  return request;
}

}  // namespace tobari::policy
