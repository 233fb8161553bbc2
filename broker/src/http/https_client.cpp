// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/https_client.h"

#include <charconv>
#include <format>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include <tobari/base/random.h>

namespace tobari::broker {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
using Stream = beast::ssl_stream<beast::tcp_stream>;

std::unexpected<Error> unreachable(const HttpsTarget& target, const error_code& error) {
  return fail(Errc::kUnavailable,
              std::format("cannot reach the broker at {}:{}: {}", target.host, target.port, error.message()));
}

http::request<http::string_body> to_beast(const Request& from, const HttpsTarget& target) {
  const std::string path = from.query.empty() ? from.path : from.path + "?" + from.query;
  http::request<http::string_body> request(http::string_to_verb(from.method), path, 11);
  request.set(http::field::host, target.host);
  request.set(http::field::user_agent, "tobari");
  if (!from.authorization.empty()) request.set(http::field::authorization, from.authorization);
  if (!from.idempotency_key.empty()) request.set("Idempotency-Key", from.idempotency_key);
  if (!from.if_none_match.empty()) request.set(http::field::if_none_match, from.if_none_match);
  if (!from.body.empty()) {
    request.set(http::field::content_type, from.content_type.empty() ? "application/json" : from.content_type);
  }
  request.body() = from.body;
  request.prepare_payload();
  return request;
}

Response to_plain(http::response<http::string_body>&& from) {
  Response response;
  response.status = static_cast<int>(from.result_int());
  response.content_type = from[http::field::content_type];
  for (const auto& field : from) response.headers.emplace_back(field.name_string(), field.value());
  response.body = std::move(from.body());
  return response;
}

}  // namespace

Result<HttpsTarget> parse_https_url(std::string_view url) {
  constexpr std::string_view kScheme = "https://";
  const auto wrong =
      fail(Errc::kInvalidArgument, "the broker's address must look like https://HOST or https://HOST:PORT");
  if (!url.starts_with(kScheme)) return wrong;
  url.remove_prefix(kScheme.size());
  if (url.ends_with('/')) url.remove_suffix(1);
  HttpsTarget target;
  std::string_view port;
  if (url.starts_with('[')) {
    const auto end = url.find(']');
    if (end == std::string_view::npos) return wrong;
    target.host = url.substr(1, end - 1);
    port = url.substr(end + 1);
  } else {
    const auto end = std::min(url.find(':'), url.size());
    target.host = url.substr(0, end);
    port = url.substr(end);
  }
  if (target.host.empty() || target.host.find_first_of("/@?# ") != std::string::npos) return wrong;
  if (port.empty()) return target;
  const char* last = port.data() + port.size();
  const auto parsed = std::from_chars(port.data() + 1, last, target.port);
  if (port.front() != ':' || parsed.ec != std::errc() || parsed.ptr != last || target.port == 0) return wrong;
  return target;
}

class HttpsClient::Impl {
 public:
  explicit Impl(HttpsTarget target) : target_(std::move(target)) {}

  Result<Response> send(const Request& request) {
    const bool kept = stream_ != nullptr;
    auto answer = once(request);
    // A server may close a kept connection at any time; that says nothing about this request.
    if (!answer.has_value() && kept && answer.error().code == Errc::kUnavailable) answer = once(request);
    return answer;
  }
  const std::string& fingerprint() const { return fingerprint_; }

 private:
  Result<Response> once(const Request& request) {
    Result<Response> answer = fail(Errc::kInternal, "not run");
    asio::co_spawn(
        io_, [this, &request, &answer]() -> asio::awaitable<void> { answer = co_await exchange(request); },
        [](const std::exception_ptr&) {});
    io_.restart();
    io_.run();
    if (!answer.has_value()) stream_.reset();
    return answer;
  }

  asio::awaitable<Result<Response>> exchange(const Request& request) {
    if (stream_ == nullptr) {
      auto connected = co_await connect();
      if (!connected.has_value()) co_return std::unexpected<Error>(std::move(connected).error());
    }
    auto& line = beast::get_lowest_layer(*stream_);
    line.expires_after(kTimeout);
    const auto message = to_beast(request, target_);
    if (const auto [error, sent] = co_await http::async_write(*stream_, message, kAwait); error) {
      co_return unreachable(target_, error);
    }
    http::response_parser<http::string_body> parser;
    parser.body_limit(kMaxReplyBytes);
    if (const auto [error, got] = co_await http::async_read(*stream_, buffer_, parser, kAwait); error) {
      co_return unreachable(target_, error);
    }
    const bool keep = parser.get().keep_alive();
    Response response = to_plain(parser.release());
    if (!keep) stream_.reset();
    co_return response;
  }

  asio::awaitable<Result<void>> connect() {
    auto prepared = prepare_tls();
    if (!prepared.has_value()) co_return prepared;
    tcp::resolver resolver(io_);
    const auto [no_name, addresses] =
        co_await resolver.async_resolve(target_.host, std::to_string(target_.port), kAwait);
    if (no_name) co_return unreachable(target_, no_name);
    buffer_.clear();
    auto stream = std::make_unique<Stream>(io_, *tls_);
    auto& line = beast::get_lowest_layer(*stream);
    line.expires_after(kTimeout);
    if (const auto [error, where] = co_await line.async_connect(addresses, kAwait); error) {
      co_return unreachable(target_, error);
    }
    line.socket().set_option(tcp::no_delay(true));
    // SSL_set_tlsext_host_name without its macro's old-style cast.
    ::SSL_ctrl(stream->native_handle(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, target_.host.data());
    stream->set_verify_mode(asio::ssl::verify_peer);
    stream->set_verify_callback([this, check = asio::ssl::host_name_verification(target_.host)](
                                    bool trusted, asio::ssl::verify_context& context) {
      note_fingerprint(::X509_STORE_CTX_get0_cert(context.native_handle()));
      return check(trusted, context);
    });
    if (const auto [error] = co_await stream->async_handshake(asio::ssl::stream_base::client, kAwait); error) {
      const long verdict = ::SSL_get_verify_result(stream->native_handle());
      if (verdict == X509_V_OK) co_return unreachable(target_, error);
      co_return fail(Errc::kUnauthenticated, std::format("the broker's certificate is not believed ({})",
                                                         ::X509_verify_cert_error_string(verdict)));
    }
    stream_ = std::move(stream);
    co_return Result<void>{};
  }

  Result<void> prepare_tls() {
    if (prepared_) return {};
    tls_.emplace(asio::ssl::context::tls_client);
    ::SSL_CTX_set_min_proto_version(tls_->native_handle(), TLS1_2_VERSION);
    error_code error;
    if (target_.ca_pem.empty()) {
      tls_->set_default_verify_paths(error);
    } else {
      tls_->add_certificate_authority(asio::buffer(target_.ca_pem), error);
    }
    if (error) return fail(Errc::kInvalidArgument, "the CA file holds no certificate: " + error.message());
    if (!target_.device_certificate_pem.empty()) TOBARI_TRY(show_device(*tls_));
    prepared_ = true;
    return {};
  }

  Result<void> show_device(asio::ssl::context& tls) {
    error_code error;
    tls.use_certificate_chain(asio::buffer(target_.device_certificate_pem), error);
    if (error)
      return fail(Errc::kInvalidArgument, "the device's certificate file holds none in PEM: " + error.message());
    // An encrypted key must not make OpenSSL ask on the terminal.
    tls.set_password_callback([](std::size_t, asio::ssl::context::password_purpose) { return std::string(); }, error);
    tls.use_private_key(asio::buffer(target_.device_key_pem), asio::ssl::context::pem, error);
    if (error) {
      return fail(
          Errc::kInvalidArgument,
          "the device's key is not in PEM without a passphrase, or is another certificate's: " + error.message());
    }
    return {};
  }

  void note_fingerprint(::X509* certificate) {
    std::array<std::byte, 32> digest{};
    unsigned size = 0;
    if (certificate == nullptr ||
        ::X509_digest(certificate, ::EVP_sha256(), reinterpret_cast<unsigned char*>(digest.data()), &size) != 1) {
      return;
    }
    fingerprint_ = to_hex(digest);
  }

  HttpsTarget target_;
  asio::io_context io_{1};
  std::optional<asio::ssl::context> tls_;
  bool prepared_ = false;  // tls_ is whole
  std::unique_ptr<Stream> stream_;
  beast::flat_buffer buffer_;
  std::string fingerprint_;
};

HttpsClient::HttpsClient(HttpsTarget target) : impl_(std::make_unique<Impl>(std::move(target))) {}
HttpsClient::~HttpsClient() = default;
Result<Response> HttpsClient::send(const Request& request) {
  try {
    return impl_->send(request);
  } catch (const std::exception& e) {
    return fail(Errc::kUnavailable, std::format("talk to the broker: {}", e.what()));
  }
}
const std::string& HttpsClient::peer_fingerprint() const noexcept { return impl_->fingerprint(); }

}  // namespace tobari::broker
