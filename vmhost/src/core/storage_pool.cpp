// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/storage_pool.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <optional>
#include <span>

#include <tobari/base/random.h>

namespace tobari::vmhost {
namespace {

constexpr const char* kStorageForms =
    "must be 'dir /FOLDER', 'nfs SERVER:/FOLDER', 'lvm VOLUME-GROUP' or 'rbd POOL mon=HOST[:PORT],... [user=NAME "
    "secret=UUID]'";

std::unexpected<Error> storage_error(const char* what = kStorageForms) { return fail(Errc::kInvalidArgument, what); }

std::string xml_escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '\'') {
      out += "&apos;";
    } else {
      out += c;
    }
  }
  return out;
}

std::vector<std::string_view> words_of(std::string_view text, char between) {
  std::vector<std::string_view> words;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(between), text.size());
    if (end > 0) words.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return words;
}

// What libvirt, LVM and Ceph all take in a name.
bool is_storage_word(std::string_view text) {
  return !text.empty() && text.size() <= 128 && text.front() != '-' && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' ||
           c == '.' || c == '+';
  });
}

bool is_folder_name(std::string_view text) {
  return text.size() > 1 && text.front() == '/' && !text.contains("/../") && !text.ends_with("/..") &&
         std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) > ' ' && c != '\x7f'; });
}

std::optional<StorageMonitor> monitor_of(std::string_view text) {
  StorageMonitor monitor;
  const std::size_t colon = text.find(':');
  const std::string_view host = text.substr(0, colon);
  if (!is_storage_word(host)) return std::nullopt;
  monitor.host = std::string(host);
  if (colon == std::string_view::npos) return monitor;
  const std::string_view port = text.substr(colon + 1);
  const auto parsed = std::from_chars(port.data(), port.data() + port.size(), monitor.port);
  if (parsed.ec != std::errc() || parsed.ptr != port.data() + port.size() || monitor.port == 0) return std::nullopt;
  return monitor;
}

Result<StorageSpec> parse_nfs(std::string_view text) {
  const std::size_t colon = text.find(":/");
  if (colon == std::string_view::npos) return storage_error();
  StorageSpec spec{.kind = StorageKind::kNfs, .source = std::string(text.substr(colon + 1))};
  spec.server = std::string(text.substr(0, colon));
  if (!is_storage_word(spec.server) || !is_folder_name(spec.source)) return storage_error();
  return spec;
}

Result<StorageSpec> parse_rbd(const std::vector<std::string_view>& words) {
  StorageSpec spec{.kind = StorageKind::kRbd, .source = std::string(words[1])};
  if (!is_storage_word(spec.source)) return storage_error();
  for (const std::string_view word : std::span(words).subspan(2)) {
    const std::size_t equals = word.find('=');
    if (equals == std::string_view::npos) return storage_error();
    const std::string_view key = word.substr(0, equals);
    const std::string_view value = word.substr(equals + 1);
    if (key == "mon") {
      for (const std::string_view each : words_of(value, ',')) {
        const auto monitor = monitor_of(each);
        if (!monitor || spec.monitors.size() >= kMaxStorageMonitors) return storage_error();
        spec.monitors.push_back(*monitor);
      }
    } else if (key == "user" && is_storage_word(value)) {
      spec.user = std::string(value);
    } else if (key == "secret" && is_uuid(value)) {
      spec.secret = std::string(value);
    } else {
      return storage_error();
    }
  }
  if (spec.monitors.empty()) return storage_error("needs at least one monitor: rbd POOL mon=HOST[:PORT]");
  if (spec.user.empty() != spec.secret.empty()) {
    return storage_error("needs user and secret, or neither: virsh secret-define makes the secret");
  }
  return spec;
}

std::string host_xml(const StorageMonitor& monitor, std::string_view indent) {
  if (monitor.port == 0) return std::format("{}<host name='{}'/>\n", indent, xml_escaped(monitor.host));
  return std::format("{}<host name='{}' port='{}'/>\n", indent, xml_escaped(monitor.host), monitor.port);
}

std::string sign_in_xml(const StorageSpec& spec, std::string_view indent) {
  if (spec.user.empty()) return {};
  return std::format("{0}<auth type='ceph' username='{1}'>\n{0}  <secret uuid='{2}'/>\n{0}</auth>\n", indent,
                     xml_escaped(spec.user), spec.secret);
}

const char* pool_type(StorageKind kind) {
  switch (kind) {
    case StorageKind::kFolder:
      return "dir";
    case StorageKind::kNfs:
      return "netfs";
    case StorageKind::kLvm:
      return "logical";
    case StorageKind::kRbd:
      break;
  }
  return "rbd";
}

std::string source_xml(const StorageSpec& spec) {
  switch (spec.kind) {
    case StorageKind::kFolder:
      return {};
    case StorageKind::kNfs:
      return std::format(
          "  <source>\n    <host name='{}'/>\n    <dir path='{}'/>\n    <format type='nfs'/>\n  </source>\n",
          xml_escaped(spec.server), xml_escaped(spec.source));
    case StorageKind::kLvm:
      return std::format("  <source>\n    <name>{}</name>\n    <format type='lvm2'/>\n  </source>\n",
                         xml_escaped(spec.source));
    case StorageKind::kRbd:
      break;
  }
  std::string out = std::format("  <source>\n    <name>{}</name>\n", xml_escaped(spec.source));
  for (const StorageMonitor& each : spec.monitors) out += host_xml(each, "    ");
  if (!spec.user.empty()) {
    out += std::format("    <auth username='{}' type='ceph'>\n      <secret uuid='{}'/>\n    </auth>\n",
                       xml_escaped(spec.user), spec.secret);
  }
  return out + "  </source>\n";
}

std::string target_xml(std::string_view folder) {
  return std::format("  <target>\n    <path>{}</path>\n  </target>\n", xml_escaped(folder));
}

}  // namespace

Result<StorageSpec> parse_storage(std::string_view text) {
  if (text.size() > kMaxStorageText) return storage_error("is longer than 512 characters");
  const auto words = words_of(text, ' ');
  if (words.size() < 2) return storage_error();
  if (words[0] == "rbd") return parse_rbd(words);
  if (words.size() != 2) return storage_error();
  if (words[0] == "nfs") return parse_nfs(words[1]);
  if (words[0] == "dir" && is_folder_name(words[1])) {
    return StorageSpec{.kind = StorageKind::kFolder, .source = std::string(words[1])};
  }
  if (words[0] == "lvm" && is_storage_word(words[1])) {
    return StorageSpec{.kind = StorageKind::kLvm, .source = std::string(words[1])};
  }
  return storage_error();
}

std::string storage_name(std::string_view role) { return std::format("tobari-{}", role); }

std::string storage_pool_xml(std::string_view role, const StorageSpec& spec, std::string_view mounted_at) {
  std::string out = std::format("<pool type='{}'>\n  <name>{}</name>\n", pool_type(spec.kind), storage_name(role));
  out += source_xml(spec);
  if (spec.kind == StorageKind::kFolder) out += target_xml(spec.source);
  if (spec.kind == StorageKind::kNfs) out += target_xml(mounted_at);
  if (spec.kind == StorageKind::kLvm) out += target_xml("/dev/" + spec.source);
  return out + "</pool>\n";
}

std::string volume_xml(const StorageSpec& spec, const VolumeSpec& volume) {
  std::string out = std::format("<volume>\n  <name>{}</name>\n", xml_escaped(volume.name));
  // A logical volume of its own is as large as it says; what is written into it is a qcow2 all the same.
  const std::uint64_t allocated = spec.kind == StorageKind::kLvm ? volume.bytes : 0;
  out += std::format("  <capacity unit='bytes'>{}</capacity>\n  <allocation unit='bytes'>{}</allocation>\n",
                     volume.bytes, allocated);
  out += spec.has_files() ? "  <target>\n    <format type='qcow2'/>\n  </target>\n" : "  <target/>\n";
  if (spec.has_files() && !volume.base.empty()) {
    out += std::format("  <backingStore>\n    <path>{}</path>\n    <format type='qcow2'/>\n  </backingStore>\n",
                       xml_escaped(volume.base));
  }
  return out + "</volume>\n";
}

DiskSourceXml disk_source_xml(const StorageSpec& spec, std::string_view folder, std::string_view name,
                              std::string_view indent) {
  switch (spec.kind) {
    case StorageKind::kFolder:
    case StorageKind::kNfs:
      return {"file", std::format("{}<source file='{}/{}'/>\n", indent, xml_escaped(folder), xml_escaped(name))};
    case StorageKind::kLvm:
      return {"block",
              std::format("{}<source dev='/dev/{}/{}'/>\n", indent, xml_escaped(spec.source), xml_escaped(name))};
    case StorageKind::kRbd:
      break;
  }
  const std::string inner = std::string(indent) + "  ";
  std::string out =
      std::format("{}<source protocol='rbd' name='{}/{}'>\n", indent, xml_escaped(spec.source), xml_escaped(name));
  for (const StorageMonitor& each : spec.monitors) out += host_xml(each, inner);
  out += sign_in_xml(spec, inner);
  return {"network", out + std::format("{}</source>\n", indent)};
}

}  // namespace tobari::vmhost
