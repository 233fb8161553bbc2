// SPDX-License-Identifier: GPL-3.0-or-later
#include "gateway/unauthenticated_book.h"

#include <gmock/gmock.h>

namespace tobari::gateway {
namespace {

using testing::Eq;
using testing::Optional;

TEST(AddressKey, IsAnIpv4AddressOrAnIpv6Network) {
  EXPECT_EQ(address_key("192.0.2.1"), "192.0.2.1");
  EXPECT_NE(address_key("192.0.2.1"), address_key("192.0.2.2"));
  EXPECT_EQ(address_key("2001:db8::1"), address_key("2001:db8:0:0:ffff::2"));
  EXPECT_NE(address_key("2001:db8::1"), address_key("2001:db8:0:1::1"));
}

TEST(UnauthenticatedBook, TheOldestOfACrowdedAddressGivesWay) {
  UnauthenticatedBook book(100, 2);
  book.add(1, "other");
  book.add(2, "a");
  book.add(3, "a");
  EXPECT_EQ(book.surplus("a"), std::nullopt);
  book.add(4, "a");
  EXPECT_THAT(book.surplus("a"), Optional(Eq(2U)));
  book.remove(2);
  EXPECT_EQ(book.surplus("a"), std::nullopt);
}

TEST(UnauthenticatedBook, TheOldestOfAllGivesWayAtTheTotal) {
  UnauthenticatedBook book(3, 2);
  for (UnauthenticatedBook::Id id = 1; id <= 4; ++id) book.add(id, "address " + std::to_string(id));
  EXPECT_THAT(book.surplus("address 4"), Optional(Eq(1U)));
  EXPECT_THAT(book.oldest(), Optional(Eq(1U)));
}

TEST(UnauthenticatedBook, ForgetsWhatIsRemoved) {
  UnauthenticatedBook book(3, 2);
  book.add(1, "a");
  book.remove(1);
  book.remove(1);
  EXPECT_EQ(book.size(), 0U);
  EXPECT_EQ(book.oldest(), std::nullopt);
  EXPECT_EQ(book.surplus("a"), std::nullopt);
}

}  // namespace
}  // namespace tobari::gateway
