// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/zones.h>

#include <algorithm>
#include <cstddef>
#include <fstream>
#include <utility>

#include "tzif.h"

namespace tobari::policy {
namespace {

constexpr const char* kFolder = "/usr/share/zoneinfo/";
constexpr std::size_t kMaxName = 64;
constexpr std::size_t kMaxFile = std::size_t{64} << 10;  // the largest has 4 KiB

// No dots: a name does not lead out of the folder.
bool is_zone_name(const std::string& name) {
  const auto good = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '+' ||
           c == '-' || c == '/';
  };
  return !name.empty() && name.size() <= kMaxName && name.front() != '/' && std::ranges::all_of(name, good);
}

}  // namespace

std::shared_ptr<const TimeZone> find_zone(const std::string& name) {
  if (!is_zone_name(name)) return nullptr;
  std::ifstream stream(kFolder + name, std::ios::binary);
  if (!stream) return nullptr;
  std::string bytes(kMaxFile, '\0');
  stream.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  bytes.resize(static_cast<std::size_t>(stream.gcount()));
  auto offsets = parse_tzif(bytes);
  if (!offsets) return nullptr;
  auto zone = std::make_shared<TimeZone>();
  zone->name = name;
  zone->offsets = *std::move(offsets);
  return zone;
}

}  // namespace tobari::policy
