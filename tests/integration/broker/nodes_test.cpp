// SPDX-License-Identifier: GPL-3.0-or-later
// Nodes over real gRPC and TLS: enrol, attach, open a display, redeem its route.
#include <deque>
#include <future>
#include <thread>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>

#include <tobari/host.grpc.pb.h>
#include <tobari/net/node_link.h>

#include "running_broker.h"

namespace tobari::broker {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

constexpr const char* kFingerprint = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";

// Plays tobari-vmhost: reports every desktop that shall be on as running, opens every display.
class FakeHost {
 public:
  explicit FakeHost(std::shared_ptr<grpc::Channel> channel)
      : stub_(wire::Nodes::NewStub(std::move(channel))), stream_(stub_->Attach(&context_)) {
    wire::FromHost hello;
    hello.mutable_hello()->set_name("host-1");
    hello.mutable_hello()->set_version("test");
    hello.mutable_hello()->set_front_address("127.0.0.1");
    hello.mutable_hello()->set_front_port(3390);
    hello.mutable_hello()->set_memory_mib(8192);
    hello.mutable_hello()->add_images()->set_name("debian");
    stream_->Write(hello);
    reader_ = std::jthread([this] { read(); });
  }
  ~FakeHost() {
    context_.TryCancel();
    reader_.join();
    static_cast<void>(stream_->Finish());
  }
  void say(const wire::FromHost& message) {
    const std::scoped_lock lock(writing_);
    stream_->Write(message);
  }
  const std::string picture = "\xFF\xD8\xFF a desktop \xFF\xD9";
  std::future<std::string> next_acknowledgement() { return acknowledged_.get_future(); }

 private:
  void read() {
    wire::ToHost message;
    while (stream_->Read(&message)) {
      if (message.has_desired()) report(message.desired());
      if (message.has_open_display()) opened(message.open_display());
      if (message.has_take_thumbnail()) pictured(message.take_thumbnail());
      if (message.has_event_stored()) acknowledged_.set_value(message.event_stored().event_id());
    }
  }
  void report(const wire::DesiredState& desired) {
    wire::FromHost reply;
    reply.mutable_actual();
    for (const wire::DesiredDesktop& wanted : desired.desktops()) {
      if (wanted.power() == wire::DesiredDesktop::DELETED) continue;
      wire::ActualDesktop& seen = *reply.mutable_actual()->add_desktops();
      seen.set_desktop_id(wanted.desktop_id());
      seen.set_epoch(wanted.epoch());
      seen.set_state(wanted.power() == wire::DesiredDesktop::ON ? wire::DESKTOP_STATE_RUNNING
                                                                : wire::DESKTOP_STATE_STOPPED);
    }
    say(reply);
  }
  void opened(const wire::OpenDisplay& request) {
    wire::FromHost reply;
    reply.mutable_display_opened()->set_request_id(request.request_id());
    reply.mutable_display_opened()->set_certificate_sha256(kFingerprint);
    say(reply);
  }

  void pictured(const wire::TakeThumbnail& request) {
    wire::FromHost reply;
    reply.mutable_thumbnail()->set_request_id(request.request_id());
    reply.mutable_thumbnail()->set_jpeg(picture);
    say(reply);
  }

  grpc::ClientContext context_;
  std::unique_ptr<wire::Nodes::Stub> stub_;
  std::unique_ptr<grpc::ClientReaderWriter<wire::FromHost, wire::ToHost>> stream_;
  std::mutex writing_;
  std::promise<std::string> acknowledged_;
  std::jthread reader_;
};

class Nodes : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(running.init().has_value());
    ASSERT_TRUE(running.start().has_value());
    admin = running.sign_in("root");
    ASSERT_FALSE(admin.empty());
  }
  std::string join_token(const std::string& role, const std::string& name) {
    const auto made =
        running.call("POST", "/api/v1/join-tokens", admin, R"({"role":")" + role + R"(","name":")" + name + R"("})");
    EXPECT_EQ(made.status, 201) << made.body;
    return nlohmann::json::parse(made.body).value("join_token", "");
  }
  std::filesystem::path identity(const char* name) {
    const auto folder = running.folder / name;
    std::filesystem::create_directory(folder);
    return folder;
  }
  std::shared_ptr<grpc::Channel> channel(const std::filesystem::path& of) {
    return node::open(of, net::to_string(running.broker->nodes_endpoint())).value();
  }
  // Asks until the answer has this status, for ten seconds.
  Response until(int status, const std::string& method, const std::string& path, const std::string& token) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    for (;;) {
      Response answer = running.call(method, path, token);
      if (answer.status == status || std::chrono::steady_clock::now() > deadline) return answer;
    }
  }
  static grpc::Status redeem(const std::shared_ptr<grpc::Channel>& via, const std::string& token,
                             wire::RedeemRouteReply& reply) {
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + 5s);
    wire::RedeemRouteRequest request;
    request.set_routing_token(token);
    request.set_client_address("192.0.2.3");
    return wire::Nodes::NewStub(via)->RedeemRoute(&context, request, &reply);
  }

  RunningBroker running;
  std::string admin;
};

TEST_F(Nodes, FromJoinTokenToAConnectionRedeemedOnce) {
  const auto host_dir = identity("host");
  const auto gateway_dir = identity("gateway");
  ASSERT_TRUE(node::enrol(join_token("host", "host-1"), node::Role::kHost, "host-1", host_dir).has_value());
  ASSERT_TRUE(node::enrol(join_token("gateway", "edge"), node::Role::kGateway, "edge", gateway_dir).has_value());
  FakeHost host(channel(host_dir));

  ASSERT_EQ(running.call("POST", "/api/v1/users", admin, R"({"name":"alice","password":"correct password"})").status,
            201);
  const auto deadline = std::chrono::steady_clock::now() + 10s;
  Response made;
  do {  // until the hello has arrived
    made = running.call("POST", "/api/v1/desktops", admin, R"({"user":"alice","image":"debian"})");
  } while (made.status == 404 && std::chrono::steady_clock::now() < deadline);
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string desktop = nlohmann::json::parse(made.body).at("id");
  const std::string alice = running.sign_in("alice");

  const Response connected = until(200, "POST", "/api/v1/desktops/" + desktop + "/connect", alice);
  ASSERT_EQ(connected.status, 200) << connected.body;
  const auto reply = nlohmann::json::parse(connected.body);
  EXPECT_EQ(reply.at("certificate_sha256"), kFingerprint);

  // The sample's rule is for "connect" alone; with one for pictures the host is asked.
  EXPECT_EQ(running.call("GET", "/api/v1/desktops/" + desktop + "/thumbnail", alice).status, 403);
  running.write("policy.yaml", std::string(kAllowAll) + "  - {name: pictures, what: thumbnail, effect: allow}\n");
  running.broker->reload_policy();
  const Response picture = until(200, "GET", "/api/v1/desktops/" + desktop + "/thumbnail", alice);
  EXPECT_EQ(picture.body, host.picture);
  EXPECT_EQ(picture.content_type, "image/jpeg");
  EXPECT_THAT(picture.headers, ::testing::Contains(::testing::Pair("Cache-Control", "no-store")));

  const auto via = channel(gateway_dir);
  wire::RedeemRouteReply route;
  ASSERT_TRUE(redeem(via, reply.at("routing_token"), route).ok());
  EXPECT_EQ(route.port(), 3390U);
  EXPECT_EQ(redeem(via, reply.at("routing_token"), route).error_code(), grpc::StatusCode::NOT_FOUND);

  auto acknowledged = host.next_acknowledgement();
  wire::FromHost event;
  event.mutable_session()->set_session_id(reply.at("session_id"));
  event.mutable_session()->set_kind(wire::SessionEvent::CONNECTED);
  event.mutable_session()->set_event_id(random_uuid());
  host.say(event);
  ASSERT_EQ(acknowledged.wait_for(10s), std::future_status::ready);
  EXPECT_EQ(acknowledged.get(), event.session().event_id());
  const auto sessions = nlohmann::json::parse(running.call("GET", "/api/v1/sessions", alice).body).at("sessions");
  EXPECT_EQ(sessions[0].at("state"), "connected");
}

TEST_F(Nodes, AJoinTokenIsForOneNodeOfOneRole) {
  const std::string token = join_token("host", "host-1");
  const auto wrong = node::enrol(token, node::Role::kGateway, "host-1", identity("a"));
  EXPECT_THAT(wrong.error().message, HasSubstr("for a host"));
  ASSERT_TRUE(node::enrol(token, node::Role::kHost, "host-1", identity("b")).has_value());
  EXPECT_FALSE(node::enrol(token, node::Role::kHost, "host-1", identity("c")).has_value());
  EXPECT_EQ(running.call("POST", "/api/v1/join-tokens", admin, R"({"role":"host","name":"host-1"})").status, 409);
}

TEST_F(Nodes, AGatewayIsNoHostAndARemovedNodeIsNobody) {
  const auto folder = identity("gateway");
  const auto id = node::enrol(join_token("gateway", "edge"), node::Role::kGateway, "edge", folder);
  ASSERT_TRUE(id.has_value());
  const auto via = channel(folder);
  grpc::ClientContext context;
  auto stream = wire::Nodes::NewStub(via)->Attach(&context);
  wire::ToHost message;
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::PERMISSION_DENIED);

  wire::RedeemRouteReply route;
  EXPECT_EQ(redeem(via, random_token(), route).error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(running.call("DELETE", "/api/v1/hosts/" + *id, admin).status, 204);
  EXPECT_EQ(redeem(via, random_token(), route).error_code(), grpc::StatusCode::PERMISSION_DENIED);
}

TEST_F(Nodes, ACertificateOfAnotherCaIsRefused) {
  const auto folder = identity("host");
  ASSERT_TRUE(node::enrol(join_token("host", "host-1"), node::Role::kHost, "host-1", folder).has_value());
  auto forged = node::load_identity(folder).value();
  const auto other = net::make_ca("other", {running.clock.wall(), 1}).value();
  forged.tls = net::issue_with_new_key(other, {"host-1", node::node_uri(node::Role::kHost, forged.id), {}, {}},
                                       {running.clock.wall(), 1})
                   .value();
  wire::RedeemRouteReply route;
  const auto status =
      redeem(node::open_channel(forged, net::to_string(running.broker->nodes_endpoint())), random_token(), route);
  EXPECT_NE(status.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_FALSE(status.ok());
}

TEST_F(Nodes, AHostThatTalksNonsenseIsCutOff) {
  const auto folder = identity("host");
  ASSERT_TRUE(node::enrol(join_token("host", "host-1"), node::Role::kHost, "host-1", folder).has_value());
  grpc::ClientContext context;
  auto stream = wire::Nodes::NewStub(channel(folder))->Attach(&context);
  stream->Write(wire::FromHost());
  wire::ToHost message;
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::FAILED_PRECONDITION);
}

}  // namespace
}  // namespace tobari::broker
