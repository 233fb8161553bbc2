// SPDX-License-Identifier: GPL-3.0-or-later
// The one table between our error kinds and gRPC's. For files that speak gRPC anyway.
#pragma once

#include <grpcpp/support/status.h>

#include <tobari/base/result.h>

namespace tobari::node {

// Of a failed call. The peer's text is cut at 512 bytes and freed from control characters.
[[nodiscard]] Error error_of(const grpc::Status& status);
// What a server answers; `file` and `line` stay here.
[[nodiscard]] grpc::Status status_of(const Error& error);

}  // namespace tobari::node
