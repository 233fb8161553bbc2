// SPDX-License-Identifier: GPL-3.0-or-later
#include "policy_commands.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>

namespace tobari::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

const std::string kSample = TOBARI_POLICY_FOLDER "/sample.yaml";

struct Ran {
  int code = -1;
  std::string out, err;
};

Ran run(const std::string& arguments) {
  CLI::App app;
  Ran ran;
  add_policy_commands(app, ran.code);
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  app.parse(arguments);
  ran.out = testing::internal::GetCapturedStdout();
  ran.err = testing::internal::GetCapturedStderr();
  return ran;
}
Ran explain(const std::string& options) { return run("policy explain --file " + kSample + " " + options); }

// A file of this test, gone with it.
class TextFile {
 public:
  TextFile(const std::string& name, const std::string& text)
      : path_(std::filesystem::path(testing::TempDir()) / (std::to_string(::getpid()) + name)) {
    std::ofstream(path_) << text;
  }
  ~TextFile() { std::filesystem::remove(path_); }
  TextFile(const TextFile&) = delete;
  TextFile& operator=(const TextFile&) = delete;
  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  std::filesystem::path path_;
};

std::string policy_with(const std::string& rule) { return "version: 1\nrules:\n  - " + rule + "\n"; }

TEST(PolicyCheck, CountsWhatIsGood) {
  const Ran ran = run("policy check " + kSample);
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("good: 10 rules, 4 groups"));
}

TEST(PolicyCheck, FailsForAFileThatIsNone) {
  const Ran ran = run("policy check /nonexistent.yaml");
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("/nonexistent.yaml: error: cannot be read"));
}

TEST(PolicyExplain, NamesRuleAndLineAndSaysItWithItsStatus) {
  const Ran office = explain("--user frank --network 10.0.0.7 --what connect");
  EXPECT_EQ(office.code, 0);
  EXPECT_THAT(office.out, AllOf(HasSubstr("'staff-connects-from-the-office' allows it"), HasSubstr("sample.yaml:26")));
  EXPECT_THAT(office.out, HasSubstr("requires: idle timeout 28800s"));
  EXPECT_EQ(explain("--user frank --network 192.0.2.7 --what connect").code, 1);
  EXPECT_EQ(explain("--user zed --group staff --network 10.0.0.7 --what connect").code, 0);
  EXPECT_EQ(explain("--user alice --what usb").code, 1);
}

TEST(PolicyExplain, EveryConditionIsAnOption) {
  const std::string trader = "--user alice --pool trading --client tobari-client --client-version 0.2 --what connect ";
  EXPECT_EQ(explain(trader + "--mfa 2 --sessions 1").code, 0);
  EXPECT_EQ(explain(trader + "--mfa 1 --sessions 1").code, 1);
  EXPECT_EQ(explain(trader + "--mfa 2 --sessions 2").code, 1);
  EXPECT_EQ(explain(trader + "--mfa 2").code, 1) << "sessions are not known";
  const std::string contractor =
      "--user erin --label shared --network 203.0.113.1 --certificate-issuer house-devices --what connect ";
  EXPECT_EQ(explain(contractor + "--at 2026-11-27T10:00:00+09:00").code, 0);
  EXPECT_EQ(explain(contractor + "--at 2026-11-27T20:00:00+09:00").code, 1);
  EXPECT_EQ(explain("--user alice --usb 1050:0407/smartcard --what usb").code, 0);
  EXPECT_EQ(explain("--user alice --usb 1050:0407/smartcard,hid --what usb").code, 1);
  EXPECT_EQ(explain("--user alice --usb 20a0:42b1:000F92A7/0x03 --what usb").code, 0);
}

TEST(PolicyExplain, WithoutWhatShowsEveryChannelLimitsAndTheNetwork) {
  const Ran ran = explain("--user alice --pool trading --no-label --no-certificate");
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("clipboard.from_guest  denied"),
                             HasSubstr("limits: text only; 65536 bytes a transfer; 10485760 bytes a day")));
  EXPECT_THAT(
      ran.out,
      AllOf(HasSubstr("egress, the first that matches:\n  deny   any protocol, 10.255.0.0/16 (rule 'nobody-"),
            HasSubstr("allow  tcp, 198.51.100.0/24, orders.exchange.example, ports 443, 8000-8100 (rule 'traders-"),
            HasSubstr("ingress, the first that matches:")));
  EXPECT_THAT(explain("--user erin --no-pool").out, Not(HasSubstr("traders-reach-the-exchange")));
}

TEST(PolicyExplain, SaysWhatIsWrongWithItsArguments) {
  EXPECT_EQ(explain("--user alice --network nowhere").code, 2);
  EXPECT_THAT(explain("--user alice --what floppy").err, HasSubstr("no channel 'floppy'"));
  EXPECT_THAT(explain("--user alice --at noon").err, HasSubstr("--at takes a time like"));
  EXPECT_THAT(explain("--user alice --client-version new").err, HasSubstr("--client-version takes"));
  EXPECT_THAT(explain("--user alice --certificate-sha256 12").err, HasSubstr("64 hexadecimal digits"));
  for (const char* usb : {"1050", "1050:0407", "1050:0407/", "1050:0407/toaster", "xyz:0407/hid"}) {
    EXPECT_THAT(explain(std::string("--user alice --usb ") + usb).err, HasSubstr("--usb takes")) << usb;
  }
}

TEST(PolicyTest, TheSampleDecidesAsItsTableExpects) {
  const Ran ran = run("policy test " + kSample);
  EXPECT_EQ(ran.code, 0) << ran.out << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("sample.tests.yaml: 15 of 15 decisions are as expected"));
}

TEST(PolicyTest, NamesWhatIsOtherThanExpected) {
  const TextFile policy("p.yaml", policy_with("{name: open, what: clipboard.to_guest, effect: allow, limits: {formats: "
                                              "text}, require: {record: optional}}"));
  const TextFile table("p.tests.yaml", R"(tests:
  - {name: one, request: {user: a}, what: clipboard.to_guest, expect: allow, rule: open, limits: {formats: text}, require: {record: optional}}
  - {name: two, request: {user: a}, what: clipboard.to_guest, expect: deny}
  - {name: three, request: {user: a}, what: clipboard.to_guest, expect: allow, rule: other}
  - {name: four, request: {user: a}, what: clipboard.to_guest, expect: allow, limits: {formats: html}}
  - {name: five, request: {user: a}, what: clipboard.to_guest, expect: allow, require: {record: required}}
  - {name: six, request: {user: a}, what: connect, expect: allow}
)");
  const Ran ran = run("policy test " + policy.path());
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("tests.yaml:3: 'two' expected to be denied, is allowed (rule 'open' allows it)"),
                             HasSubstr(":4: 'three' expected of rule 'other', is allowed"),
                             HasSubstr(":5: 'four' has other limits"), HasSubstr(":6: 'five' requires other things"),
                             HasSubstr(":7: 'six' expected to be allowed, is denied"),
                             HasSubstr("1 of 6 decisions are as expected")));
}

TEST(PolicyTest, SaysWhatIsWrongWithItsTable) {
  const TextFile table("t.tests.yaml", R"(tests:
  - {name: one, request: {usr: a}, what: floppy, expect: maybe}
  - {name: one, request: {user: a, at: noon, address: here, mfa: x, client_version: y, certificate_sha256: z}}
  - {name: two, request: {user: a, usb: {vendor: 1}}, what: usb, expect: deny}
)");
  const Ran ran = run("policy test " + kSample + " " + table.path());
  EXPECT_EQ(ran.code, 2);
  for (const char* said : {"unknown key 'usr'", "needs 'user: …'", "no channel 'floppy'", "expects 'allow' or 'deny'",
                           "named 'one' exists already", "'noon' is no time", "'here' is no IP address",
                           "'mfa' of test 'one' is a number", "'y' is no version", "64 hexadecimal digits",
                           "needs 'what: …'", "needs 'expect: …'", "four hexadecimal digits", "needs 'classes: …'"}) {
    EXPECT_THAT(ran.err, HasSubstr(said));
  }
  EXPECT_EQ(run("policy test " + kSample + " /nonexistent").code, 2);
}

TEST(PolicyDiff, ListsWhoGainsAndLosesWhat) {
  const TextFile before("a.yaml", policy_with("{name: open, what: connect, who: {user: [alice, bob]}, effect: allow}"));
  const TextFile after(
      "b.yaml",
      policy_with(
          "{name: open, what: connect, who: {user: [bob, carol]}, effect: allow, require: {idle_timeout: 15m}}") +
          "egress: []\n");
  const Ran ran = run("policy diff " + before.path() + " " + after.path());
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.out, AllOf(HasSubstr("user alice loses connect: no rule allows it\n"),
                             HasSubstr("user bob keeps connect: without limits -> idle timeout 900s\n"),
                             HasSubstr("user carol gains connect: rule 'open' allows it; idle timeout 900s\n"),
                             HasSubstr("somebody else: egress: (not filtered) -> (everything denied)\n")));
  EXPECT_THAT(run("policy diff --users alice,dave " + before.path() + " " + after.path()).out, Not(HasSubstr("carol")));
  const Ran same = run("policy diff " + kSample + " " + kSample);
  EXPECT_EQ(same.code, 0);
  EXPECT_EQ(same.out, "no difference\n");
  EXPECT_EQ(run("policy diff /nonexistent " + kSample).code, 2);
  EXPECT_EQ(run("policy diff --at noon " + kSample + " " + kSample).code, 2);
}

TEST(PolicyDiff, ShowsAConditionInTheCaseOfItsRule) {
  const TextFile before("a.yaml", policy_with("{name: open, what: connect, network: 10.0.0.0/8, effect: allow}"));
  const TextFile after("b.yaml", policy_with("{name: open, what: connect, network: 11.0.0.0/8, effect: allow}"));
  const Ran ran = run("policy diff " + before.path() + " " + after.path());
  EXPECT_THAT(
      ran.out,
      AllOf(HasSubstr("somebody else loses connect: no rule allows it (in the case of rule 'open')"),
            HasSubstr(
                "somebody else gains connect: rule 'open' allows it; without limits (in the case of rule 'open')")));
  EXPECT_THAT(run("policy diff --network 192.0.2.9 " + before.path() + " " + after.path()).out,
              HasSubstr("no difference"));
}

}  // namespace
}  // namespace tobari::cli
