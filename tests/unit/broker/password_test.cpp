// SPDX-License-Identifier: GPL-3.0-or-later
#include "auth/password.h"

#include <gmock/gmock.h>

namespace tobari::broker {
namespace {

TEST(Password, VerifiesItselfAndNothingElse) {
  const std::string hash = *hash_password("correct horse");
  EXPECT_TRUE(hash.starts_with("$argon2id$"));
  EXPECT_TRUE(verify_password(hash, "correct horse"));
  EXPECT_FALSE(verify_password(hash, "correct horsf"));
  EXPECT_FALSE(verify_password("", "correct horse"));
  EXPECT_NE(hash, *hash_password("correct horse"));
}

}  // namespace
}  // namespace tobari::broker
