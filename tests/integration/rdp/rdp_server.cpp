// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp_server.h"

#include <array>
#include <fcntl.h>
#include <poll.h>
#include <utility>

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <tobari/net/tcp_socket.h>

#include "rdp/library.h"

namespace tobari::display::testing {

RdpServer::RdpServer(const std::string& pattern, Size size, std::chrono::milliseconds handshake_deadline,
                     std::size_t screens)
    : handshake_deadline_(handshake_deadline), wake_(::eventfd(0, EFD_CLOEXEC)) {
  static const bool initialised = [] {
    init_rdp_library();
    return true;
  }();
  static_cast<void>(initialised);
  identity_ = make_tls_identity().value();
  listener_ = net::listen_tcp({"127.0.0.1", 0}).value();
  port_ = net::local_endpoint(listener_.get()).value().port;
  session_ = std::make_unique<DisplaySession>(static_cast<SessionObserver&>(*this), screens);
  for (std::size_t i = 0; i < screens; ++i) session_->set_source(i, TestPatternSource::make(pattern, size).value());
  thread_ = std::jthread([this](const std::stop_token& stop) { accept_all(stop); });
}

RdpServer::~RdpServer() {
  thread_.request_stop();
  static_cast<void>(::eventfd_write(wake_.get(), 1));
  thread_.join();
  session_->stop();
}

void RdpServer::accept_all(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::array<pollfd, 2> items{{{listener_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
    static_cast<void>(::poll(items.data(), items.size(), -1));
    UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection) continue;
    RdpOptions options;
    options.client_address = "test";
    {
      const std::scoped_lock lock(mutex_);
      options.session_id = foreseen_;
    }
    options.request_deadline = options.handshake_deadline = handshake_deadline_;
    auto transport = make_rdp_transport(std::move(connection), identity_, admission_, std::move(options));
    static_cast<void>(session_->add_client(std::move(transport), {"test", ""}));
  }
}

void RdpServer::arm(const std::string& ticket, std::chrono::seconds valid, policy::Grant grant,
                    std::shared_ptr<ShownTap> tap) {
  admission_.arm(sha256(std::as_bytes(std::span(ticket))), {std::move(grant), "session-of-" + ticket, std::move(tap)},
                 valid);
}

void RdpServer::foresee(const std::string& ticket) {
  const std::scoped_lock lock(mutex_);
  foreseen_ = "session-of-" + ticket;
}

std::vector<ClipboardRelay::Denial> RdpServer::wait_denials(std::size_t count) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, std::chrono::seconds(10), [this, count] { return denials_.size() >= count; });
  return denials_;
}

void RdpServer::on_denied(const ClipboardRelay::Denial& denial) {
  {
    const std::scoped_lock lock(mutex_);
    denials_.push_back(denial);
  }
  changed_.notify_all();
}

void RdpServer::on_client_connected(const ClientInfo& /*client*/, const Admitted& /*admitted*/) {
  const std::scoped_lock lock(mutex_);
  ++connected_;
}

void RdpServer::on_client_closed(const ClientLabel& /*client*/, const Admitted* admitted, const Error& reason) {
  {
    const std::scoped_lock lock(mutex_);
    closed_.push_back({admitted != nullptr, reason});
  }
  changed_.notify_all();
}

void RdpServer::on_source_lost(std::size_t /*screen*/, const Error& /*reason*/) {}

std::optional<RdpServer::Closed> RdpServer::wait_closed(std::size_t n, std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_for(lock, limit, [this, n] { return closed_.size() > n; })) return std::nullopt;
  return closed_[n];
}

std::size_t RdpServer::connected() {
  const std::scoped_lock lock(mutex_);
  return connected_;
}

UniqueFd RdpServer::dial() const {
  UniqueFd fd = net::connect_tcp({"127.0.0.1", port_}, std::chrono::seconds(5)).value();
  static_cast<void>(::fcntl(fd.get(), F_SETFL, 0));  // blocking: tests read step by step
  return fd;
}

TestPattern card(Size size) { return {Pattern::kCard, size}; }

}  // namespace tobari::display::testing
