// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/placement.h"

#include <algorithm>
#include <format>

namespace tobari::broker {
namespace {

std::int64_t free_memory(const HostCapacity& host) {
  return static_cast<std::int64_t>(host.memory_mib) - static_cast<std::int64_t>(host.memory_promised_mib);
}

std::string known_images(std::span<const HostCapacity> hosts) {
  std::vector<std::string> all;
  for (const HostCapacity& host : hosts) all.insert(all.end(), host.images.begin(), host.images.end());
  std::ranges::sort(all);
  const auto [first, last] = std::ranges::unique(all);
  all.erase(first, last);
  std::string text;
  for (const std::string& image : all) text += (text.empty() ? "" : ", ") + image;
  return text.empty() ? "none" : text;
}

}  // namespace

Result<HostId> place(std::span<const HostCapacity> hosts, std::string_view image, std::string_view wanted_host) {
  const HostCapacity* best = nullptr;
  bool named = wanted_host.empty();
  for (const HostCapacity& host : hosts) {
    if (!wanted_host.empty() && host.name != wanted_host) continue;
    named = true;
    if (!host.connected) {
      if (wanted_host.empty()) continue;
      return fail(Errc::kUnavailable, std::format("host {} is not connected", host.name));
    }
    if (std::ranges::find(host.images, image) == host.images.end()) continue;
    if (best == nullptr || free_memory(host) > free_memory(*best)) best = &host;
  }
  if (!named) return fail(Errc::kNotFound, std::format("no host is called {}", wanted_host));
  if (best == nullptr) {
    return fail(Errc::kNotFound, std::format("no connected host has the image {}; images that are there: {}", image,
                                             known_images(hosts)));
  }
  return best->id;
}

}  // namespace tobari::broker
