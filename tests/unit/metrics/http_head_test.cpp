// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/metrics/http_head.h>

#include <string>

#include <gtest/gtest.h>

namespace tobari::metrics {
namespace {

std::optional<RequestHead> whole(std::string_view bytes) {
  auto parsed = parse_request_head(bytes);
  return parsed.has_value() ? *std::move(parsed) : std::nullopt;
}
bool refused(std::string_view bytes) {
  const auto parsed = parse_request_head(bytes);
  return !parsed.has_value() && parsed.error().code == Errc::kPeerProtocol;
}

TEST(HttpHead, TakesMethodAndPathWithoutTheQuery) {
  const auto head = whole("GET /metrics?name[]=up HTTP/1.1\r\nHost: a\r\nAccept: */*\r\n\r\n");
  ASSERT_TRUE(head.has_value());
  EXPECT_EQ(head->method, "GET");
  EXPECT_EQ(head->path, "/metrics");
}

TEST(HttpHead, WaitsForTheRestWhereverItIsCut) {
  const std::string request = "GET /healthz HTTP/1.0\r\nHost: example\r\n\r\n";
  for (std::size_t length = 0; length < request.size(); ++length) {
    const auto parsed = parse_request_head(request.substr(0, length));
    ASSERT_TRUE(parsed.has_value()) << length;
    EXPECT_FALSE(parsed->has_value()) << length;
  }
  EXPECT_TRUE(whole(request).has_value());
}

TEST(HttpHead, RefusesWhatIsNoRequestOfThisKind) {
  EXPECT_TRUE(refused("\r\n\r\n"));
  EXPECT_TRUE(refused("GET\r\n\r\n"));
  EXPECT_TRUE(refused("GET /\r\n\r\n"));
  EXPECT_TRUE(refused("GET / HTTP/2.0\r\n\r\n"));
  EXPECT_TRUE(refused("GET / HTTP/1.1 more\r\n\r\n"));
  EXPECT_TRUE(refused("GET http://a/ HTTP/1.1\r\n\r\n"));
  EXPECT_TRUE(refused("G\x01T / HTTP/1.1\r\n\r\n"));
  EXPECT_TRUE(refused("GET /\x7f HTTP/1.1\r\n\r\n"));
  EXPECT_TRUE(refused("GET / HTTP/1.1\r\nno colon\r\n\r\n"));
  EXPECT_TRUE(refused("GET / HTTP/1.1\r\n folded: line\r\n\r\n"));
  EXPECT_TRUE(refused("GET / HTTP/1.1\r\nA: b\nC: d\r\n\r\n"));
  EXPECT_TRUE(refused(std::string_view("GET / HTTP/1.1\r\nA: \0\r\n\r\n", 24)));
}

TEST(HttpHead, RefusesBodiesAndSecondRequests) {
  EXPECT_TRUE(refused("POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n"));
  EXPECT_TRUE(refused("POST / HTTP/1.1\r\ntransfer-ENCODING: chunked\r\n\r\n"));
  EXPECT_TRUE(refused("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n"));
  EXPECT_TRUE(whole("GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n").has_value());
}

TEST(HttpHead, EndsAtItsMaxima) {
  EXPECT_TRUE(refused("GET /" + std::string(kMaxTargetBytes, 'a') + " HTTP/1.1\r\n\r\n"));
  EXPECT_TRUE(refused(std::string(kMaxHeadBytes, 'a')));
  EXPECT_FALSE(refused(std::string(kMaxHeadBytes - 1, 'a')));
  std::string fields;
  for (std::size_t i = 0; i <= kMaxHeadLines; ++i) fields += "A: b\r\n";
  EXPECT_TRUE(refused("GET / HTTP/1.1\r\n" + fields + "\r\n"));
  EXPECT_TRUE(whole("GET / HTTP/1.1\r\n" + fields.substr(6) + "\r\n").has_value());
}

}  // namespace
}  // namespace tobari::metrics
