// SPDX-License-Identifier: GPL-3.0-or-later
// Asks where a routing token leads. Implementations: GrpcRouteResolver (the broker), FakeRouteResolver.
#pragma once

#include <functional>
#include <string>

#include <tobari/base/result.h>
#include <tobari/net/tcp_socket.h>

namespace tobari::gateway {

struct Route {
  net::Endpoint front;  // numeric address
  std::string session_id;
};

class RouteResolver {
 public:
  // kNotFound, kPermissionDenied, kUnauthenticated: the token is unknown, used or too old. Any other error: the broker
  // could not say.
  using Answer = std::move_only_function<void(Result<Route>)>;

  virtual ~RouteResolver() = default;
  // Uses the token up. `answer` is called once, on any thread, possibly before this returns.
  virtual void redeem(const std::string& routing_token, const std::string& client_address, Answer answer) = 0;
  // Cancels what is under way and returns when no answer can come any more.
  virtual void stop() = 0;
};

}  // namespace tobari::gateway
