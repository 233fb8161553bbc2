// SPDX-License-Identifier: GPL-3.0-or-later
// From a path to the function that answers it: who may call it, on which workers it runs.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "auth/authenticator.h"
#include "auth/worker_pool.h"
#include "http/message.h"
#include "http/problem.h"
#include "metrics/broker_metrics.h"

namespace tobari::broker {

enum class Access { kPublic, kUser, kAdmin };
// Password hashing has workers of its own: a hundred people signing in must not hold up those who are.
enum class Lane { kNormal, kPassword };

struct Call {
  Request request;
  std::map<std::string, std::string, std::less<>> path;  // "{id}" -> what stands there
  Caller caller;                                         // of kUser and kAdmin routes
};

using Reply = std::function<void(Answer)>;
using Handler = std::function<void(Call, Reply)>;

struct Route {
  std::string method;
  std::string pattern;  // "/api/v1/desktops/{id}"
  Access access = Access::kAdmin;
  Handler handler;
  Lane lane = Lane::kNormal;
};

// For handlers that answer at once.
[[nodiscard]] Handler at_once(std::function<Answer(const Call&)> body);

class Router {
 public:
  struct Parts {
    Authenticator& authenticator;
    StateStore& store;
    WorkerPool& normal;
    WorkerPool& password;
    BrokerMetrics& metrics;
  };
  explicit Router(Parts parts) : parts_(parts) {}

  void add(std::vector<Route> routes);
  [[nodiscard]] const std::vector<Route>& routes() const noexcept { return routes_; }

  // Any thread, returns at once. `respond` is called exactly once unless the pools are stopped.
  void handle(Request request, Respond respond);

 private:
  void run(const Route& route, Call call, Respond respond);
  Result<void> admit(const Route& route, Call& call);

  Parts parts_;
  std::vector<Route> routes_;
};

}  // namespace tobari::broker
