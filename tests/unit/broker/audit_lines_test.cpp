// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit_lines.h"

#include <gmock/gmock.h>

namespace tobari::cli {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

Json record(const std::string& outcome, const std::string& detail) {
  return {{"sequence", 12},
          {"time", "2026-11-27T08:00:00.250Z"},
          {"actor", "alice"},
          {"action", "session.open"},
          {"object", "a \"quoted\" [name] \\"},
          {"client_address", "192.0.2.7"},
          {"outcome", outcome},
          {"rule", "staff"},
          {"detail", detail},
          {"previous", "aa"},
          {"hash", "bb"}};
}

TEST(AuditLines, SyslogFollowsRfc5424) {
  const std::string line = syslog_line(record("allowed", "fine"), "broker1");
  EXPECT_THAT(line, StartsWith("<109>1 2026-11-27T08:00:00.250Z broker1 tobari-broker - session.open [audit@32473 "));
  EXPECT_THAT(line, HasSubstr(R"( sequence="12" actor="alice" object="a \"quoted\" [name\] \\" )"));
  EXPECT_THAT(line, EndsWith("hash=\"bb\"] \xEF\xBB\xBF"
                             "fine"));
}

TEST(AuditLines, WhatWasDeniedIsAWarning) {
  EXPECT_THAT(syslog_line(record("denied", ""), "b"), StartsWith("<108>1 "));
  EXPECT_THAT(syslog_line(record("failed", ""), "b"), StartsWith("<108>1 "));
}

TEST(AuditLines, ARecordIsOneLineWhateverIsInIt) {
  const Json hostile = record("done", "two\nlines\r\x01 \xff");
  EXPECT_THAT(syslog_line(hostile, "a b"), ::testing::Not(::testing::ContainsRegex("[\n\r]")));
  EXPECT_THAT(syslog_line(hostile, "a b"), HasSubstr(" a_b tobari-broker "));
  EXPECT_THAT(json_line(hostile), ::testing::Not(HasSubstr("\n")));
}

}  // namespace
}  // namespace tobari::cli
