// SPDX-License-Identifier: GPL-3.0-or-later
// Every key of the language: what it becomes, and what is said when it is wrong.
#include <string>

#include <gmock/gmock.h>

#include "findings.h"

namespace tobari::policy {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;
using testing::UnorderedElementsAre;

// One rule about connecting (or `what`) with `lines`, which begin on line 7.
std::string rule_text(const std::string& lines, const std::string& effect = "allow",
                      const std::string& what = "connect") {
  return "version: 1\ncalendars: {jp: [2026-01-01]}\nrules:\n  - name: r\n    what: " + what +
         "\n    effect: " + effect + "\n    " + lines + "\n";
}
Rule read(const std::string& lines, const std::string& effect = "allow", const std::string& what = "connect") {
  const Loaded loaded = load_text(rule_text(lines, effect, what));
  for (const Finding& f : loaded.findings) {
    EXPECT_EQ(f.severity, Severity::kWarning) << describe(f, lines);
  }
  return loaded.policy ? loaded.policy->rules().at(0) : Rule{};
}
void refused(const std::string& lines, const std::string& because, const std::string& effect = "allow",
             const std::string& what = "connect") {
  const Loaded loaded = load_text(rule_text(lines, effect, what));
  EXPECT_FALSE(loaded.policy.has_value()) << lines;
  bool said = false;
  for (const Finding& f : loaded.findings) {
    if (f.severity == Severity::kWarning) continue;
    EXPECT_GE(f.line, 4) << describe(f, lines);
    said = said || f.message.contains(because);
  }
  EXPECT_TRUE(said) << lines << ": " << (loaded.findings.empty() ? "" : loaded.findings[0].message);
}

TEST(Language, WhoByUserGroupPoolAndLabel) {
  const Who who = read("who: {user: a, pool: [p, q], label: [old]}").who;
  EXPECT_THAT(who.users, ElementsAre("a"));
  EXPECT_THAT(who.pools, ElementsAre("p", "q"));
  EXPECT_THAT(who.labels, ElementsAre("old"));
  refused("who: {usr: a}", "unknown key 'usr'");
  refused("who: [a]", "known keys are user, group");
}

TEST(Language, GroupsHoldUsersAndGroups) {
  const Loaded loaded =
      load_text("version: 1\nrules: []\ngroups:\n  a: [x]\n  b: {user: y, group: [a, ldap]}\n  c: z\n");
  ASSERT_TRUE(loaded.policy.has_value());
  const auto& groups = loaded.policy->groups();
  ASSERT_THAT(groups, SizeIs(3));
  EXPECT_THAT(groups[0].users, ElementsAre("x"));
  EXPECT_THAT(groups[1].users, ElementsAre("y"));
  EXPECT_THAT(groups[1].groups, ElementsAre("a", "ldap"));
  EXPECT_THAT(groups[2].users, ElementsAre("z"));
  EXPECT_THAT(load_text("version: 1\nrules: []\ngroups:\n  a: {users: x}\n").findings,
              ElementsAre(error(4, "unknown key 'users'")));
  EXPECT_THAT(load_text("version: 1\nrules: []\ngroups:\n  a: {}\n").findings,
              ElementsAre(error(4, "known keys are user, group")));
}

TEST(Language, ClientsByKindAndVersion) {
  const auto clients = read("client: [{kind: tobari-client, at_least: '1.4', below: 2}, {kind: x}]").conditions.clients;
  ASSERT_THAT(clients, SizeIs(2));
  EXPECT_EQ(clients[0].kind, "tobari-client");
  EXPECT_EQ(clients[0].versions->at_least, ClientVersion::parse("1.4"));
  EXPECT_EQ(clients[0].versions->below, ClientVersion::parse("2"));
  EXPECT_FALSE(clients[1].versions.has_value());
  refused("client: [{at_least: '1'}]", "needs 'kind");
  refused("client: [{kind: x, at_least: v1}]", "one to four numbers");
  refused("client: [{kind: x, at_least: '2', below: '2'}]", "no version is in the range");
  refused("client: tobari-client", "is a list of");
  refused("client: []", "is a list of");
  refused("client: [x]", "known keys are kind");
}

TEST(Language, CertificatesByFingerprintOrIssuer) {
  const std::string hex = "0123456789abcdef0123456789ABCDEF0123456789abcdef0123456789abcdef";
  std::string pairs;
  for (std::size_t i = 0; i < hex.size(); i += 2) pairs += (i > 0 ? ":" : "") + hex.substr(i, 2);
  const auto found = read("certificate: [{sha256: '" + hex + "'}, {sha256: '" + pairs + "'}, {issuer: device-ca}]")
                         .conditions.certificates;
  ASSERT_THAT(found, SizeIs(3));
  EXPECT_EQ(found[0].sha256.value()[1], 0x23);
  EXPECT_EQ(found[0].sha256, found[1].sha256);
  EXPECT_EQ(found[2].issuer, "device-ca");
  refused("certificate: [{sha256: abc}]", "64 hexadecimal digits");
  refused("certificate: [{sha256: '" + hex + "00'}]", "64 hexadecimal digits");
  refused("certificate: [{sha256: '" + pairs.substr(0, 2) + "x" + pairs.substr(3) + "'}]", "64 hexadecimal digits");
  refused("certificate: [{sha256: '" + hex + "', issuer: a}]", "write one of them");
  refused("certificate: [{}]", "known keys are sha256");
}

TEST(Language, WeeklyTimes) {
  const auto windows = read(
                           "when: [{days: [mon-fri, sun], from: '08:30', until: '24:00', zone: Asia/Tokyo, except: "
                           "jp}, {zone: UTC, only: jp}]")
                           .conditions.windows;
  ASSERT_THAT(windows, SizeIs(2));
  EXPECT_EQ(windows[0].days.to_string(), "0111111") << "Saturday is the highest bit";
  EXPECT_EQ(windows[0].from, 8h + 30min);
  EXPECT_EQ(windows[0].until, 24h);
  EXPECT_EQ(windows[0].zone->name, "Asia/Tokyo");
  EXPECT_EQ(windows[0].except->name, "jp");
  EXPECT_EQ(windows[0].only, nullptr);
  EXPECT_TRUE(windows[1].days.all());
  EXPECT_EQ(windows[1].from, 0h);
  EXPECT_EQ(windows[1].only->name, "jp");
  EXPECT_EQ(read("when: [{zone: UTC, days: fri-mon}]").conditions.windows.at(0).days.to_string(), "1100011");
  EXPECT_EQ(read("when: [{zone: UTC, days: wed}]").conditions.windows.at(0).days.to_string(), "0001000");
}

TEST(Language, WeeklyTimesThatAreNone) {
  refused("when: [{from: '08:00'}]", "needs 'zone");
  refused("when: [{zone: Mars/Olympus}]", "no time zone 'Mars/Olympus'");
  refused("when: [{zone: UTC, days: someday}]", "'someday' is no day");
  refused("when: [{zone: UTC, days: mon-}]", "is no day");
  refused("when: [{zone: UTC, days: []}]", "is empty");
  for (const char* time : {"8:00", "08:60", "24:01", "0800", "-1:00", "08:0x", "''", "[]"}) {
    refused(std::string("when: [{zone: UTC, until: ") + time + "}]", "is a time; write it as '08:30'");
  }
  refused("when: [{zone: UTC, from: '24:00'}]", "is a time");
  refused("when: [{zone: UTC, from: '08:00', until: '08:00'}]", "begins when it ends");
  refused("when: [{zone: UTC, except: us}]", "no calendar 'us'");
  refused("when: {zone: UTC}", "is a list of");
}

TEST(Language, CalendarsOfDatesRangesAndEveryYear) {
  const Loaded loaded = load_text(R"(version: 1
calendars:
  c: [2026-12-31, 2027-01-02..2027-01-04, 12-25, 02-29]
rules:
  - {name: r, what: connect, effect: allow, when: [{zone: UTC, only: c}]}
)");
  ASSERT_TRUE(loaded.policy.has_value()) << loaded.findings.at(0).message;
  const Calendar& calendar = *loaded.policy->rules()[0].conditions.windows[0].only;
  EXPECT_THAT(calendar.dates, SizeIs(4));
  EXPECT_TRUE(calendar.has(std::chrono::local_days(std::chrono::year(2027) / 1 / 3)));
  EXPECT_TRUE(calendar.has(std::chrono::local_days(std::chrono::year(2040) / 12 / 25)));
  EXPECT_FALSE(calendar.has(std::chrono::local_days(std::chrono::year(2027) / 1 / 1)));
}

TEST(Language, CalendarsThatAreNone) {
  for (const char* day : {"2026-02-29", "2026-13-01", "13-01", "02-30", "2026-1-1", "2026-12-31..2026-12-30",
                          "26-01-01", "2026-12-31..", "tomorrow", "''"}) {
    const Loaded loaded = load_text(std::string("version: 1\nrules: []\ncalendars:\n  c: [") + day + "]\n");
    EXPECT_THAT(loaded.findings, ElementsAre(error(4, "is no date"))) << day;
  }
  EXPECT_THAT(load_text("version: 1\nrules: []\ncalendars:\n  c: [1000-01-01..2999-01-01]\n").findings,
              ElementsAre(error(4, "at most 10000 days")));
  EXPECT_THAT(load_text("version: 1\nrules: []\ncalendars: [c]\n").findings, ElementsAre(error(3, "NAME: [")));
  EXPECT_THAT(load_text("version: 1\nrules: []\ncalendars: {c: [12-25], c: [12-26]}\n").findings,
              ElementsAre(error(3, "stands twice")));
}

TEST(Language, RangesOfMfaAndSessions) {
  const Conditions c = read("mfa: {at_least: 2}\n    sessions: {at_least: 1, below: 4}").conditions;
  EXPECT_EQ(c.mfa->at_least, 2U);
  EXPECT_EQ(c.mfa->below, std::nullopt);
  EXPECT_EQ(c.sessions->at_least, 1U);
  EXPECT_EQ(c.sessions->below, 4U);
  refused("mfa: 2", "known keys are at_least, below");
  refused("mfa: {at_least: ten}", "a number from 0 to 9");
  refused("mfa: {at_least: -1}", "a number from 0 to 9");
  refused("sessions: {below: 0}", "no number is in");
  refused("sessions: {at_least: 3, below: 3}", "no number is in");
}

TEST(Language, UsbDevices) {
  const auto usb =
      read("usb: [{class: smartcard}, {class: 0xe0}, {vendor: '1050', product: 040A, serial: s1}]", "allow", "usb")
          .conditions.usb;
  ASSERT_THAT(usb, SizeIs(3));
  EXPECT_EQ(usb[0].device_class, 0x0b);
  EXPECT_EQ(usb[1].device_class, 0xe0);
  EXPECT_EQ(usb[2].vendor, 0x1050);
  EXPECT_EQ(usb[2].product, 0x040a);
  EXPECT_EQ(usb[2].serial, "s1");
  refused("usb: [{class: toaster}]", "'class' of rule 'r' is none", "allow", "usb");
  refused("usb: [{class: 0x1}]", "'class' of rule 'r' is none", "allow", "usb");
  refused("usb: [{vendor: 105}]", "four hexadecimal digits", "allow", "usb");
  refused("usb: [{product: '0407'}]", "means nothing without its 'vendor'", "allow", "usb");
  refused("usb: [{class: hid}]", "names USB devices and other channels", "allow", "[usb, connect]");
  refused("usb: [{class: hid}]", "names USB devices and other channels", "deny", "all");
}

TEST(Language, Limits) {
  const Limits limits =
      read("limits: {formats: [text, image], bytes_per_transfer: 64 KiB, bytes_per_day: 10MiB, bytes_per_second: 1000}",
           "allow", "clipboard.to_guest")
          .limits;
  EXPECT_TRUE(limits.formats.has(Format::kText) && limits.formats.has(Format::kImage));
  EXPECT_FALSE(limits.formats.has(Format::kHtml) || limits.formats.has(Format::kRtf) ||
               limits.formats.has(Format::kFiles));
  EXPECT_EQ(limits.bytes_per_transfer, 65'536U);
  EXPECT_EQ(limits.bytes_per_day, 10U << 20);
  EXPECT_EQ(limits.bytes_per_second, 1000U);
  EXPECT_EQ(read("limits: {bytes_per_day: 1GiB}", "allow", "drive").limits.formats, FormatSet::all());
  refused("limits: {formats: [png]}", "unknown format 'png'", "allow", "clipboard.to_guest");
  refused("limits: {formats: []}", "is empty", "allow", "clipboard.to_guest");
  for (const char* bytes : {"0", "-1", "1 kB", "1.5MiB", "KiB", "18446744073709551615", "2000000GiB", "1  KiB"}) {
    refused(std::string("limits: {bytes_per_day: ") + bytes + "}", "a number of bytes", "allow", "drive");
  }
  refused("limits: {formats: text}", "only the clipboard has formats", "allow", "drive");
  refused("limits: {bytes_per_day: 1}", "has no transfers", "allow", "[drive, audio.play]");
  refused("limits: {bytes_per_day: 1}", "what is denied has no 'limits'", "deny", "drive");
}

TEST(Language, Obligations) {
  const Obligations require = read(
                                  "require: {watermark: [visible, invisible], record: required, idle_timeout: 15m, "
                                  "absolute_timeout: 10h, notice: Mind the gap, max_monitors: 4, max_pixels: 8294400}")
                                  .require;
  EXPECT_EQ(require, (Obligations{.visible_watermark = true,
                                  .invisible_watermark = true,
                                  .recording = Recording::kRequired,
                                  .idle_timeout = 900s,
                                  .absolute_timeout = 36'000s,
                                  .notices = {"Mind the gap"},
                                  .max_monitors = 4,
                                  .max_pixels = 8'294'400}));
  EXPECT_EQ(read("require: {record: optional, watermark: visible}").require.recording, Recording::kOptional);
  refused("require: {watermark: big}", "'big' is no watermark");
  refused("require: {record: yes}", "'optional' or 'required'");
  for (const char* time : {"9s", "31d", "15", "m", "-5m", "1h30m", "5 weeks"}) {
    refused(std::string("require: {idle_timeout: ") + time + "}", "a time from 10s to 30d");
  }
  refused("require: {notice: ''}", "a text of 1 to 500 bytes");
  refused("require: {notice: ' '}", "a text of 1 to 500 bytes");
  refused("require: {notice: " + std::string(501, 'x') + "}", "a text of 1 to 500 bytes");
  refused("require: {notice: \"a\\x07b\"}", "a control character");
  refused("require: {max_monitors: 0}", "a number from 1 to 16");
  refused("require: {max_pixels: 1000}", "a number from 307200");
  refused("require: {record: required}", "is about sessions", "allow", "thumbnail");
  refused("require: {record: required}", "nothing to 'require'", "deny");
}

TEST(Language, NetworkOfDesktops) {
  const Loaded loaded = load_text(R"(version: 1
groups: {traders: [alice]}
rules: []
egress:
  - {name: market, who: {group: traders}, to: [10.0.0.0/8, www.example.com, api.example.com], protocol: tcp, ports: [443, 8000-8100], effect: allow}
  - {name: rest, effect: deny}
ingress: []
)");
  ASSERT_TRUE(loaded.policy.has_value()) << loaded.findings.at(0).message;
  const NetworkRules& network = loaded.policy->network();
  ASSERT_THAT(network.egress.value(), SizeIs(2));
  EXPECT_THAT(network.ingress.value(), IsEmpty());
  const NetworkRule& market = network.egress->front();
  EXPECT_EQ(market.line, 5);
  EXPECT_THAT(market.who.groups, ElementsAre("traders"));
  EXPECT_EQ(market.traffic, (Traffic{.protocol = Protocol::kTcp,
                                     .networks = {IpNetwork::parse("10.0.0.0/8").value()},
                                     .domains = {"www.example.com", "api.example.com"},
                                     .ports = {{443, 443}, {8000, 8100}}}));
}

TEST(Language, NetworkOfDesktopsThatIsNone) {
  const auto said = [](const std::string& lines, const char* because) {
    const Loaded loaded = load_text("version: 1\nrules: []\n" + lines + "\n");
    EXPECT_THAT(loaded.findings, ElementsAre(error(3, because))) << lines;
  };
  for (const char* place :
       {"Example.com", "localhost", "10.0.0.256", "-a.com", "a-.com", "a..com", "*", "10.1.2.3/8"}) {
    said(std::string("egress: [{name: a, effect: deny, to: '") + place + "'}]", "is no place");
  }
  for (const char* effect : {"allow", "deny"}) {
    said(std::string("egress: [{name: a, to: '*.example.com', effect: ") + effect + "}]", "write the names themselves");
  }
  said("ingress: [{name: a, effect: deny, from: www.example.com}]", "who comes in has no name");
  said("ingress: [{name: a, effect: deny, to: 10.0.0.0/8}]", "unknown key 'to'");
  said("egress: [{name: a, effect: deny, protocol: sctp}]", "one of any, tcp, udp, icmp");
  said("egress: [{name: a, effect: deny, ports: 443}]", "only TCP and UDP have ports");
  for (const char* ports : {"0", "65536", "20-10", "-1", "https"}) {
    said(std::string("egress: [{name: a, effect: deny, protocol: tcp, ports: '") + ports + "'}]", "is no port");
  }
  said("egress: [{name: a, effect: deny}, {name: a, effect: deny}]", "exists already");
  said("egress: [{effect: deny}]", "needs a name");
  said("egress: {}", "is a list");
  said("egress: [x]", "known keys are name");
}

TEST(Language, SaysWhatThisVersionDoesNotDo) {
  const auto warned = [](const std::string& lines, const char* because) {
    EXPECT_THAT(load_text(rule_text(lines)).findings, ElementsAre(warning(7, because))) << lines;
  };
  warned("require: {notice: Grüße}", "shown as blanks");
  EXPECT_THAT(load_text(rule_text("who: {pool: p, label: l}")).findings, IsEmpty());
  EXPECT_THAT(
      load_text(
          rule_text(
              "require: {idle_timeout: 1h, absolute_timeout: 8h, notice: Hello., max_monitors: 2, watermark: visible}"))
          .findings,
      IsEmpty());
}

TEST(Language, TheSampleIsGoodAndDecidesAsItSays) {
  const Loaded loaded = load_file(TOBARI_POLICY_FOLDER "/sample.yaml");
  for (const Finding& f : loaded.findings) {
    EXPECT_EQ(f.severity, Severity::kWarning) << describe(f, "sample.yaml");
    EXPECT_THAT(f.message, HasSubstr("this version"));
  }
  ASSERT_TRUE(loaded.policy.has_value());
  Request alice{.user = "alice", .groups = {}, .pool = "trading"};
  alice.labels.emplace();
  alice.address = IpAddress::parse("203.0.113.5");
  alice.mfa_level = 2;
  alice.sessions = 0;
  alice.client_kind = "tobari-client";
  alice.client_version = ClientVersion::parse("1.0");
  alice.time = std::chrono::sys_days(std::chrono::year(2026) / 11 / 27) + 1h;  // Friday 10:00 in Tokyo
  EXPECT_EQ(decide(*loaded.policy, alice, "connect").rule, "traders-connect-from-anywhere");
  Request dave = alice;
  dave.user = "dave";
  EXPECT_EQ(decide(*loaded.policy, dave, "connect").rule, "dave-is-on-leave");
}

}  // namespace
}  // namespace tobari::policy
