// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/json_body.h"

#include <gmock/gmock.h>

#include "rest/bodies.h"

namespace tobari::broker {
namespace {

using ::testing::HasSubstr;

TEST(JsonBody, RefusesWhatIsNotOneObject) {
  for (const char* bad : {"", "[]", "1", "null", "{", "{}x", "{\"a\":1}{\"b\":2}", "\"x\"", "{'a':1}", "{\"a\":1,}",
                          "{\"a\":\"\xff\"}"}) {
    const auto parsed = JsonBody::parse(bad);
    ASSERT_FALSE(parsed.has_value()) << bad;
    EXPECT_EQ(parsed.error().code, Errc::kPeerProtocol) << bad;
  }
}

TEST(JsonBody, RefusesDepthAndDuplicates) {
  EXPECT_THAT(parse_json(std::string(20000, '[')).error().message, HasSubstr("deep"));
  EXPECT_TRUE(parse_json(R"({"a":"[[[[[[[[[[[[[["})").has_value());  // brackets in a text are text
  EXPECT_THAT(parse_json(R"({"a":1,"b":2,"a":3})").error().message, HasSubstr("twice"));
  EXPECT_TRUE(parse_json(R"([{"a":1},{"a":2}])").has_value());
  EXPECT_THAT(parse_json(std::string(kMaxBodyBytes + 1, ' ')).error().message, HasSubstr("64 KiB"));
}

TEST(Bodies, NameTheMemberThatIsWrong) {
  EXPECT_THAT(parse_login(R"({"user":"a"})").error().message, HasSubstr("password is missing"));
  EXPECT_THAT(parse_login(R"({"user":"a","password":1})").error().message, HasSubstr("password must be a text"));
  EXPECT_THAT(parse_login(R"({"user":"a","password":"b","otp":"1"})").error().message, HasSubstr("unknown member otp"));
  EXPECT_THAT(parse_new_user(R"({"name":"A","password":"12345678"})").error().message, HasSubstr("name must be"));
  EXPECT_THAT(parse_new_user(R"({"name":"a","password":"1234567"})").error().message, HasSubstr("8 characters"));
  EXPECT_THAT(parse_new_user(R"({"name":"a","password":"12345678","role":"god"})").error().message,
              HasSubstr("user, admin"));
  EXPECT_THAT(parse_new_desktop(R"({"user":"a","image":"i","vcpus":65})").error().message, HasSubstr("1 to 64"));
  EXPECT_THAT(parse_new_desktop(R"({"user":"a","image":"i","vcpus":1.5})").error().message, HasSubstr("vcpus"));
  EXPECT_THAT(parse_new_desktop(R"({"user":"a","image":"../i"})").error().message, HasSubstr("image must be"));
  EXPECT_FALSE(parse_login(R"({"user":"a\u0000b","password":"x"})").has_value());
}

TEST(Bodies, AWallKeepsTheOrderOfItsDesktops) {
  const std::string first = DesktopId::random().str();
  const std::string second = DesktopId::random().str();
  const auto wall = parse_wall(R"({"desktops":[")" + second + R"(",")" + first + R"("],"client_kind":"pad"})");
  ASSERT_TRUE(wall.has_value());
  ASSERT_EQ(wall->desktops.size(), 2U);
  EXPECT_EQ(wall->desktops.front().str(), second);
  EXPECT_EQ(wall->client.client_kind, "pad");
  EXPECT_FALSE(parse_wall("").has_value());
  EXPECT_FALSE(parse_wall(R"({"desktops":["a","b"]})").has_value());
}

TEST(Bodies, KnowTheirDefaults) {
  const auto desktop = parse_new_desktop(R"({"user":"alice","image":"debian"})");
  EXPECT_EQ(desktop->vcpus, 2U);
  EXPECT_EQ(desktop->memory_mib, 1024U);
  EXPECT_TRUE(parse_connect("").has_value());
  EXPECT_EQ(parse_connect(R"({"client_name":"pad"})")->client_name, "pad");
  EXPECT_EQ(parse_new_user(R"({"name":"a","password":"üüüüüüüü"})")->role, Role::kUser);
}

TEST(Bodies, TheAuditQueryIsANumberOrNothing) {
  EXPECT_EQ(*parse_after(""), 0U);
  EXPECT_EQ(*parse_after("after=12"), 12U);
  for (const char* bad : {"after=", "after=-1", "after=1x", "before=1", "after=99999999999999999999"}) {
    EXPECT_FALSE(parse_after(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace tobari::broker
