// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/net/grpc_status.h>

#include <algorithm>
#include <array>
#include <utility>

namespace tobari::node {
namespace {

constexpr std::size_t kMaxPeerText = 512;

// The first pair of a code is the one that is used; the others only lead from gRPC to us.
constexpr std::array<std::pair<Errc, grpc::StatusCode>, 15> kPairs{{
    {Errc::kInvalidArgument, grpc::StatusCode::INVALID_ARGUMENT},
    {Errc::kNotFound, grpc::StatusCode::NOT_FOUND},
    {Errc::kAlreadyExists, grpc::StatusCode::ALREADY_EXISTS},
    {Errc::kPermissionDenied, grpc::StatusCode::PERMISSION_DENIED},
    {Errc::kUnauthenticated, grpc::StatusCode::UNAUTHENTICATED},
    {Errc::kUnavailable, grpc::StatusCode::UNAVAILABLE},
    {Errc::kTimeout, grpc::StatusCode::DEADLINE_EXCEEDED},
    {Errc::kCancelled, grpc::StatusCode::CANCELLED},
    {Errc::kExhausted, grpc::StatusCode::RESOURCE_EXHAUSTED},
    {Errc::kPeerProtocol, grpc::StatusCode::FAILED_PRECONDITION},
    {Errc::kIo, grpc::StatusCode::DATA_LOSS},
    {Errc::kInternal, grpc::StatusCode::INTERNAL},
    {Errc::kInvalidArgument, grpc::StatusCode::OUT_OF_RANGE},
    {Errc::kUnavailable, grpc::StatusCode::ABORTED},
    {Errc::kInternal, grpc::StatusCode::UNKNOWN},
}};

}  // namespace

Error error_of(const grpc::Status& status) {
  const auto code = status.error_code();
  const auto* const found = std::ranges::find(kPairs, code, [](const auto& pair) { return pair.second; });
  std::string message = status.error_message().substr(0, kMaxPeerText);
  std::ranges::replace_if(message, [](char c) { return c >= 0 && c < 0x20; }, ' ');
  return Error{.code = found == kPairs.end() ? Errc::kInternal : found->first, .message = std::move(message)};
}

grpc::Status status_of(const Error& error) {
  const auto* const found = std::ranges::find(kPairs, error.code, [](const auto& pair) { return pair.first; });
  return {found == kPairs.end() ? grpc::StatusCode::INTERNAL : found->second, error.message};
}

}  // namespace tobari::node
