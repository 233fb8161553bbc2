// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/ovf.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <map>
#include <optional>
#include <vector>

#include "core/clean_text.h"
#include "core/source_bytes.h"
#include "core/xml_reader.h"

namespace tobari::vmhost {
namespace {

constexpr std::size_t kMaxGuestText = 128;
constexpr std::uint32_t kCpuResource = 3;
constexpr std::uint32_t kMemoryResource = 4;
constexpr std::uint64_t kMostMemoryMib = 1U << 20U;

struct OvfFile {
  std::string name;
  bool packed = false;
};
struct OvfDisk {
  std::string file;
  std::string capacity;
  std::string unit;
  std::string format;
  std::string parent;
};
// One device's elements by their names.
using OvfItem = std::map<std::string, std::string>;

struct OvfText {
  std::map<std::string, OvfFile> files;
  std::vector<OvfDisk> disks;
  std::vector<OvfItem> items;
  std::string guest;
  std::size_t machines = 0;
  bool uefi = false;
};

std::unexpected<Error> ovf_error(std::string what) { return fail(Errc::kInvalidArgument, std::move(what)); }

std::optional<std::uint64_t> ovf_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || parsed.ec != std::errc() || parsed.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

// "byte * 2^20", "MegaBytes", nothing: how many times a byte. Nothing: it is not known.
std::optional<std::uint64_t> unit_of(std::string text, std::uint64_t otherwise) {
  std::erase_if(text, [](char c) { return c == ' '; });
  if (text.empty()) return otherwise;
  constexpr std::pair<std::string_view, unsigned> kUnits[] = {
      {"byte", 0},       {"bytes", 0}, {"KiloBytes", 10}, {"KB", 10},        {"MegaBytes", 20}, {"MB", 20},
      {"GigaBytes", 30}, {"GB", 30},   {"byte*2^10", 10}, {"byte*2^20", 20}, {"byte*2^30", 30}, {"byte*2^40", 40}};
  for (const auto& [word, bits] : kUnits) {
    if (text == word) return std::uint64_t{1} << bits;
  }
  return std::nullopt;
}

std::string format_of(std::string_view url) {
  for (const std::string_view known : {"vmdk", "vhdx", "vhd", "raw"}) {
    if (url.contains(known)) return std::string(known);
  }
  return {};
}

void note_element(OvfText& found, const XmlStep& step) {
  if (step.name == "File") {
    const std::string packing = step.attribute("compression");
    found.files[step.attribute("id")] = {
        step.attribute("href"), (!packing.empty() && packing != "identity") || !step.attribute("chunkSize").empty()};
  }
  if (step.name == "Disk" && !step.attribute("diskId").empty()) {
    found.disks.push_back({step.attribute("fileRef"), step.attribute("capacity"),
                           step.attribute("capacityAllocationUnits"), step.attribute("format"),
                           step.attribute("parentRef")});
  }
  if (step.name == "VirtualSystem") ++found.machines;
  if (step.name == "Item") found.items.emplace_back();
  if (step.name == "Config" && step.attribute("key") == "firmware") found.uefi = step.attribute("value") == "efi";
}

void note_text(OvfText& found, const std::vector<std::string>& path, const std::string& text) {
  const std::size_t depth = path.size();
  if (depth < 2) return;
  if (path[depth - 2] == "Item" && !found.items.empty()) found.items.back()[path[depth - 1]] += text;
  if (path[depth - 2] == "OperatingSystemSection" && path[depth - 1] == "Description" && found.guest.empty()) {
    found.guest = clean_text(text, kMaxGuestText);
  }
}

Result<OvfText> read_ovf(std::string_view xml) {
  OvfText found;
  std::vector<std::string> path;
  XmlReader reader(xml);
  for (;;) {
    TOBARI_ASSIGN(const auto step, reader.next());
    if (!step) break;
    if (step->kind == XmlStep::Kind::kBegin) {
      path.push_back(step->name);
      note_element(found, *step);
    } else if (step->kind == XmlStep::Kind::kEnd) {
      path.pop_back();
    } else {
      note_text(found, path, step->text);
    }
  }
  return found;
}

Result<void> note_disk(OvfMachine& machine, const OvfText& text) {
  if (text.disks.empty()) return ovf_error("the machine has no disk");
  if (text.disks.size() > 1) {
    return ovf_error(std::format("the machine has {} disks; only machines with one are taken", text.disks.size()));
  }
  const OvfDisk& disk = text.disks.front();
  if (!disk.parent.empty()) return ovf_error("the machine's disk stands on another one: export it whole");
  const auto file = text.files.find(disk.file);
  if (file == text.files.end() || file->second.name.empty()) return ovf_error("the machine's disk has no file");
  if (file->second.packed) return ovf_error("the machine's disk is packed or split: export it in one plain file");
  machine.disk_file = file->second.name;
  machine.format = format_of(disk.format);
  if (disk.capacity.empty()) return {};
  const auto capacity = ovf_number(disk.capacity);
  const auto unit = unit_of(disk.unit, 1);
  if (!capacity || !unit || *capacity > kMaxVirtualBytes / *unit) {
    return ovf_error("the machine's disk has a size that is not understood");
  }
  machine.disk_bytes = *capacity * *unit;
  return {};
}

void note_hardware(OvfMachine& machine, const OvfText& text) {
  constexpr std::uint64_t kMebibyte = 1U << 20U;
  for (const OvfItem& item : text.items) {
    const auto get = [&item](const char* key) {
      const auto at = item.find(key);
      return at == item.end() ? std::string() : at->second;
    };
    const auto type = ovf_number(get("ResourceType"));
    const auto quantity = ovf_number(get("VirtualQuantity"));
    if (!type || !quantity || *quantity == 0) continue;
    if (*type == kCpuResource) machine.vcpus = static_cast<std::uint32_t>(std::min<std::uint64_t>(*quantity, 1024));
    const auto unit = unit_of(get("AllocationUnits"), kMebibyte);
    if (*type != kMemoryResource || !unit || *quantity > (kMostMemoryMib * kMebibyte) / *unit) continue;
    machine.memory_mib = static_cast<std::uint32_t>(*quantity * *unit / kMebibyte);
  }
}

}  // namespace

Result<OvfMachine> parse_ovf(std::string_view xml) {
  TOBARI_ASSIGN(const OvfText text, read_ovf(xml));
  if (text.machines != 1) {
    return ovf_error(std::format("the description has {} machines; one is needed", text.machines));
  }
  OvfMachine machine;
  machine.guest = text.guest;
  machine.uefi = text.uefi;
  TOBARI_TRY(note_disk(machine, text));
  note_hardware(machine, text);
  return machine;
}

}  // namespace tobari::vmhost
