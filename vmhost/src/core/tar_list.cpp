// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/tar_list.h"

#include <algorithm>
#include <optional>
#include <span>

namespace tobari::vmhost {
namespace {

constexpr std::size_t kTarBlock = 512;
constexpr std::size_t kTarChecksumAt = 148;
constexpr std::size_t kTarChecksumSize = 8;

std::unexpected<Error> tar_error(const char* what) { return fail(Errc::kInvalidArgument, what); }

std::string tar_text(std::span<const std::byte> block, std::size_t at, std::size_t size) {
  std::string text = text_of_bytes(block.subspan(at, size));
  return text.substr(0, text.find('\0'));
}

// Octal digits, or GNU's base 256 behind a set bit.
std::optional<std::uint64_t> tar_number(std::span<const std::byte> block, std::size_t at, std::size_t size) {
  const auto field = block.subspan(at, size);
  if ((std::to_integer<unsigned>(field[0]) & 0x80U) != 0) {
    std::uint64_t value = std::to_integer<unsigned>(field[0]) & 0x7fU;
    for (const std::byte each : field.subspan(1)) {
      if (value > (~std::uint64_t{0} >> 9U)) return std::nullopt;
      value = (value << 8U) | std::to_integer<std::uint64_t>(each);
    }
    return value;
  }
  std::uint64_t value = 0;
  bool any = false;
  for (const std::byte each : field) {
    const char c = std::to_integer<char>(each);
    if (c == ' ' && !any) continue;
    if (c == ' ' || c == '\0') break;
    if (c < '0' || c > '7' || value > (~std::uint64_t{0} >> 4U)) return std::nullopt;
    value = value * 8 + static_cast<std::uint64_t>(c - '0');
    any = true;
  }
  if (!any) return std::nullopt;
  return value;
}

bool checksum_holds(std::span<const std::byte> block) {
  const auto stated = tar_number(block, kTarChecksumAt, kTarChecksumSize);
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < block.size(); ++i) {
    const bool own = i >= kTarChecksumAt && i < kTarChecksumAt + kTarChecksumSize;
    sum += own ? std::uint64_t{' '} : std::to_integer<std::uint64_t>(block[i]);
  }
  return stated == sum;
}

}  // namespace

Result<std::vector<TarMember>> list_tar(const SourceBytes& file) {
  std::vector<TarMember> found;
  std::uint64_t at = 0;
  for (std::size_t headers = 0; file.holds(at, kTarBlock); ++headers) {
    if (headers >= kMaxTarMembers) return tar_error("the archive has more than 64 members");
    TOBARI_ASSIGN(const auto block, file.read(at, kTarBlock));
    if (std::ranges::all_of(block, [](std::byte each) { return each == std::byte{0}; })) return found;
    if (!checksum_holds(block)) {
      return tar_error(headers == 0 ? "not an ova file: it is no tar archive" : "the archive is damaged");
    }
    const auto size = tar_number(block, 124, 12);
    if (!size) return tar_error("the archive is damaged: a member without a size");
    const char type = std::to_integer<char>(block[156]);
    at += kTarBlock;
    if (!file.holds(at, *size)) return cut_short();
    // Names and sizes in further records could say something else than what is read here.
    if (type == 'x' || type == 'L' || type == 'K') {
      return tar_error("the archive has extended headers: pack it again with tar --format=ustar");
    }
    if (type == '0' || type == '\0') {
      const std::string prefix = begins_with(std::span(block).subspan(257), "ustar") ? tar_text(block, 345, 155) : "";
      const std::string name = tar_text(block, 0, 100);
      found.push_back({prefix.empty() || block[263] == std::byte{' '} ? name : prefix + "/" + name, at, *size});
    }
    at += divided_up(*size, kTarBlock) * kTarBlock;
  }
  // Some leave the two empty blocks out.
  if (found.empty()) return tar_error("not an ova file: it is no tar archive");
  return found;
}

}  // namespace tobari::vmhost
