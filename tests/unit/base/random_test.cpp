// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/base/random.h>

#include <array>
#include <string>

#include <gmock/gmock.h>

#include <tobari/base/ids.h>

namespace tobari {
namespace {

std::vector<std::byte> bytes_of(std::string_view text) {
  const auto* data = reinterpret_cast<const std::byte*>(text.data());
  return {data, data + text.size()};
}

TEST(Random, TokensAre256BitsOfBase64Url) {
  const std::string token = random_token();
  EXPECT_EQ(token.size(), 43U);
  EXPECT_EQ(from_base64url(token)->size(), 32U);
  EXPECT_NE(token, random_token());
}

TEST(Random, UuidsParseAsIdsAndNothingElseDoes) {
  const auto id = DesktopId::random();
  EXPECT_EQ(*DesktopId::parse(id.str()), id);
  EXPECT_EQ(id.str()[14], '4');
  for (const char* bad :
       {"", "x", "../../etc/passwd", "6ba7b810-9dad-11d1-80b4-00c04fd430cG", "6BA7B810-9DAD-11D1-80B4-00C04FD430C8"}) {
    EXPECT_FALSE(DesktopId::parse(bad).has_value()) << bad;
  }
}

// RFC 4648 section 10, in the alphabet of section 5.
TEST(Base64Url, AgreesWithTheRfc) {
  const std::array<std::pair<const char*, const char*>, 7> cases{{{"", ""},
                                                                  {"f", "Zg"},
                                                                  {"fo", "Zm8"},
                                                                  {"foo", "Zm9v"},
                                                                  {"foob", "Zm9vYg"},
                                                                  {"fooba", "Zm9vYmE"},
                                                                  {"foobar", "Zm9vYmFy"}}};
  for (const auto& [plain, coded] : cases) {
    EXPECT_EQ(to_base64url(bytes_of(plain)), coded);
    EXPECT_EQ(*from_base64url(coded), bytes_of(plain));
  }
}

TEST(Base64Url, RefusesWhatHasNoOneValue) {
  for (const char* bad : {"Z", "Zh", "Zm9=", "Zm 9", "Zm+v"}) EXPECT_FALSE(from_base64url(bad).has_value()) << bad;
}

TEST(Hex, GoesBothWaysAndRefusesRubbish) {
  EXPECT_EQ(to_hex(bytes_of("\x01\xfe")), "01fe");
  EXPECT_EQ(*from_hex("01FE"), bytes_of("\x01\xfe"));
  EXPECT_FALSE(from_hex("1").has_value());
  EXPECT_FALSE(from_hex("0g").has_value());
}

TEST(ConstantTime, ComparesWholeStrings) {
  EXPECT_TRUE(equal_constant_time("secret", "secret"));
  EXPECT_FALSE(equal_constant_time("secret", "secreT"));
  EXPECT_FALSE(equal_constant_time("secret", "secretsecret"));
  EXPECT_FALSE(equal_constant_time("secret", ""));
  EXPECT_TRUE(equal_constant_time("", ""));
}

}  // namespace
}  // namespace tobari
