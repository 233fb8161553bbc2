// SPDX-License-Identifier: GPL-3.0-or-later
#include "rest/image_bodies.h"

#include <algorithm>
#include <array>
#include <format>

#include "core/names.h"
#include "http/json_body.h"

namespace tobari::broker {
namespace {

constexpr std::size_t kMaxFileBytes = 255;
constexpr std::size_t kMaxImageWordBytes = 32;
constexpr std::size_t kMaxNotesBytes = 2048;
constexpr std::uint32_t kMaxLeastMemoryMib = 1'048'576;
constexpr std::uint32_t kMaxDiskGib = 16 * 1024;
constexpr std::array<std::string_view, 9> kFormats{"raw",  "qcow2", "vmdk", "vdi",   "vhd",
                                                   "vhdx", "ova",   "iso",  "tobari"};
constexpr std::array<std::string_view, 2> kFirmwares{"bios", "uefi"};
constexpr std::array<std::string_view, 2> kDeviceModels{"paravirtualized", "full"};

template <std::size_t N>
Result<std::string> one_of(std::string value, const char* member, const std::array<std::string_view, N>& words) {
  if (std::ranges::contains(words, value)) return value;
  std::string known;
  for (const std::string_view word : words) known += (known.empty() ? "" : ", ") + std::string(word);
  return fail(Errc::kInvalidArgument, std::format("{} must be one of: {}", member, known));
}

template <std::size_t N>
Result<std::string> optionally_one_of(JsonBody& body, const char* member,
                                      const std::array<std::string_view, N>& words) {
  TOBARI_ASSIGN(auto value, body.optional_text(member, kMaxImageWordBytes));
  if (!value.has_value()) return std::string();
  return one_of(*std::move(value), member, words);
}

bool is_plain_file(std::string_view name) {
  return !name.empty() && name.front() != '.' && std::ranges::all_of(name, [](char c) {
    return static_cast<unsigned char>(c) >= 0x20 && c != '/' && c != '\x7f';
  });
}

}  // namespace

Result<NewImageVersionBody> parse_new_image_version(std::string_view text) {
  TOBARI_ASSIGN(JsonBody body, JsonBody::parse(text));
  NewImageVersionBody parsed;
  TOBARI_ASSIGN(parsed.host, body.text("host", kMaxImageWordBytes * 2));
  if (!is_node_name(parsed.host)) return fail(Errc::kInvalidArgument, "host must be the name of a host");
  TOBARI_ASSIGN(parsed.order.file, body.text("file", kMaxFileBytes));
  if (!is_plain_file(parsed.order.file)) {
    return fail(Errc::kInvalidArgument, "file must be the name of a file in the host's imports_dir, without folders");
  }
  TOBARI_ASSIGN(std::string format, body.text("format", kMaxImageWordBytes));
  TOBARI_ASSIGN(parsed.order.format, one_of(std::move(format), "format", kFormats));
  TOBARI_ASSIGN(parsed.order.firmware, optionally_one_of(body, "firmware", kFirmwares));
  TOBARI_ASSIGN(parsed.order.devices, optionally_one_of(body, "devices", kDeviceModels));
  TOBARI_ASSIGN(const auto agent, body.optional_flag("agent"));
  TOBARI_ASSIGN(const auto drivers, body.optional_flag("drivers"));
  parsed.order.agent = agent.value_or(false);
  parsed.order.drivers = drivers.value_or(false);
  TOBARI_ASSIGN(parsed.order.min_memory_mib, body.number("min_memory_mib", 0, kMaxLeastMemoryMib, 0));
  TOBARI_ASSIGN(parsed.order.disk_gib, body.number("disk_gib", 0, kMaxDiskGib, 0));
  TOBARI_ASSIGN(const auto notes, body.optional_text("notes", kMaxNotesBytes));
  parsed.notes = notes.value_or("");
  TOBARI_TRY(body.finish());
  if ((parsed.order.format == "iso") != (parsed.order.disk_gib != 0)) {
    return fail(Errc::kInvalidArgument,
                "disk_gib is the size of the empty disk beside an iso: needed there, and only there");
  }
  return parsed;
}

Result<PublishBody> parse_publish(std::string_view text) {
  if (text.empty()) return PublishBody{};
  TOBARI_ASSIGN(JsonBody body, JsonBody::parse(text));
  TOBARI_ASSIGN(const auto now, body.optional_flag("now"));
  TOBARI_TRY(body.finish());
  return PublishBody{now.value_or(false)};
}

Result<std::uint32_t> parse_image_version(std::string_view text) {
  // As it stands behind the name of an image.
  const auto ref = parse_image_ref(std::string("x@").append(text.substr(0, kMaxImageRefBytes)));
  if (ref.has_value() && ref->version != 0) return ref->version;
  return fail(Errc::kNotFound, "there is no such version");
}

}  // namespace tobari::broker
