// SPDX-License-Identifier: GPL-3.0-or-later
// Which host a new desktop goes to, and why. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>

#include "core/types.h"

namespace tobari::broker {

struct HostCapacity {
  HostId id;
  std::string name;
  bool connected = false;
  HostMode mode = HostMode::kReady;
  bool lost = false;
  std::vector<std::string> images;
  std::uint64_t memory_mib = 0;
  std::uint64_t memory_promised_mib = 0;  // of every desktop placed there, running or not
  std::uint64_t pixels_per_second = 0;    // that its displays can encode; 0: it does not say
  std::uint32_t desktops = 0;             // placed there
  std::uint32_t of_user = 0;              // of these, the user's own
  std::string no_room{};                  // a sentence when its disks take nothing more; empty: they do
};

struct PlacementRules {
  // Promised at most, in percent of what there is: desktops that are off need no memory, clones share theirs, and few
  // screens change at once.
  std::uint32_t memory_percent = 400;
  std::uint32_t encoder_percent = 400;
  // What one desktop's screens ask for while somebody works: a picture of 1920x1080 ten times a second.
  std::uint64_t pixels_per_desktop = std::uint64_t{1920} * 1080 * 10;
};

struct PlacementWish {
  std::string image;
  std::uint32_t memory_mib = 0;
  std::string host{};        // a name: only this one
  bool needs_lease = false;  // not to a host that is lost
};

// What was thought of one host.
struct HostVerdict {
  std::string host;
  bool possible = false;
  double score = 0;  // higher is better; 0 to 1, and 0.25 more where the user has a desktop already
  std::string why;   // a sentence for people
};

struct Placement {
  HostId host;  // empty: none
  std::string host_name;
  std::vector<HostVerdict> verdicts;  // of all hosts, in their order
};

[[nodiscard]] Placement weigh(std::span<const HostCapacity> hosts, const PlacementWish& wish,
                              const PlacementRules& rules = {});

// The same as a Result. kNotFound: no such host or no host with the image. kUnavailable: the named host is away, or
// those with the image are. kExhausted: they are full.
[[nodiscard]] Result<HostId> place(std::span<const HostCapacity> hosts, const PlacementWish& wish,
                                   const PlacementRules& rules = {});

}  // namespace tobari::broker
