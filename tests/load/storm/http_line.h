// SPDX-License-Identifier: GPL-3.0-or-later
// One client's line to one broker: TLS, HTTP/1.1 with keep-alive, from an address of its own. For coroutines of one
// io_context; thousands of them share a thread.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/ssl/ssl_stream.hpp>

#include <tobari/base/result.h>

namespace tobari::load {

struct HttpQuestion {
  std::string method;
  std::string path;
  std::string token{};            // bearer; empty: none
  std::string idempotency_key{};  // empty: none
  std::string body{};             // JSON; empty: none
};

struct HttpReply {
  int status = 0;
  std::string body;
  std::optional<std::chrono::seconds> retry_after;
};

class HttpLine {
 public:
  using Endpoint = boost::asio::ip::tcp::endpoint;
  using Address = boost::asio::ip::address;

  // `io` and `tls` outlive it. `from`: the address that it comes from; empty: the system's choice.
  HttpLine(boost::asio::io_context& io, boost::asio::ssl::context& tls, Endpoint broker, std::optional<Address> from)
      : io_(io), tls_(tls), broker_(std::move(broker)), from_(std::move(from)) {}

  // Connects when there is no connection. kUnavailable: there is none now, and whether the question arrived is not
  // known.
  [[nodiscard]] boost::asio::awaitable<Result<HttpReply>> ask(HttpQuestion question);
  void close() noexcept { stream_.reset(); }

 private:
  using Stream = boost::beast::ssl_stream<boost::beast::tcp_stream>;

  [[nodiscard]] boost::asio::awaitable<Result<void>> connect();
  [[nodiscard]] boost::asio::awaitable<Result<HttpReply>> exchange(HttpQuestion question);

  boost::asio::io_context& io_;
  boost::asio::ssl::context& tls_;
  const Endpoint broker_;
  const std::optional<Address> from_;
  std::unique_ptr<Stream> stream_;
  boost::beast::flat_buffer buffer_;
};

}  // namespace tobari::load
