// SPDX-License-Identifier: GPL-3.0-or-later
#include "grpc_route_resolver.h"

#include <condition_variable>
#include <limits>
#include <memory>
#include <mutex>
#include <unordered_map>
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

struct GrpcRouteResolver::Line {
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<wire::Nodes::Stub> stub;
};

// What is under way. gRPC's threads use it too, so it is shared with them.
//
// A call keeps the channel alive, and a channel must not die on a thread of gRPC's: it would wait for itself (seen as a
// double free inside libgrpc 1.51). So gRPC's thread only moves a call to `done`, and our own threads destroy it.
struct GrpcRouteResolver::Calls {
  using Set = std::unordered_map<const Call*, std::unique_ptr<Call>>;
  std::mutex mutex;
  std::condition_variable changed;
  Set open, done;        // guarded by mutex
  bool stopped = false;  // guarded by mutex

  void finish(Call& call, const grpc::Status& status) {
    call.answer(status.ok() ? route_of(call.reply) : std::unexpected(node::error_of(status)));
    const std::scoped_lock lock(mutex);
    done.insert(open.extract(&call));
    changed.notify_all();
  }
  [[nodiscard]] Set take_done() {
    const std::scoped_lock lock(mutex);
    return std::exchange(done, {});
  }
};

GrpcRouteResolver::GrpcRouteResolver(const std::shared_ptr<grpc::Channel>& channel, std::chrono::milliseconds deadline)
    : deadline_(deadline),
      line_(std::make_unique<Line>(channel, wire::Nodes::NewStub(channel))),
      calls_(std::make_shared<Calls>()) {}

GrpcRouteResolver::~GrpcRouteResolver() { stop(); }

void GrpcRouteResolver::redeem(const std::string& routing_token, const std::string& client_address, Answer answer) {
  calls_->take_done().clear();
  auto owned = std::make_unique<Call>();
  Call& call = *owned;
  call.request.set_routing_token(routing_token);
  call.request.set_client_address(client_address);
  call.answer = std::move(answer);
  call.context.set_deadline(std::chrono::system_clock::now() + deadline_);
  call.context.set_wait_for_ready(true);  // a broker that restarts within the deadline is not noticed by the client
  {
    const std::scoped_lock lock(calls_->mutex);
    if (calls_->stopped) {
      call.answer(fail(Errc::kCancelled, "the gateway stops"));
      return;
    }
    calls_->open.emplace(&call, std::move(owned));
  }
  line_->stub->async()->RedeemRoute(
      &call.context, &call.request, &call.reply,
      [calls = calls_, &call](const grpc::Status& status) { calls->finish(call, status); });
}

Result<void> GrpcRouteResolver::reach_broker(std::chrono::milliseconds within) const {
  constexpr bool kConnect = true;  // an idle line is not a broken one
  if (line_->channel->GetState(kConnect) == GRPC_CHANNEL_READY) return {};
  if (line_->channel->WaitForConnected(std::chrono::system_clock::now() + within)) return {};
  return fail(Errc::kUnavailable, "there is no connection to it");
}

void GrpcRouteResolver::stop() {
  {
    std::unique_lock lock(calls_->mutex);
    calls_->stopped = true;
    for (const auto& [id, call] : calls_->open) call->context.TryCancel();
    while (!calls_->open.empty()) calls_->changed.wait(lock);
  }
  calls_->take_done().clear();
}

}  // namespace tobari::gateway
