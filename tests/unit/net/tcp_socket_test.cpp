// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/net/tcp_socket.h>

#include <gmock/gmock.h>
#include <sys/socket.h>

namespace tobari::net {
namespace {

TEST(Endpoint, ReadsBothFamiliesAndNames) {
  EXPECT_EQ(*parse_endpoint("127.0.0.1:3389"), (Endpoint{"127.0.0.1", 3389}));
  EXPECT_EQ(*parse_endpoint("[::1]:0"), (Endpoint{"::1", 0}));
  EXPECT_EQ(*parse_endpoint("broker.example:8444"), (Endpoint{"broker.example", 8444}));
  for (const char* text : {"127.0.0.1:3389", "[::1]:80"}) EXPECT_EQ(to_string(*parse_endpoint(text)), text);
}

TEST(Endpoint, SaysWhatToWriteInstead) {
  EXPECT_THAT(parse_endpoint("127.0.0.1").error().message, testing::HasSubstr("ADDRESS:PORT"));
  EXPECT_THAT(parse_endpoint("::1:80").error().message, testing::HasSubstr("[::1]:PORT"));
  for (const char* bad : {"", ":", ":80", "a:", "a:65536", "a:-1", "a:8x", "[]:80"}) {
    EXPECT_FALSE(parse_endpoint(bad).has_value()) << bad;
  }
}

class Sockets : public testing::TestWithParam<const char*> {};

TEST_P(Sockets, ListenConnectAndTellTheirAddresses) {
  const auto listener = listen_tcp({GetParam(), 0});
  if (!listener) GTEST_SKIP() << "no such address family here: " << listener.error().message;
  const Endpoint bound = local_endpoint(listener->get()).value();
  EXPECT_NE(bound.port, 0);

  const auto client = connect_tcp(bound, std::chrono::seconds(5));
  ASSERT_TRUE(client.has_value()) << client.error().message;
  EXPECT_EQ(peer_endpoint(client->get()).value(), bound);
  EXPECT_TRUE(tune_session_socket(client->get(), std::chrono::seconds(60)).has_value());
  const UniqueFd accepted(::accept(listener->get(), nullptr, nullptr));
  EXPECT_EQ(peer_endpoint(accepted.get()).value(), local_endpoint(client->get()).value());
}
INSTANTIATE_TEST_SUITE_P(, Sockets, testing::Values("127.0.0.1", "::1"),
                         [](const auto& which) { return which.index == 0 ? "IPv4" : "IPv6"; });

TEST(TcpSocket, ConnectingToNobodyFails) {
  Endpoint gone;
  {
    const auto listener = listen_tcp({"127.0.0.1", 0}).value();
    gone = local_endpoint(listener.get()).value();
  }
  EXPECT_EQ(connect_tcp(gone, std::chrono::seconds(5)).error().code, Errc::kUnavailable);
}

TEST(TcpSocket, OnlyNumericAddressesListen) { EXPECT_FALSE(listen_tcp({"localhost", 0}).has_value()); }

}  // namespace
}  // namespace tobari::net
