// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/net/x224_gate.h>

#include <random>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include <tobari/base/random.h>

namespace tobari::net {
namespace {

using Bytes = std::vector<std::byte>;

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Bytes raw(std::string_view text) {
  const auto view = std::as_bytes(std::span(text));
  return {view.begin(), view.end()};
}
Bytes negotiation(std::uint32_t protocols, std::uint8_t flags = 0) {
  Bytes out{std::byte{1}, std::byte{flags}, std::byte{8}, std::byte{0}};
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::byte>(protocols >> shift & 0xff));
  return out;
}
Bytes correlation() {
  Bytes out(36, std::byte{0});
  out[0] = std::byte{6};
  out[2] = std::byte{36};
  return out;
}
Bytes request(const Bytes& variable) {
  const std::size_t size = 11 + variable.size();
  const Bytes head{std::byte{3},
                   std::byte{0},
                   static_cast<std::byte>(size >> 8),
                   static_cast<std::byte>(size & 0xff),
                   static_cast<std::byte>(size - 5),
                   std::byte{0xE0},
                   std::byte{0},
                   std::byte{0},
                   std::byte{0},
                   std::byte{0},
                   std::byte{0}};
  return head + variable;
}
ConnectionRequest parsed(const Bytes& bytes) {
  const auto result = parse_connection_request(bytes);
  EXPECT_TRUE(result.has_value()) << result.error().message;
  if (!result || !result->has_value()) {
    ADD_FAILURE() << "no request";
    return {};
  }
  return **result;
}
bool refused(const Bytes& bytes) {
  const auto result = parse_connection_request(bytes);
  return !result.has_value() && result.error().code == Errc::kPeerProtocol;
}

TEST(X224Gate, ReadsARedirectedClientsRoutingToken) {
  const std::string token = random_token();
  const Bytes bytes = request(raw("Cookie: msts=" + token + "\r\n") + negotiation(kProtocolSsl | kProtocolHybrid));
  const ConnectionRequest got = parsed(bytes);
  EXPECT_EQ(got.routing_token, token);
  EXPECT_TRUE(is_routing_token(got.routing_token));
  EXPECT_EQ(got.cookie_user, "");
  EXPECT_EQ(got.requested_protocols, 3U);
  EXPECT_EQ(got.size, bytes.size());
}

TEST(X224Gate, ReadsABareRoutingToken) {
  const std::string token = random_token();
  EXPECT_EQ(parsed(request(raw(token + "\r\n") + negotiation(1))).routing_token, token);
}

TEST(X224Gate, ReadsAnOrdinaryClientsCookie) {
  const ConnectionRequest got = parsed(request(raw("Cookie: mstshash=alice\r\n") + negotiation(11)));
  EXPECT_EQ(got.cookie_user, "alice");
  EXPECT_EQ(got.routing_token, "");
  EXPECT_TRUE(got.offers_tls());
}

TEST(X224Gate, ReadsCorrelationInfo) {
  EXPECT_TRUE(parsed(request(negotiation(1, 0x08) + correlation())).offers_tls());
}

// First packets of xfreerdp3 3.32.1 as they came: /load-balance-info:TOKEN, an ordinary connection, /sec:rdp.
TEST(X224Gate, ReadsWhatARealClientSends) {
  const ConnectionRequest routed =
      parsed(from_hex("030000403be0000000000041414141414141414141414141414141414141414141414141"
                      "4141414141414141414141414141414141410d0a0100080001000000")
                 .value());
  EXPECT_EQ(routed.routing_token, std::string(43, 'A'));
  EXPECT_TRUE(routed.offers_tls());

  const ConnectionRequest plain =
      parsed(from_hex("0300002b26e00000000000436f6f6b69653a206d737473686173683d616c6963650d0a"
                      "010008000b000000")
                 .value());
  EXPECT_EQ(plain.cookie_user, "alice");
  EXPECT_EQ(plain.requested_protocols, kProtocolSsl | kProtocolHybrid | kProtocolHybridEx);

  const ConnectionRequest old =
      parsed(from_hex("030000231ee00000000000436f6f6b69653a206d737473686173683d616c6963650d0a").value());
  EXPECT_FALSE(old.offers_tls());
}

// The 32 combinations of the five protocols: TLS goes on, everything else does not.
TEST(X224Gate, OnlyTlsGoesOn) {
  for (std::uint32_t protocols = 0; protocols < 32; ++protocols) {
    EXPECT_EQ(parsed(request(negotiation(protocols))).offers_tls(), (protocols & 1) != 0) << protocols;
  }
  EXPECT_FALSE(parsed(request({})).offers_tls()) << "a client from before negotiation";
}

TEST(X224Gate, AsksForMoreUntilTheLastByte) {
  const Bytes whole = request(raw("Cookie: msts=x\r\n") + negotiation(1));
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto result = parse_connection_request(std::span(whole).first(size));
    ASSERT_TRUE(result.has_value()) << size;
    EXPECT_FALSE(result->has_value()) << size;
  }
}

TEST(X224Gate, LeavesWhatFollowsToTheCaller) {
  const Bytes whole = request(negotiation(1));
  EXPECT_EQ(parsed(whole + raw("more")).size, whole.size());
}

TEST(X224Gate, RefusesRubbishAtItsFirstWrongByte) {
  EXPECT_TRUE(refused(raw("G")));
  EXPECT_TRUE(refused(raw("\x16\x03\x01")));                                   // TLS at once
  EXPECT_TRUE(refused({std::byte{3}, std::byte{1}}));                          // reserved byte
  EXPECT_TRUE(refused({std::byte{3}, {}, std::byte{2}, {}}));                  // 512 bytes
  EXPECT_TRUE(refused({std::byte{3}, {}, {}, std::byte{10}}));                 // shorter than the fixed part
  EXPECT_TRUE(refused({std::byte{3}, {}, {}, std::byte{19}, std::byte{13}}));  // lengths differ
  EXPECT_TRUE(refused({std::byte{3}, {}, {}, std::byte{19}, std::byte{14}, std::byte{0xF0}}));  // data, not a request
}

TEST(X224Gate, RefusesWhatASecondReaderCouldUnderstandDifferently) {
  EXPECT_TRUE(refused(request(raw("Cookie: msts=x") + negotiation(1)))) << "no line end";
  EXPECT_TRUE(refused(request(raw("Cookie: msts=x\r") + negotiation(1)))) << "half a line end";
  EXPECT_TRUE(refused(request(raw("a\nb\r\n") + negotiation(1)))) << "control character";
  EXPECT_TRUE(refused(request(raw("\xe3\x81\x82\r\n") + negotiation(1)))) << "not ASCII";
  EXPECT_TRUE(refused(request(raw("\r\n") + negotiation(1)))) << "empty token";
  EXPECT_TRUE(refused(request(raw("Cookie: msts=\r\n") + negotiation(1)))) << "empty token";
  EXPECT_TRUE(refused(request(raw("a\r\nb\r\n") + negotiation(1)))) << "two lines";
  EXPECT_TRUE(refused(request(negotiation(1) + negotiation(2)))) << "two negotiations";
  EXPECT_TRUE(refused(request(negotiation(1, 0x08)))) << "correlation announced, not there";
  EXPECT_TRUE(refused(request(negotiation(1) + correlation()))) << "correlation there, not announced";
  EXPECT_TRUE(refused(request(negotiation(1) + raw("x")))) << "one byte more";
  Bytes short_negotiation = negotiation(1);
  short_negotiation.pop_back();
  EXPECT_TRUE(refused(request(short_negotiation))) << "cut";
}

TEST(X224Gate, TokensOfOursHaveOneForm) {
  EXPECT_TRUE(is_routing_token(random_token()));
  EXPECT_FALSE(is_routing_token(""));
  EXPECT_FALSE(is_routing_token(random_token() + "A"));
  EXPECT_FALSE(is_routing_token(std::string(42, 'A') + "/"));
}

TEST(X224Gate, TheRefusalSaysThatTlsIsRequired) {
  const auto reply = ssl_required_reply();
  EXPECT_EQ(to_hex(reply), "030000130ed000000000000300080001000000");
}

// Whatever arrives, the answer is one of three; under the sanitizers this is also the test for reading outside.
TEST(X224Gate, SurvivesEveryMutationOfAGoodRequest) {
  std::mt19937 random(1);
  const Bytes good = request(raw("Cookie: msts=" + random_token() + "\r\n") + negotiation(1, 8) + correlation());
  for (int round = 0; round < 20'000; ++round) {
    Bytes bytes = good;
    for (int flips = 0; flips < 3; ++flips) bytes[random() % bytes.size()] = static_cast<std::byte>(random());
    bytes.resize(random() % (bytes.size() + 1));
    const auto result = parse_connection_request(bytes);
    ASSERT_TRUE(!result || !result->has_value() || (*result)->size <= bytes.size());
  }
}

}  // namespace
}  // namespace tobari::net
