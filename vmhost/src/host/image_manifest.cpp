// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/image_manifest.h"

#include <algorithm>
#include <format>

#include <nlohmann/json.hpp>

namespace tobari::vmhost {
namespace {

using Json = nlohmann::json;

bool is_sha256(std::string_view text) {
  return text.size() == 64 &&
         std::ranges::all_of(text, [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

Result<std::string> text_of(const Json& object, const char* key, bool required) {
  const auto found = object.find(key);
  if (found == object.end()) {
    if (!required) return std::string();
    return fail(Errc::kInvalidArgument, std::format("manifest without \"{}\"", key));
  }
  if (!found->is_string()) return fail(Errc::kInvalidArgument, std::format("manifest: \"{}\" is no text", key));
  return found->get<std::string>();
}

Result<std::string> file_of(const Json& object, const char* key, bool required, const ImageManifest& manifest) {
  TOBARI_ASSIGN(std::string name, text_of(object, key, required));
  if (name.empty() && !required) return name;
  if (!is_image_name(name))
    return fail(Errc::kInvalidArgument, std::format("manifest: \"{}\" is no plain file name", key));
  if (!manifest.sha256.contains(name)) {
    return fail(Errc::kInvalidArgument, std::format("manifest without the digest of {}", name));
  }
  return name;
}

Result<MachineKind> machine_kind_of(const Json& object) {
  TOBARI_ASSIGN(const std::string word, text_of(object, "machine", false));
  if (word.empty() || word == "vm") return MachineKind::kVm;
  if (word == "container") return MachineKind::kContainer;
  return fail(Errc::kInvalidArgument, "manifest: \"machine\" is neither vm nor container");
}

}  // namespace

bool is_image_name(std::string_view name) noexcept {
  return !name.empty() && name.size() <= 64 && name.front() != '.' && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
           c == '-';
  });
}

Result<ImageManifest> parse_manifest(std::string_view json) {
  const Json root = Json::parse(json, nullptr, /*allow_exceptions=*/false);
  if (!root.is_object()) return fail(Errc::kInvalidArgument, "manifest is not a JSON object");
  ImageManifest manifest;
  const auto digests = root.find("sha256");
  if (digests == root.end() || !digests->is_object()) {
    return fail(Errc::kInvalidArgument, "manifest without \"sha256\"");
  }
  for (const auto& [name, digest] : digests->items()) {
    if (!digest.is_string() || !is_sha256(digest.get<std::string>())) {
      return fail(Errc::kInvalidArgument, "manifest: a digest is not 64 hex digits");
    }
    manifest.sha256[name] = digest.get<std::string>();
  }
  TOBARI_ASSIGN(manifest.machine, machine_kind_of(root));
  const bool container = manifest.machine == MachineKind::kContainer;
  TOBARI_ASSIGN(manifest.kernel, file_of(root, "kernel", !container, manifest));
  TOBARI_ASSIGN(manifest.initrd, file_of(root, "initrd", false, manifest));
  TOBARI_ASSIGN(manifest.disk, file_of(root, "disk", !container, manifest));
  TOBARI_ASSIGN(manifest.root, file_of(root, "root", container, manifest));
  TOBARI_ASSIGN(manifest.cmdline, text_of(root, "cmdline", false));
  TOBARI_ASSIGN(manifest.agent_channel, text_of(root, "agent_channel", false));
  TOBARI_ASSIGN(manifest.clipboard_channel, text_of(root, "clipboard_channel", false));
  if (const auto clones = root.find("instant_clones"); clones != root.end()) {
    if (!clones->is_boolean())
      return fail(Errc::kInvalidArgument, "manifest: \"instant_clones\" is neither true nor false");
    manifest.instant_clones = clones->get<bool>();
  }
  if (const auto memory = root.find("min_memory_mib"); memory != root.end()) {
    if (!memory->is_number_unsigned() || memory->get<std::uint64_t>() > 1'048'576) {
      return fail(Errc::kInvalidArgument, "manifest: \"min_memory_mib\" is no sensible number");
    }
    manifest.min_memory_mib = memory->get<std::uint32_t>();
  }
  return manifest;
}

}  // namespace tobari::vmhost
