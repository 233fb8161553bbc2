// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/vdi_header.h"

#include <algorithm>
#include <format>
#include <string>
#include <vector>

namespace tobari::vmhost {
namespace {

constexpr std::size_t kVdiHeaderBytes = 512;
constexpr std::uint32_t kVdiSignature = 0xbeda107f;
constexpr std::uint32_t kVdiVersion = 0x00010001;
constexpr std::uint32_t kVdiDynamic = 1;
constexpr std::uint32_t kVdiFixed = 2;
constexpr std::uint32_t kMostVdiBlock = 64U << 20U;

std::unexpected<Error> vdi_error(std::string message) { return fail(Errc::kInvalidArgument, std::move(message)); }

}  // namespace

Result<DiskFacts> examine_vdi(const SourceBytes& file) {
  if (file.size() < kVdiHeaderBytes) return vdi_error("not a vdi file");
  TOBARI_ASSIGN(const auto head, file.read(0, kVdiHeaderBytes));
  if (little_endian<std::uint32_t>(head, 0x40) != kVdiSignature) return vdi_error("not a vdi file");
  if (little_endian<std::uint32_t>(head, 0x44) != kVdiVersion) return vdi_error("a vdi version that is not known");
  const auto type = little_endian<std::uint32_t>(head, 0x4c);
  const auto relatives = std::span(head).subspan(0x1a8, 32);  // of the link and of the parent
  const bool alone = std::ranges::all_of(relatives, [](std::byte each) { return each == std::byte{0}; });
  if ((type != kVdiDynamic && type != kVdiFixed) || !alone) {
    return vdi_error("the disk stands on another file: merge its snapshots first");
  }
  const auto table_at = little_endian<std::uint32_t>(head, 0x154);
  const auto data_at = little_endian<std::uint32_t>(head, 0x158);
  const auto block = little_endian<std::uint32_t>(head, 0x178);
  const auto blocks = little_endian<std::uint32_t>(head, 0x180);
  const auto allocated = little_endian<std::uint32_t>(head, 0x184);
  TOBARI_ASSIGN(const std::uint64_t size, disk_size(little_endian<std::uint64_t>(head, 0x170)));
  if (block == 0 || block > kMostVdiBlock || (block & (block - 1)) != 0) {
    return vdi_error("the vdi file has an impossible block size");
  }
  if (std::uint64_t{blocks} * block < size) {
    return vdi_error(std::format("the vdi file claims {} bytes, and has tables for less", size));
  }
  if (allocated > blocks || std::uint64_t{table_at} + std::uint64_t{blocks} * 4 > data_at) {
    return vdi_error("the vdi file's tables contradict each other");
  }
  if (!file.holds(data_at, std::uint64_t{allocated} * block)) return cut_short();
  return DiskFacts{size, type == kVdiFixed ? "fixed" : "dynamic"};
}

}  // namespace tobari::vmhost
