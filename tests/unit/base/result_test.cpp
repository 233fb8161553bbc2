// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/base/result.h>

#include <cerrno>

#include <gmock/gmock.h>

namespace tobari {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

Result<int> parse_digit(char c) {
  if (c < '0' || c > '9') return fail(Errc::kInvalidArgument, "not a digit");
  return c - '0';
}

Result<int> sum(char a, char b) {
  TOBARI_ASSIGN(const int x, parse_digit(a));
  TOBARI_ASSIGN(const int y, parse_digit(b));
  return x + y;
}

Result<void> check(char c) {
  TOBARI_TRY(parse_digit(c));
  return {};
}

TEST(Result, CarriesAValueThroughTheMacros) { EXPECT_EQ(*sum('2', '3'), 5); }

TEST(Result, TheFirstFailureEndsTheFunction) {
  const auto result = sum('x', '3');
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().code, Errc::kInvalidArgument);
  EXPECT_FALSE(check('x').has_value());
  EXPECT_TRUE(check('1').has_value());
}

TEST(Result, ContextGoesInFrontAndThePlaceStays) {
  const Error inner = sum('x', '3').error();
  const Error outer = context(inner, "read the port").error();
  EXPECT_EQ(outer.message, "read the port: not a digit");
  EXPECT_EQ(outer.line, inner.line);
  EXPECT_THAT(describe(outer), StartsWith("invalid argument: read the port: not a digit (result_test.cpp:"));
}

TEST(Result, ErrnoChoosesTheCode) {
  const Error full = fail_errno(ENOSPC, "write the record").error();
  EXPECT_EQ(full.code, Errc::kExhausted);
  EXPECT_THAT(full.message, HasSubstr("No space left on device"));
  EXPECT_EQ(fail_errno(ENOENT, "open").error().code, Errc::kNotFound);
}

}  // namespace
}  // namespace tobari
