// SPDX-License-Identifier: GPL-3.0-or-later
#include "http/http_server.h"

#include <array>
#include <atomic>
#include <format>
#include <map>
#include <thread>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>

#include <tobari/base/log.h>

#include "http/problem.h"

namespace tobari::broker {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using tcp = asio::ip::tcp;
using boost::system::error_code;

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxDrainBytes = std::size_t{1024} * 1024;
constexpr std::chrono::seconds kMaxDrainTime{2};

std::string header(const http::request<http::string_body>& request, http::field name) {
  const auto at = request.find(name);
  return at == request.end() ? std::string() : std::string(at->value());
}

// One connection's other side: what every request of it carries.
struct Peer {
  std::string address;
  std::optional<ShownDevice> device;  // nothing: devices are not asked
};

Request to_plain(http::request<http::string_body>&& from, const Peer& peer) {
  Request request;
  request.method = from.method_string();
  const std::string_view target = from.target();
  const auto mark = std::min(target.find('?'), target.size());
  request.path = target.substr(0, mark);
  if (mark < target.size()) request.query = target.substr(mark + 1);
  request.authorization = header(from, http::field::authorization);
  request.content_type = header(from, http::field::content_type);
  request.if_none_match = header(from, http::field::if_none_match);
  const auto key = from.find("Idempotency-Key");
  if (key != from.end()) request.idempotency_key = key->value();
  request.body = std::move(from.body());
  request.client_address = peer.address;
  if (peer.device) request.device = peer.device->at(std::chrono::system_clock::now());
  return request;
}

http::response<http::string_body> to_beast(Response&& from, bool keep_alive) {
  http::response<http::string_body> response(static_cast<http::status>(from.status), 11);
  if (!from.content_type.empty() && from.status != 204 && from.status != 304) {
    response.set(http::field::content_type, from.content_type);
  }
  response.set(http::field::cache_control, "no-store");
  response.set(http::field::strict_transport_security, "max-age=31536000");
  response.set("X-Content-Type-Options", "nosniff");
  response.set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  for (const auto& [name, value] : from.headers) response.set(name, value);
  response.keep_alive(keep_alive);
  response.body() = std::move(from.body);
  response.prepare_payload();
  return response;
}

// nullopt: the peer went away or took too long, which needs no answer.
std::optional<Response> refusal_of(const error_code& error) {
  if (error == http::error::end_of_stream || error == http::error::partial_message) return std::nullopt;
  if (error == http::error::header_limit) return plain_problem(431, "header_too_large", "the header is over 8 KiB");
  if (error == http::error::body_limit) return plain_problem(413, "body_too_large", "the body is over 64 KiB");
  if (error.category() == http::make_error_code(http::error::bad_target).category()) {
    return plain_problem(400, "malformed", "this is not HTTP/1.1");
  }
  return std::nullopt;
}

Result<asio::ssl::context> make_tls(const net::Identity& identity) {
  asio::ssl::context tls(asio::ssl::context::tls_server);
  error_code error;
  tls.set_options(asio::ssl::context::default_workarounds | asio::ssl::context::no_tlsv1 |
                      asio::ssl::context::no_tlsv1_1 | asio::ssl::context::no_compression,
                  error);
  ::SSL_CTX_set_min_proto_version(tls.native_handle(), TLS1_2_VERSION);
  // AEAD only; TLS 1.3 has nothing else.
  ::SSL_CTX_set_cipher_list(tls.native_handle(), "ECDHE+AESGCM:ECDHE+CHACHA20");
  tls.use_certificate_chain(asio::buffer(identity.certificate_pem), error);
  if (error) return fail(Errc::kInvalidArgument, "portal certificate: " + error.message());
  tls.use_private_key(asio::buffer(identity.key_pem), asio::ssl::context::pem, error);
  if (error) return fail(Errc::kInvalidArgument, "portal key: " + error.message());
  return tls;
}

}  // namespace

class HttpServer::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::ssl::context tls, std::unique_ptr<DeviceCertificates> devices, RequestHandler handler, HttpLimits limits)
      : limits_(limits),
        devices_(std::move(devices)),
        tls_(std::move(tls)),
        handler_(std::move(handler)),
        acceptor_(io_) {}

  Result<void> listen(const net::Endpoint& endpoint) {
    TOBARI_ASSIGN(UniqueFd fd, net::listen_tcp(endpoint));
    TOBARI_ASSIGN(endpoint_, net::local_endpoint(fd.get()));
    error_code error;
    const auto protocol = endpoint_.address.contains(':') ? tcp::v6() : tcp::v4();
    acceptor_.assign(protocol, fd.release(), error);
    if (error) return fail(Errc::kIo, "listen: " + error.message());
    return {};
  }

  void run() {
    asio::co_spawn(io_, accept_loop(), asio::detached);
    thread_ = std::jthread([self = shared_from_this()] { self->io_.run(); });
  }

  void stop() {
    io_.stop();
    if (thread_.joinable()) thread_.join();
  }

  const net::Endpoint& endpoint() const { return endpoint_; }
  std::size_t open_connections() const { return open_.load(); }

 private:
  using Stream = beast::ssl_stream<beast::tcp_stream>;

  // Counts one connection for as long as it lives.
  class Seat {
   public:
    Seat(Impl& of, std::string address) : of_(of), address_(std::move(address)) {
      ++of_.open_;
      ++of_.by_address_[address_];
    }
    ~Seat() {
      --of_.open_;
      const auto at = of_.by_address_.find(address_);
      if (--at->second == 0) of_.by_address_.erase(at);
    }
    Seat(const Seat&) = delete;
    Seat& operator=(const Seat&) = delete;
    [[nodiscard]] const std::string& address() const { return address_; }

   private:
    Impl& of_;
    std::string address_;
  };

  asio::awaitable<void> accept_loop() {
    for (;;) {
      auto [error, socket] = co_await acceptor_.async_accept(kAwait);
      if (error == asio::error::operation_aborted) co_return;
      if (error) {  // out of descriptors: waiting is all that helps
        log::warning("accept failed", {{"why", error.message()}});
        asio::steady_timer pause(io_, std::chrono::milliseconds(100));
        co_await pause.async_wait(kAwait);
        continue;
      }
      error_code ignored;
      const auto peer = net::peer_endpoint(socket.native_handle());
      const std::string address = peer.has_value() ? peer->address : std::string("unknown");
      const auto from_here = by_address_.find(address);
      if (open_ >= limits_.connections ||
          (from_here != by_address_.end() && from_here->second >= limits_.connections_per_address)) {
        socket.close(ignored);
        continue;
      }
      socket.set_option(tcp::no_delay(true), ignored);
      asio::co_spawn(io_, serve(Stream(std::move(socket), tls_), std::make_unique<Seat>(*this, address)),
                     asio::detached);
    }
  }

  asio::awaitable<void> serve(Stream stream, std::unique_ptr<Seat> seat) {
    auto& line = beast::get_lowest_layer(stream);
    line.expires_after(limits_.handshake);
    if (const auto [error] = co_await stream.async_handshake(asio::ssl::stream_base::server, kAwait); error) co_return;
    Peer peer{.address = seat->address(), .device = std::nullopt};
    if (devices_ != nullptr) peer.device = devices_->shown_by(*stream.native_handle(), peer.address);
    beast::flat_buffer buffer(limits_.header_bytes + limits_.body_bytes);
    for (bool keep_alive = true; keep_alive;) {
      http::request_parser<http::string_body> parser;
      parser.header_limit(limits_.header_bytes);
      parser.body_limit(limits_.body_bytes);
      line.expires_after(limits_.request);
      const auto [error, bytes] = co_await http::async_read(stream, buffer, parser, kAwait);
      Response answer;
      if (error) {
        auto refusal = refusal_of(error);
        if (!refusal.has_value()) break;
        log::warning("malformed request", {{"client", seat->address()}, {"why", error.message()}});
        answer = std::move(*refusal);
        keep_alive = false;
      } else {
        keep_alive = parser.get().keep_alive();
        line.expires_never();
        answer = co_await ask(to_plain(parser.release(), peer));
      }
      const auto response = to_beast(std::move(answer), keep_alive);
      line.expires_after(limits_.answer);
      if (const auto [failed, sent] = co_await http::async_write(stream, response, kAwait); failed) break;
      if (error) co_await drain(stream);
    }
    line.expires_after(kMaxDrainTime);
    co_await stream.async_shutdown(kAwait);
  }

  // A client that is still sending when we close gets a reset instead of our answer: let it finish, within reason.
  asio::awaitable<void> drain(Stream& stream) {
    beast::get_lowest_layer(stream).expires_after(kMaxDrainTime);
    std::array<char, 16384> waste{};
    for (std::size_t total = 0; total < kMaxDrainBytes;) {
      const auto [error, bytes] = co_await stream.async_read_some(asio::buffer(waste), kAwait);
      if (error) co_return;
      total += bytes;
    }
  }

  // Where the handler's answer meets the coroutine, or the deadline does. Everything runs on the server's thread.
  struct Pending {
    explicit Pending(asio::io_context& io) : ready(io) {}
    asio::steady_timer ready;  // cancelled when the answer is there
    std::optional<Response> answer;
  };

  asio::awaitable<Response> ask(Request request) {
    auto pending = std::make_shared<Pending>(io_);
    pending->ready.expires_after(limits_.answer);
    // Whoever answers may keep this for longer than the server lives, whose timer must not.
    handler_(std::move(request), [weak = weak_from_this(), waiting = std::weak_ptr(pending)](Response response) {
      const auto self = weak.lock();
      if (self == nullptr) return;
      asio::post(self->io_, [waiting, response = std::move(response)]() mutable {
        const auto asker = waiting.lock();
        if (asker == nullptr) return;  // told that it took too long
        asker->answer = std::move(response);
        asker->ready.cancel();
      });
    });
    if (!pending->answer.has_value()) co_await pending->ready.async_wait(kAwait);
    if (!pending->answer.has_value()) {
      co_return plain_problem(504, "timeout", "the broker did not answer in time: try again");
    }
    co_return std::move(*pending->answer);
  }

  const HttpLimits limits_;
  const std::unique_ptr<DeviceCertificates> devices_;  // null: not asked
  asio::ssl::context tls_;
  RequestHandler handler_;
  std::map<std::string, std::size_t> by_address_;  // server's thread only
  std::atomic<std::size_t> open_{0};
  net::Endpoint endpoint_;
  // Last: its destruction ends the coroutines, which use everything above.
  asio::io_context io_{1};
  tcp::acceptor acceptor_;
  std::jthread thread_;
};

HttpServer::HttpServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
HttpServer::~HttpServer() { stop(); }
void HttpServer::stop() { impl_->stop(); }
net::Endpoint HttpServer::endpoint() const { return impl_->endpoint(); }
std::size_t HttpServer::open_connections() const { return impl_->open_connections(); }

Result<std::unique_ptr<HttpServer>> HttpServer::start(const net::Endpoint& listen, const net::Identity& identity,
                                                      RequestHandler handler, HttpLimits limits,
                                                      std::unique_ptr<DeviceCertificates> devices) {
  try {
    TOBARI_ASSIGN(auto tls, make_tls(identity));
    if (devices != nullptr) TOBARI_TRY(devices->ask_in(*tls.native_handle()));
    auto impl = std::make_shared<Impl>(std::move(tls), std::move(devices), std::move(handler), limits);
    TOBARI_TRY(impl->listen(listen));
    impl->run();
    return std::unique_ptr<HttpServer>(new HttpServer(std::move(impl)));
  } catch (const std::exception& e) {  // Asio's constructors
    return fail(Errc::kIo, std::format("start the HTTPS server: {}", e.what()));
  }
}

}  // namespace tobari::broker
