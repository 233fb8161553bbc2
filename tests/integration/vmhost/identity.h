// SPDX-License-Identifier: GPL-3.0-or-later
// What enrolment leaves on a host, and the broker's other half of it.
#pragma once

#include <chrono>

#include <sys/stat.h>

#include <tobari/net/node_link.h>
#include <tobari/net/pki.h>

#include "../../unit/vmhost/temp_dir.h"
#include "fake_broker.h"

namespace tobari::vmhost {

// A CA, and a host's certificate of it in dir/identity; returns what the broker serves with.
[[nodiscard]] inline FakeBroker::Credentials make_identity(const TempDir& dir) {
  const net::Validity valid{std::chrono::system_clock::now(), 1};
  const auto ca = net::make_ca("test", valid);
  const auto server = net::issue_with_new_key(
      *ca, {.common_name = "broker", .uri = {}, .dns = {node::kBrokerTlsName}, .ips = {}}, valid);
  const std::string host_id = random_uuid();
  const auto host = net::issue_with_new_key(
      *ca, {.common_name = "host", .uri = node::node_uri(node::Role::kHost, host_id), .dns = {}, .ips = {}}, valid);
  dir.write("identity/ca.crt", ca->certificate_pem);
  dir.write("identity/node.crt", host->certificate_pem);
  dir.write("identity/node.key", host->key_pem);
  dir.write("identity/node.id", host_id);
  ::chmod((dir / "identity/node.key").c_str(), 0600);
  grpc::SslServerCredentialsOptions options(GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
  options.pem_root_certs = ca->certificate_pem;
  options.pem_key_cert_pairs.push_back({server->key_pem, server->certificate_pem});
  return grpc::SslServerCredentials(options);
}

}  // namespace tobari::vmhost
