// SPDX-License-Identifier: GPL-3.0-or-later
// The whole REST interface without a network: memory store, manual clock, hosts that are played.
#pragma once

#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <tobari/base/random.h>

#include "auth/password.h"
#include "core/offer.h"
#include "http/router.h"
#include "rest/api.h"
#include "rpc/direct_control.h"
#include "rpc/host_registry.h"
#include "rpc/image_catalogue.h"
#include "store/memory_store.h"

namespace tobari::broker {

// A host's line that remembers what it was sent.
class FakeHostLink final : public HostLink {
 public:
  void send(wire::ToHost message) override {
    {
      const std::scoped_lock lock(mutex_);
      sent_.push_back(message);
    }
    if (on_message) on_message(message);
  }
  void close(const Error& why) override {
    const std::scoped_lock lock(mutex_);
    closed_ = why.message;
  }
  std::vector<wire::ToHost> sent() const {
    const std::scoped_lock lock(mutex_);
    return sent_;
  }
  std::string closed() const {
    const std::scoped_lock lock(mutex_);
    return closed_;
  }
  std::function<void(const wire::ToHost&)> on_message;

 private:
  mutable std::mutex mutex_;
  std::vector<wire::ToHost> sent_;
  std::string closed_;
};

// One policy in force, copies in memory; `there` is the hash of the configured file.
class FakePolicyFiles final : public PolicyFiles {
 public:
  [[nodiscard]] bool two_people() const noexcept override { return two; }
  Result<void> keep(std::string_view sha256) override {
    if (sha256 != there) return fail(Errc::kAlreadyExists, "another file lies there");
    kept.emplace(sha256);
    return {};
  }
  Result<void> check(std::string_view sha256) override {
    if (!kept.contains(std::string(sha256))) return fail(Errc::kNotFound, "it is gone");
    return {};
  }
  Result<void> apply() override {
    ++applied;
    return {};
  }
  bool two = true;
  std::string there;
  std::set<std::string> kept;
  int applied = 0;
};

// Of a user called alice; not stored yet.
inline Session session_of(const Clock& clock, const DesktopId& desktop, const UserId& user, const HostId& host,
                          SessionState state) {
  return {.id = SessionId::random(),
          .desktop = desktop,
          .user = user,
          .user_name = "alice",
          .host = host,
          .state = state,
          .client_address = "203.0.113.1",
          .client_name = "",
          .detail = "",
          .created_at = clock.wall(),
          .offer_expires_at = clock.wall() + kOfferLifetime,
          .routing_sha256 = random_token(),
          .further = {}};
}

struct Harness {
  Harness() {
    store.set_contended(true);  // whatever an act does, it does it again
    hosts.on_news([this](const HostId& host) { news.heard_of(host); });
    // As the control loop does, but at once.
    hosts.on_reported([this](const control::HostReported& report) -> Result<void> {
      TOBARI_TRY(control.decide(report));
      return {};
    });
    hosts.set_images(
        {.greeted = [this](const HostId& host, const wire::HostHello& hello) { images.greeted(host, hello); },
         .reported = [this](const HostId& host, const wire::ActualState& now) { return images.reported(host, now); },
         .gone = [this](const HostId& host) { images.gone(host); },
         .fill = [this](const Reader& reader, const HostId& host,
                        wire::DesiredImages& desired) { return images.fill(reader, host, desired); }});
    router.add(all_routes(api));
  }
  ~Harness() {
    news.stop();
    normal.stop();
    password.stop();
    hosts.stop();
  }

  User add_user(const std::string& name, Role role = Role::kUser) {
    static const std::string hash = *hash_password("correct password");
    const User user{UserId::random(), name, role, hash};
    act([&user](Writer& writer) { return writer.add_user(user); });
    return user;
  }
  std::string sign_in(const std::string& name) {
    return std::move(authenticator->sign_in(name, "correct password", "192.0.2.1")).value().token;
  }
  Node add_host(const std::string& name) {
    const Node node{HostId::random(), name, NodeRole::kHost, clock.wall()};
    act([&node](Writer& writer) { return writer.add_node(node); });
    return node;
  }
  std::shared_ptr<FakeHostLink> attach(const Node& node) {
    wire::HostHello hello;
    hello.set_name(node.name);
    hello.set_front_address("192.0.2.50");
    hello.set_front_port(3390);
    hello.set_memory_mib(8192);
    hello.add_images()->set_name("debian");
    auto link = std::make_shared<FakeHostLink>();
    if (!hosts.attach(node.id, link, hello).has_value()) return nullptr;
    lines[node.id] = link.get();
    return link;
  }
  void report(const Node& node, const std::string& desktop, wire::DesktopState state, std::uint64_t epoch = 1) {
    std::vector<std::pair<std::string, wire::DesktopState>> all;
    if (!desktop.empty()) all.emplace_back(desktop, state);
    report_all(node, all, epoch);
  }
  // Everything that this host has.
  void report_all(const Node& node, const std::vector<std::pair<std::string, wire::DesktopState>>& desktops,
                  std::uint64_t epoch = 1) {
    wire::ActualState actual;
    actual.set_revision(store.get([&node](const Reader& r) { return r.host(node.id); })->revision);
    for (const auto& [desktop, state] : desktops) {
      wire::ActualDesktop& seen = *actual.add_desktops();
      seen.set_desktop_id(desktop);
      seen.set_epoch(epoch);
      seen.set_state(state);
    }
    static_cast<void>(hosts.set_actual(node.id, lines[node.id], actual));
  }

  // Alice's, of a desktop of its own; not stored yet.
  Session new_session(const Node& host, const UserId& user, SessionState state) const {
    return session_of(clock, DesktopId::random(), user, host.id, state);
  }
  void act(std::function<Result<void>(Writer&)> body) {
    const auto done = store.act([&body](Writer& writer) -> Result<AuditDraft> {
      TOBARI_TRY(body(writer));
      return AuditDraft{};
    });
    if (!done.has_value()) std::abort();
  }
  // The answer is waited for by whoever asks it of the future.
  std::future<Response> begin(const std::string& method, const std::string& path, const std::string& token = "",
                              const std::string& body = "", const std::string& key = "", const std::string& tag = "") {
    Request request;
    request.method = method;
    request.path = path;
    request.authorization = token.empty() ? "" : "Bearer " + token;
    request.content_type = body.empty() ? "" : "application/json";
    request.body = body;
    request.idempotency_key = key;
    request.if_none_match = tag;
    request.client_address = "192.0.2.7";
    request.device = device;
    if (const auto mark = path.find('?'); mark != std::string::npos) {
      request.path = path.substr(0, mark);
      request.query = path.substr(mark + 1);
    }
    auto promise = std::make_shared<std::promise<Response>>();
    auto answer = promise->get_future();
    router.handle(std::move(request), [promise](Response response) { promise->set_value(std::move(response)); });
    return answer;
  }
  Response call(const std::string& method, const std::string& path, const std::string& token = "",
                const std::string& body = "", const std::string& key = "", const std::string& tag = "") {
    return begin(method, path, token, body, key, tag).get();
  }
  std::vector<std::string> audited() {
    std::vector<std::string> actions;
    const auto records = store.get([](const Reader& r) { return r.audit_after(0, 1000); });
    for (const auto& record : *records) {
      actions.push_back(record.draft.action + " " + std::string(record.draft.actor));
    }
    return actions;
  }

  ManualClock clock;
  MemoryStore store{clock};
  std::unique_ptr<Authenticator> authenticator = std::move(Authenticator::create(store, clock)).value();
  HostRegistry hosts{store, clock};
  std::map<HostId, const HostLink*> lines;  // of those that attach() has made, the newest
  DirectControl control{store, clock, hosts};
  BrokerMetrics metrics;
  const HeadSigner signer = std::move(HeadSigner::create(std::string(64, '7'))).value();
  ImageCatalogue images{store, signer};
  FakePolicyFiles policy_files;
  std::optional<policy::DeviceCertificate> device;  // of every call
  bool policy_allows = true;
  std::set<std::string> allowed{"connect"};
  std::function<void(const AccessQuestion&, AccessAnswer&)> adjust;  // the policy's answer
  std::optional<std::chrono::milliseconds> lease_age;
  int pools_changed = 0;
  WorkerPool normal{4, 64};
  WorkerPool password{2, 64};
  DesktopNews news{[this](std::function<void()> task) { return normal.post(std::move(task)); }};
  Api api{.store = store,
          .clock = clock,
          .authenticator = *authenticator,
          .hosts = hosts,
          .news = news,
          .control = {.transact = [this](const auto& decide) { return control.transact(decide); },
                      .facts = [this] { return control.facts(); },
                      .lease_age = [this](const HostId&) { return lease_age; }},
          .metrics = metrics,
          .policy = [this](const AccessQuestion& q) -> AccessAnswer {
            const bool yes = policy_allows && allowed.contains(q.what);
            AccessAnswer answer{yes,
                                "the-rule",
                                yes ? "allowed" : "nobody works at night",
                                {.user = q.user, .desktop_id = q.desktop_id, .channels = {{"connect", "the-rule"}}}};
            if (adjust) adjust(q, answer);
            return answer;
          },
          .policy_files = policy_files,
          .audit_signer = signer,
          .gateway_address = "gateway.example",
          .gateway_port = 3389,
          .nodes_address = "127.0.0.1:9000",
          .ca_pem = "",
          .images = &images,
          .patience = {},  // a desktop that starts is said so at once
          .pools_changed = [this] { ++pools_changed; }};
  Router router{{*authenticator, store, normal, password, metrics}};
};

inline nlohmann::json body_of(const Response& response) { return nlohmann::json::parse(response.body); }
inline std::string code_of(const Response& response) { return body_of(response).value("code", ""); }

}  // namespace tobari::broker
