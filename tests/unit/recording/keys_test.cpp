// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/recording/keys.h>

#include <gtest/gtest.h>

namespace tobari::recording {
namespace {

TEST(Keys, TextAndBack) {
  const KeyPair pair = make_key_pair();
  EXPECT_EQ(parse_public_key(to_text(pair.public_key)).value(), pair.public_key);
  EXPECT_EQ(parse_secret_key(to_text(pair.secret)).value().bytes(), pair.secret.bytes());
}

TEST(Keys, OneIsNotTakenForTheOther) {
  const KeyPair pair = make_key_pair();
  EXPECT_FALSE(parse_public_key(to_text(pair.secret)));
  EXPECT_FALSE(parse_secret_key(to_text(pair.public_key)));
  std::string cut = to_text(pair.public_key);
  cut.resize(cut.size() - 5);
  const auto refused = parse_public_key(cut);
  EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
  EXPECT_EQ(refused.error().message.find(cut.substr(30)), std::string::npos) << "what was there is not quoted";
}

TEST(Keys, OnlyItsReaderUnsealsAKey) {
  const KeyPair pair = make_key_pair();
  const ContentKey content = make_content_key(pair.public_key);
  Header header;
  header.public_key = pair.public_key.bytes;
  header.sealed_key = content.sealed;
  EXPECT_EQ(unseal(header, pair.secret).value().bytes(), content.key.bytes());
  EXPECT_EQ(unseal(header, make_key_pair().secret).error().code, Errc::kPermissionDenied);
  header.sealed_key[40] ^= std::byte{1};
  EXPECT_EQ(unseal(header, pair.secret).error().code, Errc::kPermissionDenied);
}

}  // namespace
}  // namespace tobari::recording
