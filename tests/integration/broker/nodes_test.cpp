// SPDX-License-Identifier: GPL-3.0-or-later
// Nodes over real gRPC and TLS: enrol, attach, open a display, redeem its route.
#include <array>
#include <csignal>
#include <deque>
#include <future>
#include <stdio.h>
#include <thread>
#include <utility>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <sys/stat.h>

#include <tobari/host.grpc.pb.h>
#include <tobari/net/node_link.h>

#include "fake_host.h"
#include "running_broker.h"

namespace tobari::broker {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

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
  // Makes both, when the host's hello has arrived; the desktop's id.
  std::string desktop_of_alice() {
    EXPECT_EQ(running.call("POST", "/api/v1/users", admin, R"({"name":"alice","password":"correct password"})").status,
              201);
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    Response made;
    do {
      made = running.call("POST", "/api/v1/desktops", admin, R"({"user":"alice","image":"debian"})");
    } while (made.status == 404 && std::chrono::steady_clock::now() < deadline);
    EXPECT_EQ(made.status, 201) << made.body;
    return nlohmann::json::parse(made.body).value("id", "");
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

TEST_F(Nodes, OneCallFindsMakesStartsAndOpensADesktopOfAPool) {
  const auto host_dir = identity("host");
  ASSERT_TRUE(node::enrol(join_token("host", "host-1"), node::Role::kHost, "host-1", host_dir).has_value());
  FakeHost host(channel(host_dir));
  const std::string alice = [this] {
    static_cast<void>(desktop_of_alice());  // when that is made the host's hello has arrived
    return running.sign_in("alice");
  }();
  const Response made =
      running.call("POST", "/api/v1/pools", admin, R"({"name":"office","kind":"floating","image":"debian","max":2})");
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string pool = nlohmann::json::parse(made.body).at("id");
  const Response connected = running.call("POST", "/api/v1/pools/" + pool + "/connect", alice);
  ASSERT_EQ(connected.status, 200) << connected.body << ": nobody had to ask twice";
  const auto reply = nlohmann::json::parse(connected.body);
  EXPECT_EQ(reply.at("certificate_sha256"), kFingerprint);
  const auto pools = nlohmann::json::parse(running.call("GET", "/api/v1/desktops", alice).body).at("pools");
  ASSERT_EQ(pools.size(), 1U);
  EXPECT_EQ(pools[0].at("desktop_id"), reply.at("desktop_id"));
  auto closed = host.next_close();
  const std::string desktop = reply.at("desktop_id");
  EXPECT_EQ(running.call("POST", "/api/v1/desktops/" + desktop + "/logoff", alice).status, 202);
  ASSERT_EQ(closed.wait_for(10s), std::future_status::ready);
  EXPECT_THAT(closed.get(), HasSubstr("log-off by alice"));
  EXPECT_EQ(until(404, "GET", "/api/v1/desktops/" + desktop, admin).status, 404) << "its host has deleted it";
}

TEST_F(Nodes, FromJoinTokenToAConnectionRedeemedOnce) {
  const auto host_dir = identity("host");
  const auto gateway_dir = identity("gateway");
  ASSERT_TRUE(node::enrol(join_token("host", "host-1"), node::Role::kHost, "host-1", host_dir).has_value());
  ASSERT_TRUE(node::enrol(join_token("gateway", "edge"), node::Role::kGateway, "edge", gateway_dir).has_value());
  FakeHost host(channel(host_dir));
  const std::string desktop = desktop_of_alice();
  ASSERT_FALSE(desktop.empty());
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

// The house's devices only, from the configuration file to the command line.
class HouseDevices : public Nodes {
 protected:
  void SetUp() override {
    running.write("house.pem", house.certificate_pem);
    running.write("pad.crt", pad.certificate_pem);
    running.write("pad.key", pad.key_pem);
    ::chmod(path("pad.key").c_str(), 0600);
    running.write("policy.yaml", kHouseOnly);
    running.write("broker.yaml",
                  "listen: 127.0.0.1:1\nnodes_listen: 127.0.0.1:2\ngateway_address: 127.0.0.1:3389\n"
                  "public_names: [127.0.0.1, localhost]\nstate_dir: " +
                      path("state") + "\npolicy: " + path("policy.yaml") +
                      "\ndevice_authorities: [{name: house-devices, file: " + path("house.pem") + "}]\n");
    auto config = load_config(path("broker.yaml"));
    ASSERT_TRUE(config.has_value()) << config.error().message;
    config->listen = running.config.listen;
    config->nodes_listen = running.config.nodes_listen;
    running.config = *config;
    Nodes::SetUp();
  }
  std::string path(const char* name) const { return (running.folder / name).string(); }
  // What the program prints, and its exit status.
  std::pair<std::string, int> tobari(const std::string& arguments) const {
    return run("XDG_CONFIG_HOME='" + running.folder.string() + "' '" TOBARI_CLI "' " + arguments);
  }
  static std::pair<std::string, int> run(const std::string& command) {
    FILE* pipe = ::popen((command + " 2>&1").c_str(), "r");  // NOLINT(concurrency-mt-unsafe)
    std::string output;
    std::array<char, 4096> block{};
    while (const std::size_t got = ::fread(block.data(), 1, block.size(), pipe)) output.append(block.data(), got);
    return {output, WEXITSTATUS(::pclose(pipe))};
  }
  std::string login() const {
    return "login alice --broker https://" + net::to_string(running.broker->portal_endpoint()) + " --ca " +
           path("state/ca.crt") + " --password-file " + path("password");
  }
  std::string device() const { return " --device-certificate " + path("pad.crt") + " --device-key " + path("pad.key"); }

  static constexpr const char* kHouseOnly =
      "version: 1\nrules:\n  - {name: house, what: connect, certificate: [{issuer: house-devices}], effect: allow}\n";
  const net::Identity house = net::make_ca("house", {running.clock.wall(), 1}).value();
  const net::Identity pad = net::issue_with_new_key(house, {"pad", "", {}, {}}, {running.clock.wall(), 1}).value();
};

TEST_F(HouseDevices, AreLetInUntilTheyAreLost) {
  const auto folder = identity("host");
  ASSERT_TRUE(node::enrol(join_token("host", "host-1"), node::Role::kHost, "host-1", folder).has_value());
  FakeHost host(channel(folder));
  const std::string desktop = desktop_of_alice();
  const std::string alice = running.sign_in("alice");
  EXPECT_EQ(until(403, "POST", "/api/v1/desktops/" + desktop + "/connect", alice).status, 403);  // it runs now

  ASSERT_EQ(tobari(login()).second, 0);
  const auto without = tobari("desktops connect");
  EXPECT_EQ(without.second, 1);
  EXPECT_THAT(without.first, HasSubstr("the policy does not let you connect"));
  EXPECT_THAT(tobari(login() + " --device-key x").first, HasSubstr("go together"));
  ASSERT_EQ(tobari(login() + device()).second, 0);
  const auto with = tobari("desktops connect");
  EXPECT_EQ(with.second, 0) << with.first;
  EXPECT_THAT(with.first, HasSubstr("xfreerdp3"));

  const std::string sha256 = net::fingerprint(pad.certificate_pem).value();
  EXPECT_THAT(running.call("GET", "/api/v1/audit", admin).body,
              HasSubstr("device " + sha256.substr(0, 16) + " of house-devices"));
  auto closed = host.next_close();
  running.write("policy.yaml", std::string(kHouseOnly) + "  - {name: lost, what: connect, certificate: [{sha256: '" +
                                   sha256 + "'}], effect: deny}\n");
  running.broker->reload_policy();
  ASSERT_EQ(closed.wait_for(10s), std::future_status::ready);
  EXPECT_THAT(closed.get(), HasSubstr("lost"));
  EXPECT_EQ(tobari("desktops connect").second, 1);

  ::chmod(path("pad.key").c_str(), 0644);
  EXPECT_THAT(tobari("desktops list").first, HasSubstr("chmod o-rwx"));
  std::filesystem::remove(path("pad.key"));
  EXPECT_THAT(tobari("logout").first, HasSubstr("pad.key"));
  EXPECT_THAT(tobari("desktops list").first, HasSubstr("tobari login")) << "what cannot be used is forgotten";
}

// The broker's own program, in the place of the one in this process.
TEST_F(HouseDevices, TheProgramAsksThemOrSaysWhatIsWrong) {
  const std::uint16_t port = running.broker->portal_endpoint().port;
  const std::string url = "https://127.0.0.1:" + std::to_string(port);
  running.broker.reset();
  const std::string rest =
      "nodes_listen: 127.0.0.1:0\ngateway_address: 127.0.0.1:3389\npublic_names: [127.0.0.1]\n"
      "state_dir: " +
      path("state") + "\npolicy: " + path("policy.yaml") + "\n" + "listen: 127.0.0.1:" + std::to_string(port) + "\n";
  const std::string program = "'" TOBARI_BROKER "' --config " + path("broker.yaml");
  const auto authority = [this, &rest](const char* file) {
    running.write("broker.yaml", rest + "device_authorities: [{name: house-devices, file: " + path(file) + "}]\n");
  };
  authority("gone.pem");
  const auto refused = run(program);
  EXPECT_EQ(refused.second, 2);
  EXPECT_THAT(refused.first, HasSubstr("device authority 'house-devices': put its certificates there"));
  authority("pad.crt");
  EXPECT_THAT(run(program).first, HasSubstr("is no authority's"));
  authority("house.pem");
  running.write("policy.yaml", std::string(kHouseOnly) +
                                   "  - {name: x, what: connect, certificate: [{issuer: huose}], "
                                   "effect: allow}\n");
  FILE* broker = ::popen(("echo $$; exec " + program + " 2>&1").c_str(), "r");  // NOLINT(concurrency-mt-unsafe)
  std::string said;
  std::array<char, 4096> line{};
  ASSERT_NE(::fgets(line.data(), line.size(), broker), nullptr);
  const pid_t pid = std::stoi(line.data());
  while (!said.contains("serving") && ::fgets(line.data(), line.size(), broker) != nullptr) said += line.data();
  EXPECT_THAT(said, HasSubstr("rule 'x': there is no device authority 'huose'"));
  const net::Identity stranger = net::issue_with_new_key(net::make_ca("other", {running.clock.wall(), 1}).value(),
                                                         {"pad", "", {}, {}}, {running.clock.wall(), 1})
                                     .value();
  running.write("other.crt", stranger.certificate_pem);
  running.write("other.key", stranger.key_pem);
  ::chmod(path("other.key").c_str(), 0600);
  const auto login_with = [&](const char* certificate, const char* key) {
    return tobari("login root --broker " + url + " --ca " + path("state/ca.crt") + " --password-file " +
                  path("password") + " --device-certificate " + path(certificate) + " --device-key " + path(key));
  };
  EXPECT_EQ(login_with("pad.crt", "pad.key").second, 0);
  EXPECT_EQ(login_with("other.crt", "other.key").second, 0) << "it counts as none, and the sign-in goes on";
  EXPECT_THAT(login_with("pad.crt", "other.key").first, HasSubstr("another certificate's"));
  EXPECT_THAT(login_with("password", "pad.key").first, HasSubstr("holds none in PEM"));
  while (!said.contains("counts as none") && ::fgets(line.data(), line.size(), broker) != nullptr) said += line.data();
  EXPECT_THAT(said, HasSubstr(net::fingerprint(stranger.certificate_pem).value().substr(0, 16)));
  EXPECT_THAT(said, testing::Not(HasSubstr(net::fingerprint(pad.certificate_pem).value().substr(0, 16))));
  ASSERT_EQ(::kill(pid, SIGTERM), 0);
  EXPECT_EQ(::pclose(broker), 0);
}

}  // namespace
}  // namespace tobari::broker
