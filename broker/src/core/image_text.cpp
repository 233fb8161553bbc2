// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/image_text.h"

#include <nlohmann/json.hpp>

namespace tobari::broker {
namespace {

using ImageJson = nlohmann::ordered_json;

std::string written(const ImageJson& object) {
  return object.dump(-1, ' ', false, ImageJson::error_handler_t::replace);
}

Result<ImageJson> read_back(std::string_view text) {
  ImageJson object = ImageJson::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!object.is_object()) return fail(Errc::kInternal, "what is stored of an image is damaged");
  return object;
}

// Whatever is of another kind counts as not there.
void take(const ImageJson& object, const char* key, std::string& into) {
  if (const auto at = object.find(key); at != object.end() && at->is_string()) into = at->get<std::string>();
}
void take(const ImageJson& object, const char* key, bool& into) {
  if (const auto at = object.find(key); at != object.end() && at->is_boolean()) into = at->get<bool>();
}
void take(const ImageJson& object, const char* key, std::uint32_t& into) {
  if (const auto at = object.find(key); at != object.end() && at->is_number_unsigned()) into = at->get<std::uint32_t>();
}
void take(const ImageJson& object, const char* key, std::uint64_t& into) {
  if (const auto at = object.find(key); at != object.end() && at->is_number_unsigned()) into = at->get<std::uint64_t>();
}

}  // namespace

std::string to_text(const ImageOrder& order) {
  ImageJson object{{"file", order.file}, {"format", order.format}};
  if (!order.firmware.empty()) object["firmware"] = order.firmware;
  if (!order.devices.empty()) object["devices"] = order.devices;
  if (order.agent) object["agent"] = true;
  if (order.drivers) object["drivers"] = true;
  if (order.min_memory_mib != 0) object["min_memory_mib"] = order.min_memory_mib;
  if (order.disk_gib != 0) object["disk_gib"] = order.disk_gib;
  return written(object);
}

std::string to_text(const ImageFacts& facts) {
  ImageJson object = ImageJson::object();
  if (!facts.format.empty()) object["format"] = facts.format;
  if (!facts.firmware.empty()) object["firmware"] = facts.firmware;
  if (!facts.devices.empty()) object["devices"] = facts.devices;
  if (!facts.guest.empty()) object["guest"] = facts.guest;
  if (facts.agent) object["agent"] = true;
  if (facts.instant_clones) object["instant_clones"] = true;
  if (facts.virtual_bytes != 0) object["virtual_bytes"] = facts.virtual_bytes;
  if (facts.stored_bytes != 0) object["stored_bytes"] = facts.stored_bytes;
  return written(object);
}

Result<ImageOrder> parse_image_order(std::string_view text) {
  TOBARI_ASSIGN(const ImageJson object, read_back(text));
  ImageOrder order;
  take(object, "file", order.file);
  take(object, "format", order.format);
  take(object, "firmware", order.firmware);
  take(object, "devices", order.devices);
  take(object, "agent", order.agent);
  take(object, "drivers", order.drivers);
  take(object, "min_memory_mib", order.min_memory_mib);
  take(object, "disk_gib", order.disk_gib);
  return order;
}

Result<ImageFacts> parse_image_facts(std::string_view text) {
  TOBARI_ASSIGN(const ImageJson object, read_back(text));
  ImageFacts facts;
  take(object, "format", facts.format);
  take(object, "firmware", facts.firmware);
  take(object, "devices", facts.devices);
  take(object, "guest", facts.guest);
  take(object, "agent", facts.agent);
  take(object, "instant_clones", facts.instant_clones);
  take(object, "virtual_bytes", facts.virtual_bytes);
  take(object, "stored_bytes", facts.stored_bytes);
  return facts;
}

}  // namespace tobari::broker
