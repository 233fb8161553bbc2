// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/audit_head.h"

#include <gtest/gtest.h>

namespace tobari::broker {
namespace {

const std::string kSecret(64, '7');

TEST(AuditHead, IsTheWordOfItsKeyOnly) {
  const auto signer = HeadSigner::create(kSecret + "\n").value();
  const SignedHead head = signer.sign({7, std::string(64, 'a')}, Time{});
  EXPECT_TRUE(verify_head(head, signer.public_key()).has_value());
  const auto other = HeadSigner::create(HeadSigner::new_secret()).value();
  EXPECT_EQ(verify_head(head, other.public_key()).error().code, Errc::kPermissionDenied);
}

TEST(AuditHead, CoversEveryMember) {
  const auto signer = HeadSigner::create(kSecret).value();
  const SignedHead head = signer.sign({7, std::string(64, 'a')}, Time{});
  for (std::string SignedHead::* const member :
       {&SignedHead::hash, &SignedHead::time, &SignedHead::key, &SignedHead::signature}) {
    SignedHead changed = head;
    (changed.*member)[0] = (changed.*member)[0] == '1' ? '2' : '1';
    EXPECT_FALSE(verify_head(changed, changed.key).has_value());
  }
  SignedHead changed = head;
  changed.sequence = 8;
  EXPECT_FALSE(verify_head(changed, head.key).has_value());
}

TEST(AuditHead, KeysOfAnotherFormAreRefused) {
  for (const std::string& bad : {std::string(), std::string(62, '7'), std::string(66, '7'), std::string(64, 'x')}) {
    EXPECT_EQ(HeadSigner::create(bad).error().code, Errc::kInvalidArgument);
  }
}

}  // namespace
}  // namespace tobari::broker
