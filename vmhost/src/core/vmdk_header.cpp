// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/vmdk_header.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <format>
#include <string>
#include <vector>

namespace tobari::vmhost {
namespace {

constexpr std::uint64_t kVmdkSector = 512;
constexpr std::size_t kVmdkHeaderBytes = 512;
constexpr std::string_view kVmdkMagic = "KDMV";
constexpr std::string_view kOldMagic = "COWD";
constexpr std::string_view kDescriptorBegins = "# Disk DescriptorFile";
constexpr std::uint32_t kMostVmdkVersion = 3;
constexpr std::uint64_t kDirectoryAtEnd = ~std::uint64_t{0};
constexpr std::uint64_t kMostGranularity = std::uint64_t{1} << 20U;  // sectors
constexpr std::uint32_t kMostEntries = 512;
constexpr std::size_t kMostLines = 4096;

struct VmdkHeader {
  std::uint32_t version = 0;
  std::uint64_t capacity = 0;  // this and the next ones in sectors
  std::uint64_t granularity = 0;
  std::uint64_t descriptor_at = 0;
  std::uint64_t descriptor_size = 0;
  std::uint32_t entries = 0;  // of a grain table
  std::uint64_t directory_at = 0;
};

struct Extent {
  std::uint64_t sectors = 0;
  std::string type;
  std::string file;
};
struct Descriptor {
  std::string create_type;
  std::string parent_cid = "ffffffff";
  std::string parent_file;
  std::vector<Extent> extents;
};

std::unexpected<Error> vmdk_error(std::string message) { return fail(Errc::kInvalidArgument, std::move(message)); }

Result<VmdkHeader> vmdk_header_in(std::span<const std::byte> bytes) {
  if (!begins_with(bytes, kVmdkMagic)) return vmdk_error("not a vmdk file");
  VmdkHeader header{.version = little_endian<std::uint32_t>(bytes, 4),
                    .capacity = little_endian<std::uint64_t>(bytes, 12),
                    .granularity = little_endian<std::uint64_t>(bytes, 20),
                    .descriptor_at = little_endian<std::uint64_t>(bytes, 28),
                    .descriptor_size = little_endian<std::uint64_t>(bytes, 36),
                    .entries = little_endian<std::uint32_t>(bytes, 44),
                    .directory_at = little_endian<std::uint64_t>(bytes, 56)};
  if (header.version == 0 || header.version > kMostVmdkVersion) return vmdk_error("a vmdk version that is not known");
  if (header.capacity == 0 || header.capacity > kMaxVirtualBytes / kVmdkSector) {
    return vmdk_error("the vmdk file claims an impossible size");
  }
  if (header.granularity == 0 || header.granularity > kMostGranularity || header.entries == 0 ||
      header.entries > kMostEntries) {
    return vmdk_error("the vmdk file has impossible tables");
  }
  return header;
}

std::string_view trimmed_line(std::string_view line) {
  const auto blank = [](char c) { return c == ' ' || c == '\t' || c == '\r'; };
  while (!line.empty() && blank(line.front())) line.remove_prefix(1);
  while (!line.empty() && blank(line.back())) line.remove_suffix(1);
  return line;
}

std::string lower_case(std::string_view text) {
  std::string out;
  for (const char c : text) out += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return out;
}

std::string unquoted(std::string_view text) {
  text = trimmed_line(text);
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') text = text.substr(1, text.size() - 2);
  return std::string(text);
}

std::string_view take_word(std::string_view& line) {
  line = trimmed_line(line);
  const std::size_t end = std::min(line.find_first_of(" \t"), line.size());
  const std::string_view word = line.substr(0, end);
  line.remove_prefix(end);
  return word;
}

// RW 8192 SPARSE "disk.vmdk"
Result<Extent> extent_of(std::string_view line) {
  Extent extent;
  static_cast<void>(take_word(line));
  const std::string_view sectors = take_word(line);
  const auto parsed = std::from_chars(sectors.data(), sectors.data() + sectors.size(), extent.sectors);
  if (parsed.ec != std::errc() || parsed.ptr != sectors.data() + sectors.size()) {
    return vmdk_error("the vmdk file's descriptor has an extent without a size");
  }
  extent.type = std::string(take_word(line));
  line = trimmed_line(line);
  const std::size_t begin = line.find('"');
  const std::size_t end = begin == std::string_view::npos ? begin : line.find('"', begin + 1);
  if (end != std::string_view::npos) extent.file = std::string(line.substr(begin + 1, end - begin - 1));
  return extent;
}

Result<Descriptor> vmdk_descriptor_in(std::string_view text) {
  Descriptor found;
  std::size_t lines = 0;
  while (!text.empty()) {
    if (++lines > kMostLines) return vmdk_error("the vmdk file's descriptor does not end");
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = trimmed_line(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.empty() || line.front() == '#') continue;
    const std::string lowered = lower_case(line);
    if (lowered.starts_with("rw ") || lowered.starts_with("rdonly ") || lowered.starts_with("noaccess ")) {
      TOBARI_ASSIGN(Extent extent, extent_of(line));
      found.extents.push_back(std::move(extent));
      continue;
    }
    const std::size_t equals = line.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string key = lower_case(trimmed_line(line.substr(0, equals)));
    const std::string value = unquoted(line.substr(equals + 1));
    if (key == "createtype") found.create_type = value;
    if (key == "parentcid") found.parent_cid = lower_case(value);
    if (key == "parentfilenamehint") found.parent_file = value;
  }
  return found;
}

Result<void> check_descriptor(const Descriptor& descriptor, std::uint64_t capacity) {
  if (descriptor.parent_cid != "ffffffff" || !descriptor.parent_file.empty()) {
    return vmdk_error(std::format("the disk stands on another file{}: make it whole first",
                                  descriptor.parent_file.empty() ? "" : " (" + descriptor.parent_file + ")"));
  }
  const std::string type = lower_case(descriptor.create_type);
  if (type != "monolithicsparse" && type != "streamoptimized") {
    return vmdk_error(
        std::format("a vmdk of type \"{}\" keeps its data in other files: make it one file first, with "
                    "qemu-img convert -O vmdk, or import its flat file as raw",
                    descriptor.create_type.substr(0, 64)));
  }
  if (descriptor.extents.size() != 1 || lower_case(descriptor.extents[0].type) != "sparse") {
    return vmdk_error("the vmdk file names other files for its data: make it one file first");
  }
  if (descriptor.extents[0].sectors != capacity) {
    return vmdk_error(std::format("the vmdk file contradicts itself: {} sectors in its header, {} in its descriptor",
                                  capacity, descriptor.extents[0].sectors));
  }
  return {};
}

// Written as a stream: what could not be known at the beginning is in a second header, before the end marker.
Result<void> check_stream_end(const SourceBytes& file, const VmdkHeader& first) {
  constexpr std::uint64_t kFooterFromEnd = 2 * kVmdkSector;
  if (file.size() < kVmdkHeaderBytes + kFooterFromEnd) return cut_short();
  const auto bytes = file.read(file.size() - kFooterFromEnd, kVmdkHeaderBytes);
  if (!bytes) return std::unexpected(bytes.error());
  const auto footer = vmdk_header_in(*bytes);
  if (!footer) return cut_short();
  if (footer->capacity != first.capacity) return vmdk_error("the vmdk file's beginning and end state different sizes");
  return {};
}

Result<void> check_directory(const SourceBytes& file, const VmdkHeader& header) {
  if (header.directory_at == kDirectoryAtEnd) return check_stream_end(file, header);
  const std::uint64_t tables = divided_up(header.capacity, header.granularity * header.entries);
  if (header.directory_at > file.size() / kVmdkSector || !file.holds(header.directory_at * kVmdkSector, tables * 4)) {
    return cut_short();
  }
  return {};
}

}  // namespace

Result<DiskFacts> examine_vmdk(const SourceBytes& file) {
  const auto first = static_cast<std::size_t>(std::min<std::uint64_t>(file.size(), kVmdkHeaderBytes));
  TOBARI_ASSIGN(const auto head, file.read(0, first));
  if (begins_with(head, kDescriptorBegins)) {
    return vmdk_error(
        "this vmdk file is a description only, its data is in other files: make it one file first, with qemu-img "
        "convert -O vmdk, or import its flat file as raw");
  }
  if (first < kVmdkHeaderBytes) return vmdk_error("not a vmdk file");
  if (begins_with(head, kOldMagic)) return vmdk_error("a vmdk of an old ESX is not taken: convert it first");
  TOBARI_ASSIGN(const VmdkHeader header, vmdk_header_in(head));
  if (header.descriptor_at == 0 || header.descriptor_size == 0) {
    return vmdk_error("this vmdk file is a part of a disk in several files: make it one file first");
  }
  if (header.descriptor_size > kMaxVmdkDescriptorBytes / kVmdkSector ||
      header.descriptor_at > file.size() / kVmdkSector) {
    return vmdk_error("the vmdk file has no descriptor where it says");
  }
  TOBARI_ASSIGN(const auto bytes, file.read(header.descriptor_at * kVmdkSector,
                                            static_cast<std::size_t>(header.descriptor_size * kVmdkSector)));
  const std::string text = text_of_bytes(bytes);
  TOBARI_ASSIGN(const Descriptor descriptor, vmdk_descriptor_in(std::string_view(text).substr(0, text.find('\0'))));
  TOBARI_TRY(check_descriptor(descriptor, header.capacity));
  TOBARI_TRY(check_directory(file, header));
  TOBARI_ASSIGN(const std::uint64_t size, disk_size(header.capacity * kVmdkSector));
  return DiskFacts{size, descriptor.create_type};
}

}  // namespace tobari::vmhost
