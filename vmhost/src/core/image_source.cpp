// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image_source.h"

#include <algorithm>
#include <array>
#include <format>
#include <span>
#include <utility>
#include <vector>

#include "core/ovf.h"
#include "core/qcow2_header.h"
#include "core/tar_list.h"
#include "core/vdi_header.h"
#include "core/vhd_header.h"
#include "core/vmdk_header.h"
#include "core/xml_reader.h"

namespace tobari::vmhost {
namespace {

constexpr std::array<std::pair<SourceFormat, std::string_view>, 9> kFormats{{{SourceFormat::kRaw, "raw"},
                                                                             {SourceFormat::kQcow2, "qcow2"},
                                                                             {SourceFormat::kVmdk, "vmdk"},
                                                                             {SourceFormat::kVdi, "vdi"},
                                                                             {SourceFormat::kVhd, "vhd"},
                                                                             {SourceFormat::kVhdx, "vhdx"},
                                                                             {SourceFormat::kOva, "ova"},
                                                                             {SourceFormat::kIso, "iso"},
                                                                             {SourceFormat::kTobari, "tobari"}}};

constexpr std::uint64_t kIsoVolumeAt = 32768;
constexpr std::size_t kIsoBlock = 2048;
constexpr std::size_t kMostIsoDescriptors = 32;
constexpr std::size_t kMaxOvaManifest = std::size_t{64} * 1024;

std::unexpected<Error> source_error(std::string message) { return fail(Errc::kInvalidArgument, std::move(message)); }

bool has_at(const SourceBytes& file, std::uint64_t at, std::string_view text) {
  const auto bytes = file.read(at, text.size());
  return bytes.has_value() && begins_with(*bytes, text);
}

// The smallest thing that every disk with a system on it has: a table of its partitions.
Result<DiskFacts> examine_raw(const SourceBytes& file) {
  TOBARI_ASSIGN(const std::uint64_t size, disk_size(file.size()));
  const bool mbr = has_at(file, 510, "\x55\xaa");
  const bool gpt = has_at(file, 512, "EFI PART") || has_at(file, 4096, "EFI PART");
  if (!mbr && !gpt) return source_error("this is no image of a disk: it has no partition table and no boot sector");
  return DiskFacts{size, gpt ? "GPT" : "MBR"};
}

// ECMA-119, and El Torito for what boots.
Result<DiskFacts> examine_iso(const SourceBytes& file) {
  if (!has_at(file, kIsoVolumeAt + 1, "CD001")) return source_error("not an iso file");
  bool boots = false;
  std::uint64_t stated = 0;
  for (std::size_t i = 0; i < kMostIsoDescriptors; ++i) {
    const auto bytes = file.read(kIsoVolumeAt + i * kIsoBlock, kIsoBlock);
    if (!bytes || !begins_with(std::span(*bytes).subspan(1), "CD001")) break;
    const auto type = std::to_integer<unsigned>((*bytes)[0]);
    if (type == 0) boots = boots || begins_with(std::span(*bytes).subspan(7), "EL TORITO SPECIFICATION");
    if (type == 1 && stated == 0) {
      stated = std::uint64_t{little_endian<std::uint32_t>(*bytes, 80)} * little_endian<std::uint16_t>(*bytes, 128);
    }
    if (type == 255) break;
  }
  if (stated == 0) return source_error("the iso file has no volume");
  if (stated > file.size()) return cut_short();
  if (!boots) return source_error("the iso file cannot be booted from: it is no medium to install a system from");
  TOBARI_ASSIGN(const std::uint64_t size, disk_size(file.size()));
  return DiskFacts{size, ""};
}

Result<DiskFacts> examine_disk(const SourceBytes& file, SourceFormat format) {
  switch (format) {
    case SourceFormat::kRaw:
      return examine_raw(file);
    case SourceFormat::kQcow2:
      return examine_qcow2(file);
    case SourceFormat::kVmdk:
      return examine_vmdk(file);
    case SourceFormat::kVdi:
      return examine_vdi(file);
    case SourceFormat::kVhd:
      return examine_vhd(file);
    case SourceFormat::kVhdx:
      return examine_vhdx(file);
    case SourceFormat::kIso:
      return examine_iso(file);
    case SourceFormat::kOva:
    case SourceFormat::kTobari:
      break;
  }
  return source_error("this is no disk");
}

Result<std::string> member_text(const SourceBytes& file, const TarMember& member, std::size_t most) {
  if (member.size > most) return source_error(std::format("{} in the ova file is too large", member.name));
  TOBARI_ASSIGN(const auto bytes, file.read(member.at, static_cast<std::size_t>(member.size)));
  return text_of_bytes(bytes);
}

// "SHA256(disk.vmdk)= <64 digits>", a line each. Other kinds of digests are not looked at.
std::string stated_sha256(std::string_view manifest, std::string_view name) {
  const std::string begin = std::format("SHA256({})", name);
  while (!manifest.empty()) {
    const std::size_t end = std::min(manifest.find('\n'), manifest.size());
    std::string line(manifest.substr(0, end));
    manifest.remove_prefix(std::min(end + 1, manifest.size()));
    std::erase_if(line, [](char c) { return c == ' ' || c == '\r'; });
    if (!line.starts_with(begin + "=")) continue;
    std::string digest = line.substr(begin.size() + 1);
    std::ranges::transform(digest, digest.begin(),
                           [](char c) { return c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c; });
    return digest;
  }
  return {};
}

const TarMember* member_named(const std::vector<TarMember>& members, std::string_view name) {
  const auto found = std::ranges::find(members, name, &TarMember::name);
  return found == members.end() ? nullptr : &*found;
}

const TarMember* member_ending(const std::vector<TarMember>& members, std::string_view ending) {
  const auto found =
      std::ranges::find_if(members, [ending](const TarMember& each) { return each.name.ends_with(ending); });
  return found == members.end() ? nullptr : &*found;
}

Result<ImageSource> examine_ova(const SourceBytes& file) {
  TOBARI_ASSIGN(const auto members, list_tar(file));
  const TarMember* const description = member_ending(members, ".ovf");
  if (description == nullptr) return source_error("the ova file has no description (.ovf)");
  TOBARI_ASSIGN(const std::string xml, member_text(file, *description, kMaxXmlBytes));
  auto machine = parse_ovf(xml);
  if (!machine) return context(std::move(machine).error(), description->name);
  const TarMember* const disk = member_named(members, machine->disk_file);
  if (disk == nullptr) {
    return source_error(std::format("the ova file does not have the disk that it names ({})", machine->disk_file));
  }
  const PartOfSource part(file, disk->at, disk->size);
  auto format = parse_source_format(machine->format);
  if (!format) format = recognised_format(part).value_or(SourceFormat::kRaw);
  auto facts = examine_disk(part, *format);
  if (!facts) return context(std::move(facts).error(), disk->name);
  if (machine->disk_bytes != 0 && machine->disk_bytes != facts->virtual_bytes) {
    return source_error(std::format("the ova file contradicts itself: a disk of {} bytes, which says that it has {}",
                                    machine->disk_bytes, facts->virtual_bytes));
  }
  ImageSource source{.format = *format,
                     .variant = facts->variant,
                     .virtual_bytes = facts->virtual_bytes,
                     .at = disk->at,
                     .bytes = disk->size};
  if (const TarMember* const sums = member_ending(members, ".mf"); sums != nullptr) {
    TOBARI_ASSIGN(const std::string text, member_text(file, *sums, kMaxOvaManifest));
    source.sha256 = stated_sha256(text, disk->name);
  }
  source.guest = machine->guest;
  source.memory_mib = machine->memory_mib;
  source.uefi = machine->uefi;
  return source;
}

}  // namespace

std::string_view to_string(SourceFormat format) noexcept {
  for (const auto& [key, word] : kFormats) {
    if (key == format) return word;
  }
  return "unknown";
}

Result<SourceFormat> parse_source_format(std::string_view text) {
  std::string known;
  for (const auto& [key, word] : kFormats) {
    if (word == text) return key;
    known += known.empty() ? "" : ", ";
    known += word;
  }
  return fail(Errc::kInvalidArgument, "the format must be one of: " + known);
}

std::optional<SourceFormat> recognised_format(const SourceBytes& file) {
  if (has_at(file, 0, "QFI\xfb")) return SourceFormat::kQcow2;
  if (has_at(file, 0, "KDMV") || has_at(file, 0, "COWD") || has_at(file, 0, "# Disk DescriptorFile")) {
    return SourceFormat::kVmdk;
  }
  if (has_at(file, 0, "vhdxfile")) return SourceFormat::kVhdx;
  if (has_at(file, 0x40, "\x7f\x10\xda\xbe")) return SourceFormat::kVdi;
  if (has_at(file, 0, "conectix")) return SourceFormat::kVhd;
  if (file.size() >= 512 && has_at(file, file.size() - 512, "conectix")) return SourceFormat::kVhd;
  if (has_at(file, 257, "ustar")) return SourceFormat::kOva;
  if (has_at(file, kIsoVolumeAt + 1, "CD001")) return SourceFormat::kIso;
  return std::nullopt;
}

Result<ImageSource> examine_source(const SourceBytes& file, SourceFormat format) {
  if (file.size() == 0) return source_error("the file is empty");
  const auto recognised = recognised_format(file);
  if (recognised && *recognised != format) {
    return source_error(std::format("this is a file of the format {0}, not {1}: import it as {0}",
                                    to_string(*recognised), to_string(format)));
  }
  if (format == SourceFormat::kOva) return examine_ova(file);
  TOBARI_ASSIGN(DiskFacts facts, examine_disk(file, format));
  return ImageSource{.format = format,
                     .variant = std::move(facts.variant),
                     .virtual_bytes = facts.virtual_bytes,
                     .at = 0,
                     .bytes = file.size()};
}

}  // namespace tobari::vmhost
