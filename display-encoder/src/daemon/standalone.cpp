// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/standalone.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <fstream>
#include <optional>
#include <poll.h>
#include <string>
#include <utility>

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <tobari/base/log.h>
#include <tobari/net/tcp_socket.h>

#include "daemon/admission.h"
#include "daemon/session_log.h"
#include "rdp/rdp_transport.h"
#include "rdp/tls_identity.h"
#include "session/display_session.h"

namespace tobari::display {
namespace {

constexpr std::size_t kMaxPasswordBytes = 4096;

Result<std::string> read_password(const std::string& path) {
  std::ifstream file(path);
  if (!file) return fail(Errc::kInvalidArgument, "cannot read " + path);
  std::string line;
  std::getline(file, line);
  if (line.empty() || line.size() > kMaxPasswordBytes) {
    return fail(Errc::kInvalidArgument, path + " must hold a password in its first line");
  }
  return line;
}

// Ends the process when a client has left and that is all there is to do, or when there is no desktop any more.
class EndWatch final : public SessionObserver {
 public:
  explicit EndWatch(bool once) : once_(once), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  [[nodiscard]] int fd() const noexcept { return event_.get(); }
  [[nodiscard]] bool lost() const noexcept { return lost_; }

  void on_client_connected(const ClientInfo& client, const Admitted& admitted) override {
    log_.on_client_connected(client, admitted);
  }
  void on_client_closed(const ClientLabel& client, const Admitted* admitted, const Error& reason) override {
    log_.on_client_closed(client, admitted, reason);
    if (once_ && admitted != nullptr) ring();
  }
  void on_source_lost(const Error& reason) override {
    log_.on_source_lost(reason);
    lost_ = true;
    ring();
  }

 private:
  void ring() noexcept { static_cast<void>(::eventfd_write(event_.get(), 1)); }
  bool once_;
  std::atomic<bool> lost_ = false;
  UniqueFd event_;
  SessionLog log_;
};

void accept_client(int listener, DisplaySession& session, const TlsIdentity& identity, Admission& admission) {
  UniqueFd connection(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  if (!connection) {
    if (errno != EAGAIN && errno != EINTR)
      log::warning("accept", {{"error", describe(fail_errno(errno, "accept").error())}});
    return;
  }
  const auto peer = net::peer_endpoint(connection.get());
  RdpOptions options;
  options.client_address = peer ? net::to_string(*peer) : "unknown";
  const std::string address = options.client_address;
  auto added = session.add_client(make_rdp_transport(std::move(connection), identity, admission, std::move(options)),
                                  {address, {}});
  if (!added) log::warning("client turned away", {{"client", address}, {"because", describe(added.error())}});
}

Result<TlsIdentity> identity_for(const Options& options) {
  if (options.certificate_file.empty()) return make_tls_identity();
  return load_tls_identity(options.certificate_file, options.key_file);
}

}  // namespace

Result<void> run_standalone(const Options& options, const UniqueFd& signals) {
  TOBARI_ASSIGN(const TlsIdentity identity, identity_for(options));
  TOBARI_ASSIGN(std::string password, read_password(options.password_file));
  TOBARI_ASSIGN(auto source, open_source(options.source));
  TOBARI_ASSIGN(const net::Endpoint endpoint, net::parse_endpoint(options.listen));
  TOBARI_ASSIGN(const UniqueFd listener, net::listen_tcp(endpoint));
  TOBARI_ASSIGN(const net::Endpoint bound, net::local_endpoint(listener.get()));

  PasswordAdmission admission(options.user, std::move(password));
  EndWatch observer(options.once);
  DisplaySession session(observer);
  session.set_source(std::move(source));
  log::info("listening",
            {{"address", net::to_string(bound)}, {"source", options.source}, {"certificate", identity.sha256}});

  for (;;) {
    std::array<pollfd, 3> items{{{listener.get(), POLLIN, 0}, {signals.get(), POLLIN, 0}, {observer.fd(), POLLIN, 0}}};
    if (::poll(items.data(), items.size(), -1) < 0 && errno != EINTR) return fail_errno(errno, "wait for clients");
    if (items[1].revents != 0 || items[2].revents != 0) break;
    if (items[0].revents != 0) accept_client(listener.get(), session, identity, admission);
  }
  session.stop();
  if (observer.lost()) return fail(Errc::kUnavailable, "the desktop is gone");
  return {};
}

}  // namespace tobari::display
