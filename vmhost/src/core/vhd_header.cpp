// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/vhd_header.h"

#include <format>
#include <string>
#include <vector>

namespace tobari::vmhost {
namespace {

constexpr std::size_t kVhdFooterBytes = 512;
constexpr std::size_t kVhdDynamicBytes = 1024;
constexpr std::string_view kVhdCookie = "conectix";
constexpr std::string_view kVhdSparseCookie = "cxsparse";
constexpr std::uint32_t kVhdFixed = 2;
constexpr std::uint32_t kVhdDynamic = 3;
constexpr std::uint32_t kVhdDifferencing = 4;
constexpr std::uint32_t kLeastVhdBlock = 512;
constexpr std::uint32_t kMostVhdBlock = 256U << 20U;

std::unexpected<Error> vhd_error(std::string message) { return fail(Errc::kInvalidArgument, std::move(message)); }

// The sum of all bytes but those of the checksum itself, turned round.
std::uint32_t vhd_checksum(std::span<const std::byte> bytes, std::size_t own_at) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    if (i < own_at || i >= own_at + 4) sum += std::to_integer<std::uint32_t>(bytes[i]);
  }
  return ~sum;
}

Result<void> check_dynamic(const SourceBytes& file, std::uint64_t at, std::uint64_t size) {
  const auto header = file.read(at, kVhdDynamicBytes);
  if (!header) return cut_short();
  if (!begins_with(*header, kVhdSparseCookie)) return vhd_error("the vhd file has no second header where it says");
  if (big_endian<std::uint32_t>(*header, 36) != vhd_checksum(*header, 36)) {
    return vhd_error("the vhd file's second header is damaged");
  }
  const auto table_at = big_endian<std::uint64_t>(*header, 16);
  const auto entries = big_endian<std::uint32_t>(*header, 28);
  const auto block = big_endian<std::uint32_t>(*header, 32);
  if (block < kLeastVhdBlock || block > kMostVhdBlock || (block & (block - 1)) != 0) {
    return vhd_error("the vhd file has an impossible block size");
  }
  if (entries < divided_up(size, block)) {
    return vhd_error(std::format("the vhd file claims {} bytes, and has tables for less", size));
  }
  return file.holds(table_at, std::uint64_t{entries} * 4) ? Result<void>{} : cut_short();
}

}  // namespace

Result<DiskFacts> examine_vhd(const SourceBytes& file) {
  if (file.size() < kVhdFooterBytes) return vhd_error("not a vhd file");
  TOBARI_ASSIGN(const auto footer, file.read(file.size() - kVhdFooterBytes, kVhdFooterBytes));
  if (!begins_with(footer, kVhdCookie)) {
    TOBARI_ASSIGN(const auto head, file.read(0, kVhdFooterBytes));
    return begins_with(head, kVhdCookie) ? cut_short() : vhd_error("not a vhd file");
  }
  if (big_endian<std::uint32_t>(footer, 64) != vhd_checksum(footer, 64)) return vhd_error("the vhd file is damaged");
  const auto type = big_endian<std::uint32_t>(footer, 60);
  if (type == kVhdDifferencing) return vhd_error("the disk stands on another file: merge it with its parent first");
  if (std::to_integer<unsigned>(footer[84]) != 0) {
    return vhd_error("the disk belongs to a machine that was saved while it ran: shut that down first");
  }
  TOBARI_ASSIGN(const std::uint64_t size, disk_size(big_endian<std::uint64_t>(footer, 48)));
  if (type == kVhdFixed) {
    if (size != file.size() - kVhdFooterBytes) {
      return vhd_error(std::format("the vhd file claims {} bytes and has {}", size, file.size() - kVhdFooterBytes));
    }
    return DiskFacts{size, "fixed"};
  }
  if (type != kVhdDynamic) return vhd_error("a kind of vhd that is not known");
  TOBARI_TRY(check_dynamic(file, big_endian<std::uint64_t>(footer, 16), size));
  return DiskFacts{size, "dynamic"};
}

}  // namespace tobari::vmhost
