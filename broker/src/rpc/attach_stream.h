// SPDX-License-Identifier: GPL-3.0-or-later
// One attached host: the stream of its messages in, of ours out.
//
// The next message is read when the one before is done with, so a host that reports faster than the disk writes waits
// in its own send buffer. gRPC calls the On… functions; HostRegistry the ones of HostLink; both from any thread.
#pragma once

#include <deque>
#include <memory>
#include <mutex>

#include <grpcpp/support/server_callback.h>

#include <tobari/host.pb.h>

#include "core/types.h"
#include "rpc/host_registry.h"
#include "rpc/nodes_service.h"

namespace tobari::broker {

class AttachStream final : public grpc::ServerBidiReactor<wire::FromHost, wire::ToHost>,
                           public HostLink,
                           public std::enable_shared_from_this<AttachStream> {
 public:
  static constexpr std::size_t kMaxQueued = 8192;

  // Lives until gRPC is done with it.
  static AttachStream* start(NodesService& service, grpc::CallbackServerContext* context, Node host);

  void send(wire::ToHost message) override;
  void close(const Error& why) override;

  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

 private:
  AttachStream(NodesService& service, grpc::CallbackServerContext* context, Node host);
  [[nodiscard]] Result<void> handle(const wire::FromHost& message);
  [[nodiscard]] Result<void> handle_session(const wire::SessionEvent& event);
  [[nodiscard]] bool is_finished();
  void read_next();
  void finish_locked(const grpc::Status& status);

  NodesService& service_;
  grpc::CallbackServerContext* const context_;
  const Node host_;
  std::shared_ptr<AttachStream> self_;  // given up in OnDone
  wire::FromHost incoming_;
  bool greeted_ = false;

  std::mutex mutex_;
  std::deque<wire::ToHost> outgoing_;  // the front one is being written
  bool finished_ = false;
};

}  // namespace tobari::broker
