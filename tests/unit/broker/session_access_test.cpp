// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/session_access.h"

#include <gmock/gmock.h>

namespace tobari::broker {
namespace {

using testing::HasSubstr;

policy::Grant wide() {
  policy::Grant grant{.user = "alice", .desktop_id = "d"};
  policy::Limits limits;
  limits.bytes_per_transfer = 1000;
  limits.bytes_per_day = 5000;
  grant.channels = {{"connect", "office", {}}, {"clipboard.to_guest", "paste", limits}, {"audio.play", "sound", {}}};
  grant.idle_timeout = std::chrono::seconds(600);
  grant.notices = {"be careful"};
  return grant;
}

TEST(SessionAccess, IsKeptAsItIs) {
  SessionAccess access{.grant = wide(),
                       .client_address = "10.0.0.1",
                       .client = "tobari-client/0.1",
                       .mfa_level = 2,
                       .sessions = 3,
                       .device = policy::DeviceCertificate{.sha256 = policy::Sha256Bytes{1, 0xAB}, .issuer = "house"},
                       .narrowed = true,
                       .ended_because = "an \"end\""};
  access.grant.channels[1].limits.formats = {};
  access.grant.channels[1].limits.formats.add(policy::Format::kHtml);
  access.grant.recording = policy::Recording::kOptional;
  access.grant.visible_watermark = true;
  EXPECT_EQ(parse_access(to_text(access)).value(), access);
  EXPECT_EQ(parse_access(to_text(SessionAccess{})).value(), SessionAccess{});
  access.device = policy::DeviceCertificate{};
  EXPECT_EQ(parse_access(to_text(access)).value(), access) << "asked, and none shown, is not the same as not asked";
}

TEST(SessionAccess, WhatIsNoneGrantsNothing) {
  EXPECT_TRUE(parse_access("").value().grant.channels.empty());
  for (const char* bad : {"{", "[]", "{}", "nonsense"}) EXPECT_FALSE(parse_access(bad)) << bad;
}

TEST(SessionAccess, ADeviceOfAnEarlierVersionOrOfNonsenseIsNotKnown) {
  EXPECT_FALSE(parse_access(R"({"grant":{}})").value().device);
  EXPECT_FALSE(parse_access(R"({"grant":{},"device":{"sha256":"12","issuer":"house"}})").value().device);
}

TEST(SessionAccess, NamesADeviceInTheAudit) {
  EXPECT_EQ(in_words(std::nullopt), "");
  EXPECT_EQ(in_words(policy::DeviceCertificate{}), "");
  EXPECT_EQ(in_words(policy::DeviceCertificate{.sha256 = policy::Sha256Bytes{1, 0xAB}, .issuer = "house"}),
            "device 01ab000000000000 of house");
}

TEST(SessionAccess, NarrowsAndNeverWidens) {
  const policy::Grant had = wide();
  policy::Grant fresh = had;
  fresh.channels.erase(fresh.channels.begin() + 2);
  fresh.channels[1].limits.bytes_per_transfer = 100;
  fresh.channels[1].rule = "another";
  fresh.channels.push_back({"clipboard.from_guest", "new", {}});
  fresh.idle_timeout = std::chrono::seconds(0);
  fresh.notices = {"something new"};
  const policy::Grant now = narrowed(had, fresh);
  EXPECT_EQ(now.find("audio.play"), nullptr);
  EXPECT_EQ(now.find("clipboard.from_guest"), nullptr) << "it needs a new connection";
  EXPECT_EQ(now.find("clipboard.to_guest")->limits.bytes_per_transfer, 100U);
  EXPECT_EQ(now.find("clipboard.to_guest")->rule, "paste");
  EXPECT_EQ(now.idle_timeout.count(), 600);
  EXPECT_EQ(now.notices, had.notices);
  EXPECT_EQ(narrowed(had, had), had);
}

TEST(SessionAccess, EndsWhatCannotGoOn) {
  policy::Grant fresh = wide();
  EXPECT_FALSE(must_end(wide(), fresh));
  fresh.recording = policy::Recording::kRequired;
  EXPECT_THAT(must_end(wide(), fresh).value_or(""), HasSubstr("recorded"));
  fresh = {};
  EXPECT_TRUE(must_end(wide(), fresh));
}

TEST(SessionAccess, SaysWhatIsLess) {
  policy::Grant now = wide();
  now.channels.pop_back();
  now.channels[1].limits.formats = {};
  now.channels[1].limits.formats.add(policy::Format::kText);
  now.max_monitors = 2;
  const std::string words = describe_less(wide(), now);
  EXPECT_THAT(words, HasSubstr("audio.play closed"));
  EXPECT_THAT(words, HasSubstr("clipboard.to_guest: text, 1000 bytes a transfer, 5000 bytes a day"));
  EXPECT_THAT(words, HasSubstr("2 monitors"));
}

}  // namespace
}  // namespace tobari::broker
