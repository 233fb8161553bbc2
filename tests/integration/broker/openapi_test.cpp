// SPDX-License-Identifier: GPL-3.0-or-later
// The interface description and the server know the same routes.
#include <algorithm>
#include <set>
#include <string>

#include <gmock/gmock.h>
#include <yaml-cpp/yaml.h>

#include "running_broker.h"

namespace tobari::broker {
namespace {

std::set<std::string> described_routes() {
  const YAML::Node root = YAML::LoadFile(TOBARI_OPENAPI);
  std::set<std::string> routes;
  for (const auto& path : root["paths"]) {
    for (const auto& operation : path.second) {
      std::string method = operation.first.Scalar();
      if (method == "parameters" || method == "servers") continue;
      std::ranges::transform(method, method.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c; });
      // A path may override where it is served: the pages outside of /api/v1.
      const YAML::Node servers = path.second["servers"];
      const std::string prefix = servers ? servers[0]["url"].Scalar() : root["servers"][0]["url"].Scalar();
      routes.insert(method + " " + (prefix == "/" ? "" : prefix) + path.first.Scalar());
    }
  }
  return routes;
}

TEST(OpenApi, DescribesEveryRouteAndNoOther) {
  RunningBroker running;
  ASSERT_TRUE(running.init().has_value());
  ASSERT_TRUE(running.start().has_value());
  std::set<std::string> served;
  for (const Route& route : running.broker->routes()) served.insert(route.method + " " + route.pattern);
  EXPECT_EQ(served, described_routes());
}

}  // namespace
}  // namespace tobari::broker
