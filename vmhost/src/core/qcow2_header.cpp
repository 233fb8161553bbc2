// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/qcow2_header.h"

#include <algorithm>
#include <cstdint>
#include <format>

namespace tobari::vmhost {
namespace {

constexpr std::uint32_t kMagic = 0x514649fb;  // "QFI\xfb"
constexpr std::size_t kVersion2Header = 72;
constexpr std::size_t kVersion3Header = 104;
constexpr std::size_t kMaxBackingName = 1023;
constexpr std::uint64_t kExternalData = 1U << 2;
constexpr std::uint64_t kCorrupt = 1U << 1;
constexpr std::uint64_t kKnownFeatures = 0x1b;  // dirty, corrupt, compression type, extended L2 entries
constexpr std::uint32_t kLeastClusterBits = 9;
constexpr std::uint32_t kMostClusterBits = 21;
constexpr std::uint32_t kEndOfExtensions = 0;
constexpr std::uint32_t kBackingFormat = 0xe2792aca;

// Big-endian; the caller has checked that the bytes are there.
template <class Number>
Number number_at(std::span<const std::byte> bytes, std::size_t at) {
  Number value = 0;
  for (std::size_t i = 0; i < sizeof(Number); ++i) {
    value = static_cast<Number>(value << 8) | std::to_integer<Number>(bytes[at + i]);
  }
  return value;
}

Result<std::string> text_at(std::span<const std::byte> bytes, std::uint64_t at, std::size_t size) {
  if (at > bytes.size() || size > bytes.size() - at) return fail(Errc::kInvalidArgument, "qcow2 header is cut short");
  std::string text;
  for (const std::byte b : bytes.subspan(static_cast<std::size_t>(at), size)) text += std::to_integer<char>(b);
  if (text.find('\0') != std::string::npos) return fail(Errc::kInvalidArgument, "qcow2 header with a NUL in a name");
  return text;
}

Result<std::string> find_backing_format(std::span<const std::byte> bytes, std::size_t at) {
  while (at + 8 <= bytes.size()) {
    const auto type = number_at<std::uint32_t>(bytes, at);
    const auto size = number_at<std::uint32_t>(bytes, at + 4);
    if (type == kEndOfExtensions) return std::string();
    if (type == kBackingFormat) return text_at(bytes, at + 8, size);
    if (size > bytes.size()) break;
    at += 8 + (std::size_t{size} + 7) / 8 * 8;
  }
  return fail(Errc::kInvalidArgument, "qcow2 header extensions do not end");
}

}  // namespace

Result<Qcow2Header> parse_qcow2_header(std::span<const std::byte> bytes) {
  if (bytes.size() < kVersion2Header || number_at<std::uint32_t>(bytes, 0) != kMagic) {
    return fail(Errc::kInvalidArgument, "not a qcow2 file");
  }
  const auto version = number_at<std::uint32_t>(bytes, 4);
  if (version != 2 && version != 3) return fail(Errc::kInvalidArgument, "qcow2 version is neither 2 nor 3");
  if (number_at<std::uint32_t>(bytes, 32) != 0) return fail(Errc::kInvalidArgument, "encrypted qcow2 file");
  std::size_t header_size = kVersion2Header;
  if (version == 3) {
    if (bytes.size() < kVersion3Header) return fail(Errc::kInvalidArgument, "qcow2 header is cut short");
    if ((number_at<std::uint64_t>(bytes, 72) & kExternalData) != 0) {
      return fail(Errc::kInvalidArgument, "qcow2 file keeps its data in another file");
    }
    header_size = number_at<std::uint32_t>(bytes, 100);
    if (header_size < kVersion3Header || header_size > bytes.size()) {
      return fail(Errc::kInvalidArgument, "qcow2 header is cut short");
    }
  }
  Qcow2Header header;
  header.virtual_bytes = number_at<std::uint64_t>(bytes, 24);
  header.cluster_bits = number_at<std::uint32_t>(bytes, 20);
  if (version == 3) header.incompatible = number_at<std::uint64_t>(bytes, 72);
  header.l1_entries = number_at<std::uint32_t>(bytes, 36);
  header.l1_at = number_at<std::uint64_t>(bytes, 40);
  if (header.l1_entries > kMaxL1Entries) return fail(Errc::kInvalidArgument, "qcow2 file with too large a table");
  const auto name_at = number_at<std::uint64_t>(bytes, 8);
  const auto name_size = number_at<std::uint32_t>(bytes, 16);
  if (name_at == 0) return header;
  if (name_size > kMaxBackingName) return fail(Errc::kInvalidArgument, "qcow2 backing file name is too long");
  TOBARI_ASSIGN(header.backing_file, text_at(bytes, name_at, name_size));
  TOBARI_ASSIGN(header.backing_format, find_backing_format(bytes, header_size));
  return header;
}

Result<DiskFacts> examine_qcow2(const SourceBytes& file) {
  const auto head_size = static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), kMaxQcow2HeaderBytes));
  TOBARI_ASSIGN(const auto head, file.read(0, head_size));
  TOBARI_ASSIGN(const Qcow2Header header, parse_qcow2_header(head));
  if (!header.backing_file.empty()) {
    return fail(Errc::kInvalidArgument,
                std::format("the disk stands on another file ({}): make it whole first, with qemu-img convert",
                            header.backing_file));
  }
  if ((header.incompatible & kCorrupt) != 0) {
    return fail(Errc::kInvalidArgument, "the qcow2 file is marked as damaged: qemu-img check says more");
  }
  if ((header.incompatible & ~kKnownFeatures) != 0) {
    return fail(Errc::kInvalidArgument, "the qcow2 file uses features that are not known here");
  }
  if (header.cluster_bits < kLeastClusterBits || header.cluster_bits > kMostClusterBits) {
    return fail(Errc::kInvalidArgument, "the qcow2 file has an impossible cluster size");
  }
  TOBARI_ASSIGN(const std::uint64_t size, disk_size(header.virtual_bytes));
  const std::uint64_t a_table_covers = std::uint64_t{1} << (header.cluster_bits + header.cluster_bits - 3);
  if (header.l1_entries < divided_up(size, a_table_covers)) {
    return fail(Errc::kInvalidArgument, std::format("the qcow2 file claims {} bytes, and has tables for less", size));
  }
  if (!file.holds(header.l1_at, std::uint64_t{header.l1_entries} * 8)) return cut_short();
  return DiskFacts{size, ""};
}

}  // namespace tobari::vmhost
