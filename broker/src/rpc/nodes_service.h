// SPDX-License-Identifier: GPL-3.0-or-later
// The gRPC service that hosts and gateways call (broker/shared/proto/tobari/host.proto).
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>

#include <grpcpp/server_context.h>

#include <tobari/base/clock.h>
#include <tobari/base/result.h>
#include <tobari/host.grpc.pb.h>
#include <tobari/net/pki.h>

#include "auth/worker_pool.h"
#include "core/types.h"
#include "metrics/broker_metrics.h"
#include "rpc/host_registry.h"
#include "store/state_store.h"

namespace tobari::broker {

inline constexpr int kNodeCertificateDays = 3650;  // taken back by removing the node, not by waiting
inline constexpr int kMaxPartsUnderWay = 64;       // pieces of images, each of half a megabyte

class NodesService final : public wire::Nodes::CallbackService {
 public:
  struct Parts {
    StateStore& store;
    const Clock& clock;
    HostRegistry& hosts;
    const net::Identity& ca;
    BrokerMetrics& metrics;
  };
  explicit NodesService(Parts parts);

  grpc::ServerUnaryReactor* Enrol(grpc::CallbackServerContext* context, const wire::EnrolRequest* request,
                                  wire::EnrolReply* reply) override;
  grpc::ServerBidiReactor<wire::FromHost, wire::ToHost>* Attach(grpc::CallbackServerContext* context) override;
  grpc::ServerUnaryReactor* RedeemRoute(grpc::CallbackServerContext* context, const wire::RedeemRouteRequest* request,
                                        wire::RedeemRouteReply* reply) override;

  // All hosts that there are: who is none of them any more is nobody, also while the database is away. Any thread.
  void keep_only(std::span<const Host> hosts);
  grpc::ServerUnaryReactor* FetchImagePart(grpc::CallbackServerContext* context,
                                           const wire::FetchImagePartRequest* request,
                                           wire::FetchImagePartReply* reply) override;

  // Ends the workers; calls that come later are refused. Before the gRPC server is taken down.
  void stop();

  // ---- for the attached streams
  [[nodiscard]] const Parts& parts() const noexcept { return parts_; }
  [[nodiscard]] bool post_report(WorkerPool::Task task) { return reports_.post(std::move(task)); }

 private:
  [[nodiscard]] Result<wire::EnrolReply> enrol(const wire::EnrolRequest& request, const std::string& peer);
  [[nodiscard]] Result<Node> caller(const grpc::CallbackServerContext& context, NodeRole role);

  [[nodiscard]] Result<Node> node_of(const HostId& id);

  Parts parts_;
  // Hosts as the database last had them, for the time that it is away: who was one then may attach again.
  std::mutex known_mutex_;
  std::map<HostId, Node> known_;
  // gRPC's own threads must not wait for the disk. One worker for reports keeps them in order.
  std::atomic<int> parts_under_way_{0};
  WorkerPool calls_{2, 1024};
  WorkerPool reports_{1, 4096};
};

}  // namespace tobari::broker
