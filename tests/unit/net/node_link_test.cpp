// SPDX-License-Identifier: GPL-3.0-or-later
// The link against a broker of a few lines: a real gRPC server on loopback with our own certificates.
#include <tobari/net/node_link.h>

#include <filesystem>
#include <memory>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <sys/stat.h>

#include <tobari/base/random.h>
#include <tobari/host.grpc.pb.h>
#include <tobari/net/grpc_status.h>

#include "support/fake_broker.h"

namespace tobari::node {
namespace {

namespace fs = std::filesystem;

using testing_support::FakeBroker;

class NodeLink : public testing::Test {
 protected:
  NodeLink() { fs::create_directories(root_); }
  ~NodeLink() override { fs::remove_all(root_); }
  std::size_t entries() const {
    return static_cast<std::size_t>(std::distance(fs::directory_iterator(root_), fs::directory_iterator()));
  }

  net::Identity ca_ = net::make_ca("test CA", FakeBroker::day()).value();
  FakeBroker broker_{ca_};
  fs::path root_ = fs::temp_directory_path() / ("node_link." + random_uuid());
  fs::path dir_ = root_ / "identity";
};

TEST_F(NodeLink, EnrolsAndIsKnownByItsCertificate) {
  const auto id = enrol(broker_.join_token(), Role::kGateway, "edge-1", dir_);
  ASSERT_TRUE(id.has_value()) << describe(id.error());
  EXPECT_EQ(entries(), 1U) << "nothing but the identity is left";
  struct stat key{};
  ASSERT_EQ(::stat((dir_ / "node.key").c_str(), &key), 0);
  EXPECT_EQ(key.st_mode & 0777, 0600U);

  const auto channel = open(dir_, broker_.address());
  ASSERT_TRUE(channel.has_value()) << describe(channel.error());
  grpc::ClientContext call;
  wire::RedeemRouteReply reply;
  const grpc::Status status = wire::Nodes::NewStub(*channel)->RedeemRoute(&call, {}, &reply);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::NOT_FOUND) << "an answer: the line works both ways";
  EXPECT_EQ(broker_.last_caller(), node_uri(Role::kGateway, *id));
  EXPECT_EQ(parse_node_uri(broker_.last_caller())->id, *id);
}

TEST_F(NodeLink, AUsedTokenLeavesNothingBehind) {
  const std::string token = broker_.join_token();
  ASSERT_TRUE(enrol(token, Role::kHost, "host-1", dir_).has_value());
  const auto again = enrol(token, Role::kHost, "host-1", root_ / "second");
  ASSERT_FALSE(again.has_value());
  EXPECT_EQ(again.error().code, Errc::kUnauthenticated) << describe(again.error());
  EXPECT_EQ(entries(), 1U);
}

TEST_F(NodeLink, AnExistingIdentityIsNotOverwrittenAndTheTokenNotUsed) {
  fs::create_directories(dir_);
  {
    const auto file = std::unique_ptr<FILE, int (*)(FILE*)>(std::fopen((dir_ / "x").c_str(), "w"), std::fclose);
  }
  EXPECT_EQ(enrol(broker_.join_token(), Role::kHost, "host-1", dir_).error().code, Errc::kAlreadyExists);
  EXPECT_FALSE(broker_.token.empty());
}

TEST_F(NodeLink, AnEmptyFolderIsFilled) {
  fs::create_directories(dir_);
  EXPECT_TRUE(enrol(broker_.join_token(), Role::kHost, "host-1", dir_.string() + "/").has_value());
  EXPECT_TRUE(load_identity(dir_).has_value());
}

TEST_F(NodeLink, ABrokerOfAnotherCaIsRefused) {
  const net::Identity other = net::make_ca("test CA", FakeBroker::day()).value();
  const std::string token =
      encode({.broker = broker_.address(), .token = broker_.token, .ca_pem = other.certificate_pem}).value();
  EXPECT_EQ(enrol(token, Role::kHost, "host-1", dir_).error().code, Errc::kUnavailable);
  EXPECT_FALSE(broker_.token.empty()) << "the secret was not sent";
}

TEST_F(NodeLink, ACertificateForSomebodyElseIsRefused) {
  broker_.names_another_node = true;
  EXPECT_EQ(enrol(broker_.join_token(), Role::kHost, "host-1", dir_).error().code, Errc::kUnauthenticated);
  EXPECT_EQ(entries(), 0U);
}

TEST(JoinToken, RefusesWhatIsNone) {
  for (const std::string& bad : {std::string(), std::string("x"), std::string("e30"), std::string(9000, 'A'),
                                 to_base64url(std::as_bytes(std::span(R"({"broker":1,"token":"","ca":""})", 31)))}) {
    EXPECT_EQ(decode_join_token(bad).error().code, Errc::kInvalidArgument);
  }
}

TEST(NodeName, OnlyOurTwoFormsAreNodes) {
  const std::string id = random_uuid();
  EXPECT_EQ(parse_node_uri("tobari://host/" + id)->role, Role::kHost);
  for (const std::string& bad : {"tobari://host/" + id + "/x", "tobari://user/" + id, "https://host/" + id,
                                 std::string("tobari://host/"), std::string("tobari://host/../x")}) {
    EXPECT_FALSE(parse_node_uri(bad).has_value()) << bad;
  }
}

TEST(GrpcStatus, EveryErrorComesBackAsItself) {
  for (const Errc code : {Errc::kInvalidArgument, Errc::kNotFound, Errc::kAlreadyExists, Errc::kPermissionDenied,
                          Errc::kUnauthenticated, Errc::kUnavailable, Errc::kTimeout, Errc::kCancelled,
                          Errc::kExhausted, Errc::kPeerProtocol, Errc::kIo, Errc::kInternal}) {
    EXPECT_EQ(error_of(status_of({.code = code, .message = "x"})).code, code);
  }
}

}  // namespace
}  // namespace tobari::node
