// SPDX-License-Identifier: GPL-3.0-or-later
#include "policy_commands.h"

#include <string>

#include <CLI/CLI.hpp>
#include <gmock/gmock.h>

namespace tobari::cli {
namespace {

using testing::HasSubstr;

constexpr const char* kSample = TOBARI_POLICY_FOLDER "/sample.yaml";

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

TEST(PolicyCommands, CheckCountsWhatIsGood) {
  const Ran ran = run(std::string("policy check ") + kSample);
  EXPECT_EQ(ran.code, 0) << ran.err;
  EXPECT_THAT(ran.out, HasSubstr("good: 7 rules, 3 groups"));
}

TEST(PolicyCommands, CheckFailsForAFileThatIsNone) {
  const Ran ran = run("policy check /nonexistent.yaml");
  EXPECT_EQ(ran.code, 1);
  EXPECT_THAT(ran.err, HasSubstr("/nonexistent.yaml: error: cannot be read"));
}

TEST(PolicyCommands, ExplainNamesRuleAndLineAndSaysItWithItsStatus) {
  const std::string explain = std::string("policy explain --file ") + kSample;
  const Ran allowed = run(explain + " --user alice --pool trading --what connect");
  EXPECT_EQ(allowed.code, 0);
  EXPECT_THAT(allowed.out, HasSubstr("'traders-connect-from-anywhere' allows it"));
  EXPECT_THAT(allowed.out, HasSubstr("sample.yaml:25"));

  const Ran office = run(explain + " --user erin --network 10.0.0.7 --what connect");
  EXPECT_EQ(office.code, 0);
  EXPECT_EQ(run(explain + " --user erin --network 192.0.2.7 --what connect").code, 1);
  EXPECT_EQ(run(explain + " --user zed --group traders --pool trading --what connect").code, 0);
  EXPECT_EQ(run(explain + " --user alice --what usb").code, 1);
}

TEST(PolicyCommands, ExplainWithoutWhatShowsEveryChannel) {
  const Ran ran = run(std::string("policy explain --user alice --file ") + kSample);
  EXPECT_EQ(ran.code, 0);
  EXPECT_THAT(ran.out, HasSubstr("clipboard.from_guest"));
}

TEST(PolicyCommands, ExplainSaysWhatIsWrongWithItsArguments) {
  const std::string explain = std::string("policy explain --user alice --file ") + kSample;
  EXPECT_EQ(run(explain + " --network nowhere").code, 2);
  EXPECT_THAT(run(explain + " --what floppy").err, HasSubstr("no channel 'floppy'"));
}

}  // namespace
}  // namespace tobari::cli
