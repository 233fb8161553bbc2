// SPDX-License-Identifier: GPL-3.0-or-later
// A whole broker in this process, on ports of its own, with a state directory that goes away.
#pragma once

#include <filesystem>
#include <fstream>
#include <memory>
#include <stdlib.h>
#include <string>

#include <nlohmann/json.hpp>

#include "daemon/assemble.h"
#include "daemon/files.h"
#include "daemon/init.h"
#include "http/https_client.h"

namespace tobari::broker {

inline constexpr const char* kAllowAll = "version: 1\nrules:\n  - name: all\n    what: [connect]\n    effect: allow\n";

class RunningBroker {
 public:
  RunningBroker() {
    std::string pattern = (std::filesystem::temp_directory_path() / "tobari-XXXXXX").string();
    folder = ::mkdtemp(pattern.data());
    write("password", "correct password\n");
    write("policy.yaml", kAllowAll);
    config.listen = {"127.0.0.1", 0};
    config.nodes_listen = {"127.0.0.1", 0};
    config.gateway_address = {"127.0.0.1", 3389};
    config.public_names = {"127.0.0.1", "localhost"};
    config.state_dir = folder / "state";
    config.policy = folder / "policy.yaml";
  }
  ~RunningBroker() {
    broker.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder, ignored);
  }
  RunningBroker(const RunningBroker&) = delete;
  RunningBroker& operator=(const RunningBroker&) = delete;

  Result<void> init() { return init_state(config, "root", folder / "password", clock); }
  Result<void> start() {
    TOBARI_ASSIGN(broker, Broker::start(config, clock));
    return {};
  }
  void write(const char* name, const std::string& text) { std::ofstream(folder / name) << text; }

  [[nodiscard]] HttpsClient client(const std::string& host = "127.0.0.1") const {
    return HttpsClient({host, broker->portal_endpoint().port, read_small_file(config.state_dir / "ca.crt").value()});
  }
  // One request on a connection of its own; a failure to get an answer is status 0.
  Response call(const std::string& method, const std::string& path, const std::string& token = "",
                const std::string& body = "") const {
    Request request;
    request.method = method;
    request.path = path;
    request.body = body;
    if (!token.empty()) request.authorization = "Bearer " + token;
    auto answer = client().send(request);
    if (!answer.has_value()) return {.status = 0, .content_type = "", .body = describe(answer.error()), .headers = {}};
    return *answer;
  }
  std::string sign_in(const std::string& user) const {
    const auto reply = call("POST", "/api/v1/login", "", R"({"user":")" + user + R"(","password":"correct password"})");
    if (reply.status != 200) return "";
    return nlohmann::json::parse(reply.body).at("token");
  }

  SystemClock clock;
  std::filesystem::path folder;
  Config config;
  std::unique_ptr<Broker> broker;
};

}  // namespace tobari::broker
