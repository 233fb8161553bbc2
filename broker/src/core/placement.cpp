// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/placement.h"

#include <algorithm>
#include <format>

namespace tobari::broker {
namespace {

constexpr double kAffinity = 0.25;

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

// What is left of a limit once this desktop is there as well, of 1; below 0: it does not fit. An unknown size limits
// nothing and counts for nothing.
double left(std::uint64_t size, std::uint32_t percent, std::uint64_t used) {
  if (size == 0) return 0;
  const double limit = static_cast<double>(size) * percent / 100;
  return 1 - static_cast<double>(used) / limit;
}

bool has_image(const HostCapacity& host, std::string_view image) {
  return std::ranges::find(host.images, image) != host.images.end();
}

HostVerdict weigh_one(const HostCapacity& host, const PlacementWish& wish, const PlacementRules& rules) {
  HostVerdict verdict{.host = host.name, .possible = false, .score = 0, .why = ""};
  if (!wish.host.empty() && host.name != wish.host) {
    verdict.why = std::format("only {} was asked for", wish.host);
    return verdict;
  }
  if (!host.connected) {
    verdict.why = "is not connected";
    return verdict;
  }
  if (wish.needs_lease && host.lost) {
    verdict.why = "has no lease";
    return verdict;
  }
  if (host.mode == HostMode::kDraining) {
    verdict.why = "is draining";
    return verdict;
  }
  if (!has_image(host, wish.image)) {
    verdict.why = std::format("does not have the image {}", wish.image);
    return verdict;
  }
  if (!host.no_room.empty()) {
    verdict.why = host.no_room;
    return verdict;
  }
  const double memory = left(host.memory_mib, rules.memory_percent, host.memory_promised_mib + wish.memory_mib);
  if (memory < 0) {
    verdict.why = std::format("its memory is promised: {} MiB of {} % of {}", host.memory_promised_mib,
                              rules.memory_percent, host.memory_mib);
    return verdict;
  }
  const std::uint64_t pixels = (host.desktops + std::uint64_t{1}) * rules.pixels_per_desktop;
  const double encoder = left(host.pixels_per_second, rules.encoder_percent, pixels);
  if (encoder < 0) {
    verdict.why = std::format("its encoders are promised: {} desktops of {} % of {} million pixels a second",
                              host.desktops, rules.encoder_percent, host.pixels_per_second / 1'000'000);
    return verdict;
  }
  verdict.possible = true;
  // The scarcer of the two decides; a host that says nothing of its encoders is judged by memory.
  verdict.score = host.pixels_per_second == 0 ? memory : std::min(memory, encoder);
  verdict.why = std::format("{:.0f} % of its memory free", memory * 100);
  if (host.pixels_per_second != 0) verdict.why += std::format(", {:.0f} % of its encoders", encoder * 100);
  if (host.of_user > 0) {
    verdict.score += kAffinity;
    verdict.why += ", and the user has a desktop there";
  }
  return verdict;
}

}  // namespace

Placement weigh(std::span<const HostCapacity> hosts, const PlacementWish& wish, const PlacementRules& rules) {
  Placement placement;
  double best = -1;
  for (const HostCapacity& host : hosts) {
    placement.verdicts.push_back(weigh_one(host, wish, rules));
    const HostVerdict& verdict = placement.verdicts.back();
    if (!verdict.possible || verdict.score <= best) continue;
    best = verdict.score;
    placement.host = host.id;
    placement.host_name = host.name;
  }
  return placement;
}

Result<HostId> place(std::span<const HostCapacity> hosts, const PlacementWish& wish, const PlacementRules& rules) {
  Placement placement = weigh(hosts, wish, rules);
  if (!placement.host.empty()) return std::move(placement.host);
  if (!wish.host.empty()) {
    const auto named = std::ranges::find(hosts, wish.host, &HostCapacity::name);
    if (named == hosts.end()) return fail(Errc::kNotFound, std::format("no host is called {}", wish.host));
    if (!named->connected) return fail(Errc::kUnavailable, std::format("host {} is not connected", named->name));
  }
  const bool somewhere = std::ranges::any_of(hosts, [&wish](const HostCapacity& host) {
    return host.connected && has_image(host, wish.image) && (wish.host.empty() || host.name == wish.host);
  });
  if (!somewhere) {
    return fail(Errc::kNotFound, std::format("no connected host has the image {}; images that are there: {}",
                                             wish.image, known_images(hosts)));
  }
  std::string reasons;
  for (const HostVerdict& verdict : placement.verdicts) {
    if (reasons.size() > 300) break;
    reasons += std::format("{}{} {}", reasons.empty() ? "" : "; ", verdict.host, verdict.why);
  }
  return fail(Errc::kExhausted, "no host has room: " + reasons);
}

}  // namespace tobari::broker
