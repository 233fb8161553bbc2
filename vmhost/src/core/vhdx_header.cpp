// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <array>
#include <format>
#include <optional>
#include <string>
#include <vector>

#include "core/vhd_header.h"

namespace tobari::vmhost {
namespace {

using Guid = std::array<std::uint8_t, 16>;

constexpr std::string_view kVhdxSignature = "vhdxfile";
constexpr std::array<std::uint64_t, 2> kVhdxHeadersAt{64U << 10U, 128U << 10U};
constexpr std::array<std::uint64_t, 2> kVhdxRegionsAt{192U << 10U, 256U << 10U};
constexpr std::size_t kVhdxHeaderBytes = 4096;
constexpr std::size_t kVhdxTableBytes = std::size_t{64} * 1024;
constexpr std::size_t kMostVhdxEntries = 2047;
constexpr std::size_t kVhdxEntryBytes = 32;

// As they lie in the file.
constexpr Guid kVhdxBlocks{0x66, 0x77, 0xc2, 0x2d, 0x23, 0xf6, 0x00, 0x42,
                           0x9d, 0x64, 0x11, 0x5e, 0x9b, 0xfd, 0x4a, 0x08};
constexpr Guid kVhdxMetadata{0x06, 0xa2, 0x7c, 0x8b, 0x90, 0x47, 0x9a, 0x4b,
                             0xb8, 0xfe, 0x57, 0x5f, 0x05, 0x0f, 0x88, 0x6e};
constexpr Guid kVhdxFileParameters{0x37, 0x67, 0xa1, 0xca, 0x36, 0xfa, 0x43, 0x4d,
                                   0xb3, 0xb6, 0x33, 0xf0, 0xaa, 0x44, 0xe7, 0x6b};
constexpr Guid kVhdxDiskSize{0x24, 0x42, 0xa5, 0x2f, 0x1b, 0xcd, 0x76, 0x48,
                             0xb2, 0x11, 0x5d, 0xbe, 0xd8, 0x3b, 0xf4, 0xb8};
constexpr Guid kVhdxParent{0x2d, 0x5f, 0xd3, 0xa8, 0x0b, 0xb3, 0x4d, 0x45,
                           0xab, 0xf7, 0xd3, 0xd8, 0x48, 0x34, 0xab, 0x0c};
constexpr std::uint32_t kVhdxHasParent = 2;
constexpr std::uint32_t kLeastVhdxBlock = 1U << 20U;
constexpr std::uint32_t kMostVhdxBlock = 256U << 20U;

std::unexpected<Error> vhdx_error(std::string message) { return fail(Errc::kInvalidArgument, std::move(message)); }

bool is_guid(std::span<const std::byte> bytes, std::size_t at, const Guid& guid) {
  return std::ranges::equal(bytes.subspan(at, guid.size()), guid,
                            [](std::byte a, std::uint8_t b) { return std::to_integer<std::uint8_t>(a) == b; });
}

// A block with a signature and a checksum over itself; nothing when it is damaged.
std::optional<std::vector<std::byte>> checked_block(const SourceBytes& file, std::uint64_t at, std::size_t size,
                                                    std::string_view signature) {
  auto bytes = file.read(at, size);
  if (!bytes || !begins_with(*bytes, signature)) return std::nullopt;
  const auto stated = little_endian<std::uint32_t>(*bytes, 4);
  std::vector<std::byte> zeroed = *bytes;
  std::ranges::fill(std::span(zeroed).subspan(4, 4), std::byte{0});
  if (crc32c(zeroed) != stated) return std::nullopt;
  return std::move(*bytes);
}

// The newer of the two that is whole.
Result<std::vector<std::byte>> current_header(const SourceBytes& file) {
  std::optional<std::vector<std::byte>> newest;
  for (const std::uint64_t at : kVhdxHeadersAt) {
    auto header = checked_block(file, at, kVhdxHeaderBytes, "head");
    if (!header) continue;
    const bool newer = !newest || little_endian<std::uint64_t>(*header, 8) > little_endian<std::uint64_t>(*newest, 8);
    if (newer) newest = std::move(header);
  }
  if (!newest) return vhdx_error("the vhdx file is damaged: neither of its headers is whole");
  return std::move(*newest);
}

struct VhdxRegion {
  std::uint64_t at = 0;
  std::uint32_t size = 0;
};
struct VhdxRegions {
  VhdxRegion blocks;
  VhdxRegion metadata;
};

Result<VhdxRegions> regions_of(const SourceBytes& file) {
  std::optional<std::vector<std::byte>> table;
  for (const std::uint64_t at : kVhdxRegionsAt) {
    if (!table) table = checked_block(file, at, kVhdxTableBytes, "regi");
  }
  if (!table) return vhdx_error("the vhdx file is damaged: neither of its tables is whole");
  const auto count = little_endian<std::uint32_t>(*table, 8);
  if (count > kMostVhdxEntries) return vhdx_error("the vhdx file's table is too long");
  VhdxRegions found;
  for (std::size_t i = 0; i < count; ++i) {
    const std::size_t at = 16 + i * kVhdxEntryBytes;
    const VhdxRegion region{little_endian<std::uint64_t>(*table, at + 16),
                            little_endian<std::uint32_t>(*table, at + 24)};
    if (is_guid(*table, at, kVhdxBlocks)) found.blocks = region;
    if (is_guid(*table, at, kVhdxMetadata)) found.metadata = region;
  }
  for (const VhdxRegion& region : {found.blocks, found.metadata}) {
    if (region.size == 0 || !file.holds(region.at, region.size)) return cut_short();
  }
  return found;
}

struct VhdxParameters {
  std::uint32_t block = 0;
  std::uint32_t flags = 0;
  std::uint64_t size = 0;
};

Result<std::vector<std::byte>> metadata_item(const SourceBytes& file, const VhdxRegion& region,
                                             std::span<const std::byte> entry, std::size_t size) {
  const auto offset = little_endian<std::uint32_t>(entry, 16);
  if (offset > region.size || size > region.size - offset) return vhdx_error("the vhdx file's metadata is damaged");
  return file.read(region.at + offset, size);
}

Result<VhdxParameters> parameters_of(const SourceBytes& file, const VhdxRegion& region) {
  if (region.size < kVhdxTableBytes) return vhdx_error("the vhdx file's metadata is damaged");
  TOBARI_ASSIGN(const auto table, file.read(region.at, kVhdxTableBytes));
  if (!begins_with(table, "metadata")) return vhdx_error("the vhdx file's metadata is damaged");
  const auto count = little_endian<std::uint16_t>(table, 10);
  if (count > kMostVhdxEntries) return vhdx_error("the vhdx file's metadata is too long");
  VhdxParameters found;
  for (std::size_t i = 0; i < count; ++i) {
    const auto entry = std::span(table).subspan(32 + i * kVhdxEntryBytes, kVhdxEntryBytes);
    if (is_guid(entry, 0, kVhdxParent)) found.flags |= kVhdxHasParent;
    if (is_guid(entry, 0, kVhdxFileParameters)) {
      TOBARI_ASSIGN(const auto item, metadata_item(file, region, entry, 8));
      found.block = little_endian<std::uint32_t>(item, 0);
      found.flags |= little_endian<std::uint32_t>(item, 4);
    }
    if (is_guid(entry, 0, kVhdxDiskSize)) {
      TOBARI_ASSIGN(const auto item, metadata_item(file, region, entry, 8));
      found.size = little_endian<std::uint64_t>(item, 0);
    }
  }
  return found;
}

}  // namespace

std::uint32_t crc32c(std::span<const std::byte> bytes) noexcept {
  constexpr std::uint32_t kPolynomial = 0x82f63b78;
  std::uint32_t crc = ~0U;
  for (const std::byte each : bytes) {
    crc ^= std::to_integer<std::uint32_t>(each);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1U) ^ ((crc & 1U) != 0 ? kPolynomial : 0U);
  }
  return ~crc;
}

Result<DiskFacts> examine_vhdx(const SourceBytes& file) {
  TOBARI_ASSIGN(const auto head, file.read(0, kVhdxSignature.size()));
  if (!begins_with(head, kVhdxSignature)) return vhdx_error("not a vhdx file");
  TOBARI_ASSIGN(const auto header, current_header(file));
  if (little_endian<std::uint16_t>(header, 66) != 1) return vhdx_error("a vhdx version that is not known");
  const auto log = std::span(header).subspan(48, 16);
  if (!std::ranges::all_of(log, [](std::byte each) { return each == std::byte{0}; })) {
    return vhdx_error("the vhdx file was not closed: start its machine once and shut it down");
  }
  TOBARI_ASSIGN(const VhdxRegions regions, regions_of(file));
  TOBARI_ASSIGN(const VhdxParameters parameters, parameters_of(file, regions.metadata));
  if ((parameters.flags & kVhdxHasParent) != 0) {
    return vhdx_error("the disk stands on another file: merge it with its parent first");
  }
  if (parameters.block < kLeastVhdxBlock || parameters.block > kMostVhdxBlock ||
      (parameters.block & (parameters.block - 1)) != 0) {
    return vhdx_error("the vhdx file has an impossible block size");
  }
  TOBARI_ASSIGN(const std::uint64_t size, disk_size(parameters.size));
  if (regions.blocks.size / 8 < divided_up(size, parameters.block)) {
    return vhdx_error(std::format("the vhdx file claims {} bytes, and has tables for less", size));
  }
  return DiskFacts{size, ""};
}

}  // namespace tobari::vmhost
