// SPDX-License-Identifier: GPL-3.0-or-later
// The resources of the REST interface: broker/api/openapi.yaml says what each does, tests/integration/broker checks
// that neither knows a route that the other does not.
#pragma once

#include <chrono>
#include <functional>
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
#include "rest/control_plane.h"
#include "rest/desktop_news.h"
#include "rpc/host_registry.h"
#include "rpc/image_catalogue.h"
#include "store/state_store.h"

namespace tobari::broker {

// How long a connect waits for a desktop that starts, before the client must ask again.
inline constexpr std::chrono::seconds kConnectPatience{20};

// What handlers work with. Outlives the router.
struct Api {
  StateStore& store;
  const Clock& clock;
  Authenticator& authenticator;
  HostRegistry& hosts;
  DesktopNews& news;
  ControlPlane control;
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
  std::chrono::milliseconds patience = kConnectPatience;
  // Pools' names or labels, or what is in them: the policy is asked about these. Any thread.
  std::function<void()> pools_changed = [] {};
};

inline constexpr const char* kApiPrefix = "/api/v1";

// Every route. `api` must outlive them.
[[nodiscard]] std::vector<Route> all_routes(Api& api);

// One function a file.
[[nodiscard]] std::vector<Route> account_routes(Api& api);
[[nodiscard]] std::vector<Route> user_routes(Api& api);
[[nodiscard]] std::vector<Route> desktop_routes(Api& api);
[[nodiscard]] std::vector<Route> connect_routes(Api& api);
[[nodiscard]] std::vector<Route> pool_routes(Api& api);
[[nodiscard]] std::vector<Route> pool_connect_routes(Api& api);
[[nodiscard]] std::vector<Route> placement_routes(Api& api);
[[nodiscard]] std::vector<Route> log_off_routes(Api& api);
[[nodiscard]] std::vector<Route> session_life_routes(Api& api);
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
[[nodiscard]] control::Who who_of(const Call& call);
// An event of the control core in a transaction of its own, with what `also` stores.
[[nodiscard]] Result<control::Effects> decide(
    const Api& api, const control::Event& event,
    const std::function<Result<void>(Writer&)>& also = [](Writer&) -> Result<void> { return {}; });

[[nodiscard]] nlohmann::ordered_json view(const User& user);
[[nodiscard]] nlohmann::ordered_json view(const Desktop& desktop, const DesktopStatus& status);
[[nodiscard]] nlohmann::ordered_json view(const Pool& pool, const PoolFill& fill);
[[nodiscard]] nlohmann::ordered_json view(const Session& session, Time now);
[[nodiscard]] nlohmann::ordered_json view(const AuditRecord& record);

// The session named in the path, when it is the caller's or the caller an administrator; otherwise kNotFound.
[[nodiscard]] Result<Session> session_of(const Api& api, const Call& call);
// The pool named in the path.
[[nodiscard]] Result<Pool> pool_of(const Api& api, const Call& call);
// The desktop named in the path, when the caller may see it; otherwise kNotFound, whether or not there is one.
[[nodiscard]] Result<Desktop> desktop_of(Api& api, const Call& call);
[[nodiscard]] Result<Desktop> visible_desktop(Api& api, const Call& call, const DesktopId& id);

}  // namespace tobari::broker
