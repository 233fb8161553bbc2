// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/qcow2_header.h"

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace tobari::vmhost {
namespace {

using Bytes = std::vector<std::byte>;

void put(Bytes& bytes, std::size_t at, std::uint64_t value, int size) {
  for (int i = 0; i < size; ++i) {
    bytes[at + static_cast<std::size_t>(i)] = static_cast<std::byte>(value >> (8 * (size - 1 - i)));
  }
}

void put(Bytes& bytes, std::size_t at, const std::string& text) {
  for (std::size_t i = 0; i < text.size(); ++i) bytes[at + i] = static_cast<std::byte>(text[i]);
}

// As qemu-img makes them: version 3, the format extension, then the name.
Bytes overlay() {
  Bytes bytes(512);
  put(bytes, 0, 0x514649fb, 4);
  put(bytes, 4, 3, 4);
  put(bytes, 100, 104, 4);
  put(bytes, 104, 0xe2792aca, 4);
  put(bytes, 108, 5, 4);
  put(bytes, 112, "qcow2");
  put(bytes, 8, 200, 8);
  put(bytes, 16, 9, 4);
  put(bytes, 200, "/img/base");
  return bytes;
}

TEST(Qcow2Header, ReadsBackingFileAndFormat) {
  const auto header = parse_qcow2_header(overlay());
  ASSERT_TRUE(header) << describe(header.error());
  EXPECT_EQ(header->backing_file, "/img/base");
  EXPECT_EQ(header->backing_format, "qcow2");
}

TEST(Qcow2Header, SaysWhereItsOwnDataIsListed) {
  Bytes bytes = overlay();
  put(bytes, 36, 8, 4);
  put(bytes, 40, 0x30000, 8);
  EXPECT_EQ(parse_qcow2_header(bytes)->l1_entries, 8U);
  EXPECT_EQ(parse_qcow2_header(bytes)->l1_at, 0x30000U);
  put(bytes, 36, kMaxL1Entries + 1, 4);
  EXPECT_FALSE(parse_qcow2_header(bytes));
}

TEST(Qcow2Header, WholeFileHasNoBacking) {
  Bytes bytes = overlay();
  put(bytes, 8, 0, 8);
  EXPECT_EQ(parse_qcow2_header(bytes)->backing_file, "");
}

TEST(Qcow2Header, UnstatedFormatIsEmpty) {
  Bytes bytes = overlay();
  put(bytes, 104, 0, 8);
  EXPECT_EQ(parse_qcow2_header(bytes)->backing_format, "");
}

TEST(Qcow2Header, RefusesWhatItCannotVouchFor) {
  const auto broken = [](auto change) {
    Bytes bytes = overlay();
    change(bytes);
    return parse_qcow2_header(bytes).has_value();
  };
  EXPECT_FALSE(broken([](Bytes& b) { put(b, 0, 0, 4); })) << "magic";
  EXPECT_FALSE(broken([](Bytes& b) { put(b, 4, 4, 4); })) << "version";
  EXPECT_FALSE(broken([](Bytes& b) { put(b, 32, 2, 4); })) << "encryption";
  EXPECT_FALSE(broken([](Bytes& b) { put(b, 72, 4, 8); })) << "external data file";
  EXPECT_FALSE(broken([](Bytes& b) { put(b, 100, 0xffffffff, 4); })) << "header size";
  EXPECT_FALSE(broken([](Bytes& b) { put(b, 100, 8, 4); })) << "header size";
  EXPECT_FALSE(broken([](Bytes& b) { put(b, 8, ~0ULL, 8); })) << "name beyond the end";
  EXPECT_FALSE(broken([](Bytes& b) { put(b, 16, 1024, 4); })) << "name too long";
  EXPECT_FALSE(broken([](Bytes& b) { put(b, 108, 0xffffffff, 4); })) << "extension beyond the end";
  EXPECT_FALSE(broken([](Bytes& b) { put(b, 203, 0, 1); })) << "NUL in the name";
}

TEST(Qcow2Header, EveryPrefixIsHandled) {
  const Bytes bytes = overlay();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    static_cast<void>(parse_qcow2_header(std::span(bytes).first(size)));
  }
  EXPECT_FALSE(parse_qcow2_header(std::span(bytes).first(103)));
}

}  // namespace
}  // namespace tobari::vmhost
