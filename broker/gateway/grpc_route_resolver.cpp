// SPDX-License-Identifier: GPL-3.0-or-later
#include "grpc_route_resolver.h"

#include <condition_variable>
#include <limits>
#include <mutex>
#include <unordered_set>
#include <utility>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>

#include <tobari/host.grpc.pb.h>
#include <tobari/net/grpc_status.h>

namespace tobari::gateway {
namespace {

struct Call {
  grpc::ClientContext context;
  wire::RedeemRouteRequest request;
  wire::RedeemRouteReply reply;
  RouteResolver::Answer answer;
};

Result<Route> route_of(const wire::RedeemRouteReply& reply) {
  if (reply.port() == 0 || reply.port() > std::numeric_limits<std::uint16_t>::max()) {
    return fail(Errc::kInternal, "the broker named an impossible port");
  }
  return Route{.front = {.address = reply.address(), .port = static_cast<std::uint16_t>(reply.port())},
               .session_id = reply.session_id()};
}

}  // namespace

// What is under way. gRPC's threads use it too, so it is shared with them.
struct GrpcRouteResolver::Calls {
  std::unique_ptr<wire::Nodes::Stub> stub;
  std::mutex mutex;
  std::condition_variable changed;
  std::unordered_set<std::shared_ptr<Call>> open;  // guarded by mutex
  bool stopped = false;                            // guarded by mutex

  void finish(const std::shared_ptr<Call>& call, const grpc::Status& status) {
    call->answer(status.ok() ? route_of(call->reply) : std::unexpected(node::error_of(status)));
    const std::scoped_lock lock(mutex);
    open.erase(call);
    changed.notify_all();
  }
};

GrpcRouteResolver::GrpcRouteResolver(const std::shared_ptr<grpc::Channel>& channel, std::chrono::milliseconds deadline)
    : deadline_(deadline), calls_(std::make_shared<Calls>()) {
  calls_->stub = wire::Nodes::NewStub(channel);
}

GrpcRouteResolver::~GrpcRouteResolver() { stop(); }

void GrpcRouteResolver::redeem(const std::string& routing_token, const std::string& client_address, Answer answer) {
  const auto call = std::make_shared<Call>();
  call->request.set_routing_token(routing_token);
  call->request.set_client_address(client_address);
  call->answer = std::move(answer);
  call->context.set_deadline(std::chrono::system_clock::now() + deadline_);
  call->context.set_wait_for_ready(true);  // a broker that restarts within the deadline is not noticed by the client
  {
    const std::scoped_lock lock(calls_->mutex);
    if (calls_->stopped) {
      call->answer(fail(Errc::kCancelled, "the gateway stops"));
      return;
    }
    calls_->open.insert(call);
  }
  calls_->stub->async()->RedeemRoute(
      &call->context, &call->request, &call->reply,
      [calls = calls_, call](const grpc::Status& status) { calls->finish(call, status); });
}

void GrpcRouteResolver::stop() {
  std::unique_lock lock(calls_->mutex);
  calls_->stopped = true;
  for (const auto& call : calls_->open) call->context.TryCancel();
  while (!calls_->open.empty()) calls_->changed.wait(lock);
}

}  // namespace tobari::gateway
