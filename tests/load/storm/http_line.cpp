// SPDX-License-Identifier: GPL-3.0-or-later
#include "http_line.h"

#include <charconv>
#include <format>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include "storm_plan.h"

namespace tobari::load {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

std::unexpected<Error> line_lost(const char* doing_what, const error_code& error) {
  return fail(Errc::kUnavailable, std::format("{}: {}", doing_what, error.message()));
}

http::request<http::string_body> request_of(const HttpQuestion& question, const std::string& host) {
  http::request<http::string_body> request(http::string_to_verb(question.method), question.path, 11);
  request.set(http::field::host, host);
  request.set(http::field::user_agent, "tobari-load");
  if (!question.token.empty()) request.set(http::field::authorization, "Bearer " + question.token);
  if (!question.idempotency_key.empty()) request.set("Idempotency-Key", question.idempotency_key);
  if (!question.body.empty()) request.set(http::field::content_type, "application/json");
  request.body() = question.body;
  request.prepare_payload();
  return request;
}

std::optional<std::chrono::seconds> seconds_in(std::string_view text) {
  int value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec != std::errc() || value < 0) return std::nullopt;
  return std::chrono::seconds(value);
}

}  // namespace

asio::awaitable<Result<void>> HttpLine::connect() {
  buffer_.clear();
  auto stream = std::make_unique<Stream>(io_, tls_);
  auto& line = beast::get_lowest_layer(*stream);
  error_code error;
  line.socket().open(broker_.protocol(), error);
  if (!error && from_.has_value()) line.socket().bind(Endpoint(*from_, 0), error);
  if (error) co_return line_lost("take an address", error);
  line.expires_after(kConnectWithin);
  const auto [refused] = co_await line.async_connect(broker_, kAwait);
  if (refused) co_return line_lost("connect", refused);
  line.socket().set_option(tcp::no_delay(true), error);
  stream->set_verify_mode(asio::ssl::verify_peer);
  stream->set_verify_callback(asio::ssl::host_name_verification(broker_.address().to_string()));
  const auto [unbelieved] = co_await stream->async_handshake(asio::ssl::stream_base::client, kAwait);
  if (unbelieved) co_return line_lost("TLS", unbelieved);
  stream_ = std::move(stream);
  co_return Result<void>{};
}

asio::awaitable<Result<HttpReply>> HttpLine::exchange(HttpQuestion question) {
  if (stream_ == nullptr) {
    const Result<void> connected = co_await connect();
    if (!connected.has_value()) co_return std::unexpected<Error>(connected.error());
  }
  auto& line = beast::get_lowest_layer(*stream_);
  line.expires_after(kAnswerWithin);
  const auto request = request_of(question, broker_.address().to_string());
  const auto [unsent, sent] = co_await http::async_write(*stream_, request, kAwait);
  if (unsent) co_return line_lost("send", unsent);
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxReplyBytes);
  const auto [unread, got] = co_await http::async_read(*stream_, buffer_, parser, kAwait);
  if (unread) co_return line_lost("read the answer", unread);
  line.expires_never();
  const bool keep = parser.get().keep_alive();
  auto response = parser.release();
  HttpReply reply;
  reply.status = static_cast<int>(response.result_int());
  reply.retry_after = seconds_in(response[http::field::retry_after]);
  reply.body = std::move(response.body());
  if (!keep) stream_.reset();
  co_return reply;
}

asio::awaitable<Result<HttpReply>> HttpLine::ask(HttpQuestion question) {
  Result<HttpReply> reply = co_await exchange(std::move(question));
  if (!reply.has_value()) stream_.reset();
  co_return reply;
}

}  // namespace tobari::load
