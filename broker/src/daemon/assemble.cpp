// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/assemble.h"

#include <csignal>
#include <format>
#include <functional>
#include <set>
#include <string>
#include <utility>

#include <tobari/base/log.h>
#include <tobari/net/node_link.h>
#include <tobari/policy/zones.h>

#include "auth/authenticator.h"
#include "auth/worker_pool.h"
#include "daemon/approved_policy.h"
#include "daemon/init.h"
#include "daemon/observation.h"
#include "daemon/policy_file.h"
#include "http/http_server.h"
#include "metrics/measured_store.h"
#include "rest/api.h"
#include "rpc/control_loop.h"
#include "rpc/direct_control.h"
#include "rpc/image_catalogue.h"
#include "rpc/live_sessions.h"
#include "rpc/node_server.h"
#include "rpc/nodes_service.h"
#include "store/maintenance.h"
#include "store/sql_store.h"

namespace tobari::broker {
namespace {

constexpr std::size_t kRestWorkers = 4;
constexpr std::size_t kRestQueue = 1024;
constexpr std::size_t kPasswordQueue = 256;
constexpr int kNodeServerDays = 825;  // made anew at every start

// What nodes dial: the address that we listen on, or, when that is all of them, our first public name.
std::string nodes_address(const Config& config, const net::Endpoint& bound) {
  const bool any = bound.address == "0.0.0.0" || bound.address == "::";
  return net::to_string({any ? config.public_names.front() : bound.address, bound.port});
}

// One that this machine does not know is missing: plans that name it do nothing by the clock.
ZoneTable zones_of_this_machine(const std::set<std::string>& names) {
  ZoneTable zones;
  for (const std::string& name : names) {
    if (auto zone = policy::find_zone(name)) zones.emplace(name, std::move(zone));
  }
  return zones;
}

std::vector<std::string> names_of(const std::vector<DeviceAuthorityFile>& authorities) {
  std::vector<std::string> names;
  for (const DeviceAuthorityFile& each : authorities) names.push_back(each.name);
  return names;
}

}  // namespace

// In the order in which one needs the other.
struct Broker::Parts {
  Parts(const Config& config, const Clock& at, Keys loaded, std::unique_ptr<BrokerMetrics> recorded,
        std::unique_ptr<StateStore> opened, std::unique_ptr<Authenticator> made, HeadSigner signer)
      : clock(at),
        keys(std::move(loaded)),
        audit_signer(std::move(signer)),
        metrics(std::move(recorded)),
        policy(config.policy, clock, names_of(config.device_authorities)),
        store(std::move(opened)),
        approved(config.two_people, config.policy, config.state_dir / "policies", policy, *store),
        authenticator(std::move(made)),
        images(*store, audit_signer),
        hosts(*store, clock, [this](const Desktop& desktop) { return policy.network_of(desktop); }),
        live({*store, clock, hosts, [this](const AccessQuestion& question) { return policy.decide(question); }}),
        nodes_service({*store, clock, hosts, keys.ca, *metrics}),
        router({*authenticator, *store, rest_workers, password_workers, *metrics}) {}

  void join();  // who tells whom
  ControlPlane control_plane();
  Result<void> serve_nodes(const Config& config);
  Result<void> serve_portal(const Config& config, std::optional<recording::PublicKey> recording_key,
                            std::unique_ptr<DeviceCertificates> devices);

  // The policy, or what it is asked about.
  void access_changed() {
    hosts.networks_changed();
    live.policy_changed();
  }

  // By the control loop, whenever the database answers.
  void database_seen(const std::vector<Host>& all) {
    nodes_service.keep_only(all);
    if (images.look_again()) hosts.networks_changed();
  }

  const Clock& clock;
  const Keys keys;
  const HeadSigner audit_signer;
  std::string logged_head;  // hash of the last one
  HeadsLogged heads;
  std::unique_ptr<BrokerMetrics> metrics;
  PolicyFile policy;
  std::unique_ptr<StateStore> store;
  ApprovedPolicy approved;
  std::unique_ptr<Authenticator> authenticator;
  ImageCatalogue images;
  HostRegistry hosts;
  DirectControl control{*store, clock, hosts};
  LiveSessions live;
  NodesService nodes_service;
  ControlLoop loop{{*store, clock, hosts, control, zones_of_this_machine,
                    [this](const std::vector<Host>& all) { database_seen(all); }}};
  WorkerPool rest_workers{kRestWorkers, kRestQueue};
  WorkerPool password_workers{2 * hashers(), kPasswordQueue};  // while one is hashed another's token is stored
  DesktopNews news{[this](std::function<void()> task) { return rest_workers.post(std::move(task)); }};
  Router router;
  std::unique_ptr<Api> api;
  std::unique_ptr<NodeServer> node_server;
  std::unique_ptr<HttpServer> http_server;
  std::unique_ptr<Observation> observation;
};

Broker::Broker(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}
Broker::~Broker() { stop(); }

// Every part outlives the calls: stop() ends what calls before any of it is destroyed.
void Broker::Parts::join() {
  // Networks first: that is one message a host, sessions are many.
  policy.on_changed([this] { access_changed(); });
  hosts.set_images(
      {.greeted = [this](const HostId& host, const wire::HostHello& hello) { images.greeted(host, hello); },
       .reported = [this](const HostId& host, const wire::ActualState& now) { return images.reported(host, now); },
       .gone = [this](const HostId& host) { images.gone(host); },
       .fill = [this](const Reader& reader, const HostId& host,
                      wire::DesiredImages& desired) { return images.fill(reader, host, desired); }});
  hosts.on_attached([this](const HostId& host) { live.host_attached(host); });
  hosts.on_news([this](const HostId& host) { news.heard_of(host); });
  hosts.on_reported([this](control::HostReported report) -> Result<void> {
    loop.reported(std::move(report));
    return {};
  });
  hosts.on_lease_asked([this](const control::LeaseAsk& ask) { loop.asked(ask); });
  control.on_more([this] { loop.sweep_soon(); });
  hosts.on_started([this](const auto& took) { metrics->login_phase(LoginPhase::kDesktopStart, took); });
}

ControlPlane Broker::Parts::control_plane() {
  ControlPlane plane;
  plane.transact = [this](const auto& decide) { return control.transact(decide); };
  plane.facts = [this] { return control.facts(); };
  plane.lease_age = [this](const HostId& host) { return loop.lease_age(host); };
  return plane;
}

Result<void> Broker::Parts::serve_nodes(const Config& config) {
  const net::CertificateNames names{
      .common_name = "Tobari broker", .uri = "", .dns = {node::kBrokerTlsName}, .ips = {}};
  TOBARI_ASSIGN(const net::Identity identity, net::issue_with_new_key(keys.ca, names, {clock.wall(), kNodeServerDays}));
  TOBARI_ASSIGN(node_server, NodeServer::start(config.nodes_listen, identity, keys.ca.certificate_pem, nodes_service));
  return {};
}

Result<void> Broker::Parts::serve_portal(const Config& config, std::optional<recording::PublicKey> recording_key,
                                         std::unique_ptr<DeviceCertificates> devices) {
  api = std::unique_ptr<Api>(new Api{.store = *store,
                                     .clock = clock,
                                     .authenticator = *authenticator,
                                     .hosts = hosts,
                                     .news = news,
                                     .control = control_plane(),
                                     .metrics = *metrics,
                                     .policy = [this](const AccessQuestion& asked) { return policy.decide(asked); },
                                     .policy_files = approved,
                                     .audit_signer = audit_signer,
                                     .gateway_address = config.gateway_address.address,
                                     .gateway_port = config.gateway_address.port,
                                     .nodes_address = nodes_address(config, node_server->endpoint()),
                                     .ca_pem = keys.ca.certificate_pem,
                                     .recording_key = std::move(recording_key),
                                     .images = &images,
                                     .pools_changed = [this] { access_changed(); }});
  router.add(all_routes(*api));
  const auto handler = [this](Request request, Respond respond) {
    router.handle(std::move(request), std::move(respond));
  };
  TOBARI_ASSIGN(http_server, HttpServer::start(config.listen, keys.portal, handler, {}, std::move(devices)));
  return {};
}

Result<std::unique_ptr<Broker>> Broker::start(const Config& config, const Clock& clock) {
  TOBARI_ASSIGN(Keys keys, load_keys(config));
  TOBARI_ASSIGN(auto recording_key, load_recording_key(config));
  TOBARI_ASSIGN(auto devices, load_device_authorities(config.device_authorities));
  TOBARI_ASSIGN(auto database, SqlStore::open(config.database(), clock));
  auto recorded = std::make_unique<BrokerMetrics>();
  std::unique_ptr<StateStore> store = std::make_unique<MeasuredStore>(std::move(database), *recorded);
  TOBARI_ASSIGN(auto authenticator, Authenticator::create(*store, clock));
  TOBARI_ASSIGN(HeadSigner signer, load_audit_signer(config, *store));
  auto parts = std::make_unique<Parts>(config, clock, std::move(keys), std::move(recorded), std::move(store),
                                       std::move(authenticator), std::move(signer));
  parts->join();
  TOBARI_TRY(parts->approved.start());
  TOBARI_TRY(parts->serve_nodes(config));
  TOBARI_TRY(parts->serve_portal(config, recording_key, std::move(devices)));
  if (config.metrics_listen) {
    TOBARI_ASSIGN(parts->observation,
                  Observation::start(*config.metrics_listen, {*parts->store, clock, parts->hosts, *parts->metrics,
                                                              parts->rest_workers, parts->heads, parts->loop}));
  }
  parts->loop.start();
  parts->live.start();
  return std::unique_ptr<Broker>(new Broker(std::move(parts)));
}

void Broker::stop() {
  if (parts_ == nullptr) return;
  if (parts_->observation) parts_->observation->stop();
  parts_->live.stop();
  parts_->loop.stop();
  parts_->http_server->stop();
  parts_->news.stop();
  parts_->rest_workers.stop();
  parts_->password_workers.stop();
  parts_->hosts.stop();
  parts_->node_server->stop();
  parts_->nodes_service.stop();
  parts_.reset();
}

void Broker::reload_policy() {
  const auto loaded = parts_->approved.reload();
  if (loaded.has_value()) {
    log::info("policy loaded");
  } else {
    log::error("policy not loaded, the old one stays", {{"why", loaded.error().message}});
  }
}

void Broker::log_audit_head() {
  const auto head = parts_->store->get([](const Reader& reader) { return reader.audit_head(); });
  if (!head.has_value()) return log::error("the audit's head cannot be read", {{"why", head.error().message}});
  parts_->heads.sequence = head->sequence;
  parts_->heads.looked_at = parts_->clock.now();
  if (head->hash == parts_->logged_head) return;
  const SignedHead made = parts_->audit_signer.sign(*head, parts_->clock.wall());
  log::info("audit head", {{"sequence", std::to_string(made.sequence)},
                           {"hash", made.hash},
                           {"time", made.time},
                           {"key", made.key},
                           {"signature", made.signature}});
  parts_->logged_head = head->hash;
}

net::Endpoint Broker::portal_endpoint() const { return parts_->http_server->endpoint(); }
std::optional<net::Endpoint> Broker::metrics_endpoint() const {
  if (!parts_->observation) return std::nullopt;
  return parts_->observation->endpoint();
}
net::Endpoint Broker::nodes_endpoint() const { return parts_->node_server->endpoint(); }
const std::vector<Route>& Broker::routes() const { return parts_->router.routes(); }

namespace {

// One that is away is waited for; anything else that is wrong with it ends the program. False: it is to stop.
Result<bool> wait_for_database(const Database& database, const sigset_t& signals) {
  constexpr timespec kASecond{1, 0};
  for (bool said = false;; said = true) {
    const auto reached = reach(database);
    if (reached.has_value()) return true;
    if (reached.error().code != Errc::kUnavailable) return std::unexpected<Error>(reached.error());
    if (!said) log::warning("waiting for the database", {{"why", reached.error().message}});
    const int number = ::sigtimedwait(&signals, nullptr, &kASecond);
    if (number == SIGTERM || number == SIGINT) return false;
  }
}

}  // namespace

Result<void> serve(const Config& config) {
  // Before any thread begins, so that all of them leave these signals to us.
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));

  const SystemClock clock;
  TOBARI_ASSIGN(const bool there, wait_for_database(config.database(), signals));
  if (!there) return {};
  TOBARI_ASSIGN(const auto broker, Broker::start(config, clock));
  log::info("serving", {{"portal", net::to_string(broker->portal_endpoint())},
                        {"nodes", net::to_string(broker->nodes_endpoint())}});
  constexpr timespec kHeadEvery{300, 0};
  for (;;) {
    broker->log_audit_head();
    const int number = ::sigtimedwait(&signals, nullptr, &kHeadEvery);
    if (number < 0) continue;  // the time is over, or a debugger looked in
    if (number != SIGHUP) break;
    broker->reload_policy();
  }
  log::info("stopping");
  broker->log_audit_head();
  broker->stop();
  return {};
}

}  // namespace tobari::broker
