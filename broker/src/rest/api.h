// SPDX-License-Identifier: GPL-3.0-or-later
// The resources of the REST interface: broker/api/openapi.yaml says what each does, tests/integration/broker checks
// that neither knows a route that the other does not.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include <tobari/base/clock.h>
#include <tobari/recording/keys.h>

#include "auth/authenticator.h"
#include "core/access.h"
#include "core/audit_head.h"
#include "core/policy_changes.h"
#include "http/router.h"
#include "metrics/broker_metrics.h"
#include "rpc/host_registry.h"
#include "rpc/image_catalogue.h"
#include "store/state_store.h"

namespace tobari::broker {

// What handlers work with. Outlives the router.
struct Api {
  StateStore& store;
  const Clock& clock;
  Authenticator& authenticator;
  HostRegistry& hosts;
  BrokerMetrics& metrics;
  AccessPolicy policy;
  PolicyFiles& policy_files;
  const HeadSigner& audit_signer;
  std::string gateway_address;  // where clients connect to
  std::uint16_t gateway_port = 0;
  std::string nodes_address;  // "ADDR:PORT" that goes into join tokens
  std::string ca_pem;
  std::optional<recording::PublicKey> recording_key = {};  // who can read recordings; none: nothing is recorded
  const ImageCatalogue* images = nullptr;                  // what hosts say of images; null: they say nothing
};

inline constexpr const char* kApiPrefix = "/api/v1";

// Every route. `api` must outlive them.
[[nodiscard]] std::vector<Route> all_routes(Api& api);

// One function a file.
[[nodiscard]] std::vector<Route> account_routes(Api& api);
[[nodiscard]] std::vector<Route> user_routes(Api& api);
[[nodiscard]] std::vector<Route> desktop_routes(Api& api);
[[nodiscard]] std::vector<Route> connect_routes(Api& api);
[[nodiscard]] std::vector<Route> image_routes(Api& api);
[[nodiscard]] std::vector<Route> thumbnail_routes(Api& api);
[[nodiscard]] std::vector<Route> session_routes(Api& api);
[[nodiscard]] std::vector<Route> node_routes(Api& api);
[[nodiscard]] std::vector<Route> load_routes(Api& api);
[[nodiscard]] std::vector<Route> audit_routes(Api& api);
[[nodiscard]] std::vector<Route> policy_routes(Api& api);
[[nodiscard]] std::vector<Route> page_routes(Api& api);

// ---- shared by the resources
[[nodiscard]] Response json_response(int status, const nlohmann::ordered_json& body);
[[nodiscard]] Response empty_response(int status);
[[nodiscard]] AuditDraft audit_of(const Call& call, std::string action, std::string object);

[[nodiscard]] nlohmann::ordered_json view(const User& user);
[[nodiscard]] nlohmann::ordered_json view(const Desktop& desktop, const DesktopStatus& status);
[[nodiscard]] nlohmann::ordered_json view(const Session& session, Time now);
[[nodiscard]] nlohmann::ordered_json view(const AuditRecord& record);

// The desktop named in the path, when the caller may see it; otherwise kNotFound, whether or not there is one.
[[nodiscard]] Result<Desktop> desktop_of(Api& api, const Call& call);
[[nodiscard]] Result<Desktop> visible_desktop(Api& api, const Call& call, const DesktopId& id);

}  // namespace tobari::broker
