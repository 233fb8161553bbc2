// SPDX-License-Identifier: GPL-3.0-or-later
// The composition root: the one place that knows every part of the broker.
#pragma once

#include <memory>
#include <optional>

#include <tobari/base/clock.h>
#include <tobari/base/result.h>
#include <tobari/net/tcp_socket.h>

#include "daemon/config.h"
#include "http/router.h"

namespace tobari::broker {

class Broker {
 public:
  // Serving when this returns. `clock` must outlive it.
  [[nodiscard]] static Result<std::unique_ptr<Broker>> start(const Config& config, const Clock& clock);
  ~Broker();
  // No new requests, then no nodes, then the store; below two seconds.
  void stop();
  // What SIGHUP does. A bad file leaves the policy as it was.
  void reload_policy();

  // The signed head of the audit, when it has moved since the last time: where logs are collected, nothing that was
  // recorded before can be cut off or made anew without being noticed.
  void log_audit_head();

  [[nodiscard]] net::Endpoint portal_endpoint() const;
  [[nodiscard]] net::Endpoint nodes_endpoint() const;
  [[nodiscard]] std::optional<net::Endpoint> metrics_endpoint() const;  // where it is served
  [[nodiscard]] const std::vector<Route>& routes() const;

 private:
  struct Parts;
  explicit Broker(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

// Until SIGTERM or SIGINT.
[[nodiscard]] Result<void> serve(const Config& config);

}  // namespace tobari::broker
