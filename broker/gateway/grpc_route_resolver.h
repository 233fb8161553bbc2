// SPDX-License-Identifier: GPL-3.0-or-later
// RouteResolver over the broker's RedeemRoute.
#pragma once

#include <chrono>
#include <memory>

#include "route_resolver.h"

namespace grpc {
class Channel;
}

namespace tobari::gateway {

class GrpcRouteResolver final : public RouteResolver {
 public:
  GrpcRouteResolver(const std::shared_ptr<grpc::Channel>& channel, std::chrono::milliseconds deadline);
  ~GrpcRouteResolver() override;

  void redeem(const std::string& routing_token, const std::string& client_address, Answer answer) override;
  void stop() override;
  // kUnavailable: there is no connection to the broker, nor could one be made in the time given. Any thread, which
  // waits.
  [[nodiscard]] Result<void> reach_broker(std::chrono::milliseconds within) const;

 private:
  struct Line;   // to the broker; only ours
  struct Calls;  // shared with gRPC's threads
  std::chrono::milliseconds deadline_;
  std::unique_ptr<Line> line_;
  std::shared_ptr<Calls> calls_;
};

}  // namespace tobari::gateway
