// SPDX-License-Identifier: GPL-3.0-or-later
// Which host a new desktop goes to. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>

namespace tobari::broker {

struct HostCapacity {
  HostId id;
  std::string name;
  bool connected = false;
  std::vector<std::string> images;
  std::uint64_t memory_mib = 0;
  std::uint64_t memory_promised_mib = 0;  // of every desktop placed there, running or not
};

// The connected host with the image and the most memory not promised yet; `wanted_host` (a name) restricts the choice
// when it is not empty. Memory may be promised beyond what is there: desktops that are off need none.
// kNotFound: no such host or no host with the image. kUnavailable: the named host is away.
[[nodiscard]] Result<HostId> place(std::span<const HostCapacity> hosts, std::string_view image,
                                   std::string_view wanted_host);

}  // namespace tobari::broker
