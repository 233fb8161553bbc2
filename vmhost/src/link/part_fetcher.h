// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <memory>

#include "images/image_parts.h"

namespace grpc {
class Channel;
}

namespace tobari::vmhost {

// Pieces of images over the line to the broker, which gets them from a host that has them (host.proto).
[[nodiscard]] std::unique_ptr<PartSource> make_part_fetcher(std::shared_ptr<grpc::Channel> channel);

}  // namespace tobari::vmhost
