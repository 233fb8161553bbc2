// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/standalone.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <fstream>
#include <memory>
#include <mutex>
#include <poll.h>
#include <string>
#include <utility>
#include <vector>

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <tobari/base/log.h>
#include <tobari/net/tcp_socket.h>

#include "capture/guest_clipboard.h"
#include "daemon/admission.h"
#include "daemon/local_recordings.h"
#include "daemon/session_log.h"
#include "daemon/signals.h"
#include "daemon/statistics_report.h"
#include "rdp/rdp_transport.h"
#include "rdp/tls_identity.h"
#include "session/display_session.h"
#include "stats/stats_overlay_source.h"

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

// What the main loop has to know: clients that leave, desktops that are lost.
class Watch final : public SessionObserver {
 public:
  explicit Watch(bool once) : once_(once), event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}
  [[nodiscard]] int fd() const noexcept { return event_.get(); }
  void clear() noexcept {
    eventfd_t ignored = 0;
    static_cast<void>(::eventfd_read(event_.get(), &ignored));
  }
  [[nodiscard]] bool finished() const noexcept { return finished_; }
  // Screens whose desktop was lost since.
  [[nodiscard]] std::vector<std::size_t> take_lost() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(lost_, {});
  }

  void on_client_connected(const ClientInfo& client, const Admitted& admitted) override {
    log_.on_client_connected(client, admitted);
  }
  void on_client_closed(const ClientLabel& client, const Admitted* admitted, const Error& reason) override {
    log_.on_client_closed(client, admitted, reason);
    if (!once_ || admitted == nullptr) return;
    finished_ = true;
    ring();
  }
  void on_client_statistics(const Admitted& admitted, const DisplayStats& statistics) override {
    log_.on_client_statistics(admitted, statistics);
  }
  void on_denied(const ClipboardRelay::Denial& denial) override { log_.on_denied(denial); }
  void on_source_lost(std::size_t screen, const Error& reason) override {
    log_.on_source_lost(screen, reason);
    {
      const std::scoped_lock lock(mutex_);
      lost_.push_back(screen);
    }
    ring();
  }

 private:
  void ring() noexcept { static_cast<void>(::eventfd_write(event_.get(), 1)); }
  bool once_;
  std::atomic<bool> finished_ = false;
  std::mutex mutex_;
  std::vector<std::size_t> lost_;
  UniqueFd event_;
  SessionLog log_;
};

// The desktops that were named on the command line, a screen each. One that is lost is looked for until it is back.
class Desktops {
 public:
  static constexpr std::chrono::seconds kRetry{2};

  Desktops(DisplaySession& session, const Options& options)
      : session_(session), names_(options.sources), figures_(options.stats), lost_(names_.size(), false) {}

  [[nodiscard]] Result<void> open_all() {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      TOBARI_ASSIGN(auto source, open_source(names_[i]));
      show(i, std::move(source));
    }
    return {};
  }
  void lose(std::size_t screen) { lost_[screen] = true; }
  [[nodiscard]] bool some_lost() const { return std::ranges::contains(lost_, true); }
  [[nodiscard]] bool all_lost() const { return !std::ranges::contains(lost_, false); }
  void look_again() {
    for (std::size_t i = 0; i < names_.size(); ++i) {
      if (!lost_[i]) continue;
      auto source = open_source(names_[i]);
      if (!source) continue;
      lost_[i] = false;
      show(i, std::move(*source));
    }
  }

 private:
  void show(std::size_t screen, std::unique_ptr<FramebufferSource> source) {
    if (figures_ && screen == 0) {
      source = std::make_unique<StatsOverlaySource>(std::move(source), [&to = session_] { return to.statistics(); });
    }
    session_.set_source(screen, std::move(source));
  }

  DisplaySession& session_;
  const std::vector<std::string>& names_;
  const bool figures_;  // in the picture of the first one
  std::vector<bool> lost_;
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

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : " ") + name;
  return all;
}

// The desktop's clipboard agent listens here; a desktop that runs elsewhere has none.
Result<UniqueFd> connect_to_agent(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return fail(Errc::kInvalidArgument, "the socket's path is too long");
  std::ranges::copy(path, address.sun_path);
  UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(errno, "make a socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail_errno(errno, "connect to the clipboard agent at " + path);
  }
  return fd;
}

policy::Grant grant_for(const Options& options) {
  policy::Grant grant;
  grant.channels.push_back({"resize", "alone"});
  if (options.sound) grant.channels.push_back({"audio.play", "--sound"});
  const auto open = [&grant, &options](Direction direction, policy::FormatSet formats, const char* rule) {
    if (formats.empty()) return;
    grant.channels.push_back({std::string(channel_of(direction)),
                              rule,
                              {.formats = formats, .bytes_per_transfer = options.clipboard_bytes}});
  };
  open(Direction::kToGuest, options.paste, "--paste");
  open(Direction::kFromGuest, options.copy, "--copy");
  grant.visible_watermark = std::ranges::contains(options.watermark, "visible");
  grant.invisible_watermark = std::ranges::contains(options.watermark, "invisible");
  return grant;
}

Result<TlsIdentity> identity_for(const Options& options) {
  if (options.certificate_file.empty()) return make_tls_identity();
  return load_tls_identity(options.certificate_file, options.key_file);
}

}  // namespace

Result<void> run_standalone(const Options& options, const UniqueFd& signals) {
  TOBARI_ASSIGN(const TlsIdentity identity, identity_for(options));
  TOBARI_ASSIGN(std::string password, read_password(options.password_file));
  TOBARI_ASSIGN(const net::Endpoint endpoint, net::parse_endpoint(options.listen));
  TOBARI_ASSIGN(const UniqueFd listener, net::listen_tcp(endpoint));
  TOBARI_ASSIGN(const net::Endpoint bound, net::local_endpoint(listener.get()));

  PasswordAdmission by_password(options.user, std::move(password), grant_for(options));
  std::unique_ptr<RecordedAdmission> recorded;
  if (!options.record_folder.empty()) {
    TOBARI_ASSIGN(recorded, RecordedAdmission::create(by_password, options.record_folder, options.recording_key));
  }
  Admission& admission = recorded ? static_cast<Admission&>(*recorded) : by_password;
  Watch watch(options.once);
  DisplaySession session(watch, options.sources.size());
  Desktops desktops(session, options);
  TOBARI_TRY(desktops.open_all());
  if (!options.clipboard.empty()) {
    TOBARI_ASSIGN(UniqueFd agent, connect_to_agent(options.clipboard));
    session.set_clipboard(std::make_unique<GuestClipboard>(std::move(agent)));
  }
  log::info(
      "listening",
      {{"address", net::to_string(bound)}, {"sources", joined(options.sources)}, {"certificate", identity.sha256}});

  while (!watch.finished() && !desktops.all_lost()) {
    std::array<pollfd, 3> items{{{listener.get(), POLLIN, 0}, {signals.get(), POLLIN, 0}, {watch.fd(), POLLIN, 0}}};
    const int patience =
        desktops.some_lost() ? static_cast<int>(std::chrono::milliseconds(Desktops::kRetry).count()) : -1;
    const int ready = ::poll(items.data(), items.size(), patience);
    if (ready < 0 && errno != EINTR) return fail_errno(errno, "wait for clients");
    if (items[1].revents != 0) {
      const Signal signal = next_signal(signals);
      if (signal == Signal::kEnd) break;
      if (signal == Signal::kReport) log_statistics("all", session.statistics());
    }
    if (items[0].revents != 0) accept_client(listener.get(), session, identity, admission);
    watch.clear();
    for (const std::size_t screen : watch.take_lost()) desktops.lose(screen);
    if (ready == 0) desktops.look_again();
  }
  session.stop();
  if (desktops.all_lost()) return fail(Errc::kUnavailable, "the desktop is gone");
  return {};
}

}  // namespace tobari::display
