// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>
#include <vector>

#include "images/image_parts.h"

namespace grpc {
class Channel;
}

namespace tobari::vmhost {

// Pieces of images over the lines to the brokers, which get them from a host that has them (host.proto). At least one.
[[nodiscard]] std::unique_ptr<PartSource> make_part_fetcher(const std::vector<std::shared_ptr<grpc::Channel>>& brokers);

}  // namespace tobari::vmhost
