// SPDX-License-Identifier: GPL-3.0-or-later
#include "stand.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <fcntl.h>
#include <format>
#include <poll.h>
#include <ranges>
#include <spawn.h>
#include <unistd.h>
#include <utility>

#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include <tobari/base/random.h>
#include <tobari/net/tcp_socket.h>

#include "daemon/admission.h"

namespace tobari::leak {
namespace {

using namespace std::chrono_literals;

constexpr unsigned kWidth = 640, kHeight = 480, kStride = kWidth * 4;
constexpr unsigned kFormat = 0x20020888;  // x8r8g8b8 (pixman)
constexpr unsigned kTicketSeconds = 60;

}  // namespace

Result<wire::ChannelGrant> parse_channel(const std::string& text) {
  std::vector<std::string> parts;
  for (const auto part : std::views::split(text, ':')) parts.emplace_back(part.begin(), part.end());
  wire::ChannelGrant grant;
  if (parts.empty() || parts.size() > 3) return fail(Errc::kInvalidArgument, "CHANNEL[:FORMAT,FORMAT[:BYTES]]");
  grant.set_channel(parts[0]);
  grant.set_rule("leak-test");
  if (parts.size() > 1) {
    for (const auto format : std::views::split(parts[1], ','))
      grant.add_formats(std::string(format.begin(), format.end()));
  }
  if (parts.size() > 2) {
    std::uint64_t bytes = 0;
    std::from_chars(parts[2].data(), parts[2].data() + parts[2].size(), bytes);
    grant.set_bytes_per_transfer(bytes);
  }
  return grant;
}

Stand::Stand(const std::string& client_stem)
    : tap_(client_stem),
      machine_(std::make_unique<display::FakeQemu>(display::FakeQemu::Sound::kCard)),
      picture_(::memfd_create("picture", MFD_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

Stand::~Stand() {
  thread_.request_stop();
  static_cast<void>(::eventfd_write(wake_.get(), 1));
  if (thread_.joinable()) thread_.join();
  control_.reset();  // the process ends when nobody is there any more
  if (process_ > 0) {
    for (int i = 0; i < 300 && ::waitpid(process_, nullptr, WNOHANG) == 0; ++i) ::usleep(10'000);
    ::kill(process_, SIGKILL);
    ::waitpid(process_, nullptr, 0);
  }
}

Result<std::unique_ptr<Stand>> Stand::start(const std::string& program, const std::string& client_stem) {
  std::unique_ptr<Stand> stand(new Stand(client_stem));
  TOBARI_TRY(stand->spawn(program));
  TOBARI_ASSIGN(stand->listener_, net::listen_tcp({"127.0.0.1", 0}));
  TOBARI_ASSIGN(const net::Endpoint bound, net::local_endpoint(stand->listener_.get()));
  stand->port_ = bound.port;
  stand->thread_ = std::jthread([&self = *stand](const std::stop_token& stop) { self.run(stop); });
  TOBARI_TRY(stand->set_up());
  return stand;
}

Result<void> Stand::spawn(const std::string& program) {
  TOBARI_ASSIGN(auto pair, display::ControlChannel::pair());
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, pair.second.fd(), display::kControlDescriptor);
  std::string path = program;
  std::string option = "--control-fd";
  std::string descriptor = std::to_string(display::kControlDescriptor);
  std::array<char*, 4> argv{path.data(), option.data(), descriptor.data(), nullptr};
  const int error = ::posix_spawn(&process_, program.c_str(), &actions, nullptr, argv.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return fail_errno(error, "start " + program);
  control_.emplace(std::move(pair.first));
  return {};
}

Result<void> Stand::set_up() {
  wire::ToDisplay setup;
  setup.mutable_setup()->set_desktop_id("leak-test");
  setup.mutable_setup()->set_log_level("error");
  send(setup);
  {
    std::unique_lock lock(mutex_);
    if (!changed_.wait_for(lock, 10s, [this] { return ready_ || gone_; }) || gone_) {
      return fail(Errc::kUnavailable, "the display process is not ready");
    }
  }
  const UniqueFd display_end = tap_.connect(machine_->take_client_fd());
  wire::ToDisplay source;
  source.mutable_source()->set_heads(1);
  send(source, display_end.get());
  if (!machine_->wait_for_listener()) return fail(Errc::kUnavailable, "the display does not listen to its machine");
  if (::ftruncate(picture_.get(), kStride * kHeight) != 0) return fail_errno(errno, "make a picture");
  if (const std::string error = machine_->scanout_map(picture_.get(), 0, kWidth, kHeight, kStride, kFormat);
      !error.empty()) {
    return fail(Errc::kUnavailable, "the display does not take the picture: " + error);
  }
  machine_->send_update_map(0, 0, kWidth, kHeight);
  return {};
}

void Stand::send(const wire::ToDisplay& message, int descriptor) {
  const std::scoped_lock lock(mutex_);
  if (!gone_) static_cast<void>(control_->send(message, descriptor));
}

std::string Stand::arm(const std::string& session, const std::vector<wire::ChannelGrant>& channels,
                       std::string ticket) {
  if (ticket.empty()) ticket = random_token();
  const display::Sha256 hash = display::sha256(std::as_bytes(std::span(ticket)));
  wire::ToDisplay message;
  wire::Arm& arm = *message.mutable_arm();
  arm.set_session_id(session);
  arm.set_ticket_sha256(hash.data(), hash.size());
  arm.set_valid_seconds(kTicketSeconds);
  arm.mutable_grant()->set_user("somebody");
  for (const wire::ChannelGrant& channel : channels) *arm.mutable_grant()->add_channels() = channel;
  {
    const std::scoped_lock lock(mutex_);
    session_ = session;
  }
  send(message);
  return ticket;
}

void Stand::run(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    std::array<pollfd, 3> items{{{control_->fd(), POLLIN, 0}, {listener_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
    if (gone_) items[0].fd = -1;
    if (::poll(items.data(), items.size(), -1) < 0) continue;
    if (items[1].revents != 0) hand_over();
    while (items[0].revents != 0) {
      wire::FromDisplay message;
      const auto received = control_->receive(message);
      using Status = display::ControlReceived::Status;
      if (received && received->status == Status::kNothingYet) break;
      if (received && received->status == Status::kMessage) {
        take(message);
        continue;
      }
      const std::scoped_lock lock(mutex_);
      gone_ = true;
      changed_.notify_all();
      break;
    }
  }
}

void Stand::hand_over() {
  const UniqueFd connection(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!connection) return;
  wire::ToDisplay message;
  message.mutable_client()->set_address("192.0.2.7:1234");
  {
    const std::scoped_lock lock(mutex_);
    message.mutable_client()->set_session_id(session_);
  }
  send(message, connection.get());
}

void Stand::give_clipboard(UniqueFd port) {
  wire::ToDisplay message;
  message.mutable_clipboard();
  send(message, port.get());
}

void Stand::allow_bytes(std::uint64_t bytes) {
  const std::scoped_lock lock(mutex_);
  bytes_left_ = bytes;
}

void Stand::take(const wire::FromDisplay& message) {
  const std::scoped_lock lock(mutex_);
  if (message.has_transfer()) {
    wire::ToDisplay answer;
    answer.mutable_transfer_answer()->set_id(message.transfer().id());
    const bool fits = message.transfer().bytes() <= bytes_left_;
    if (fits) bytes_left_ -= message.transfer().bytes();
    answer.mutable_transfer_answer()->set_allowed(fits);
    if (!fits) answer.mutable_transfer_answer()->set_reason("more than the user may move today");
    if (!gone_) static_cast<void>(control_->send(answer, -1));
  }
  if (message.has_ready()) {
    ready_ = true;
    certificate_ = message.ready().certificate_sha256();
  }
  if (message.has_session()) {
    Report& report = reports_[message.session().session_id()];
    using Session = wire::Session;
    report.connected = report.connected || message.session().kind() == Session::CONNECTED;
    report.violation = report.violation || message.session().kind() == Session::VIOLATION;
    if (message.session().kind() == Session::DISCONNECTED || message.session().kind() == Session::REFUSED) {
      report.ended = true;
      report.detail = message.session().detail();
    }
  }
  changed_.notify_all();
}

std::optional<Stand::Report> Stand::wait_ended(const std::string& session, std::chrono::milliseconds limit) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, limit, [this, &session] { return gone_ || reports_[session].ended; });
  return reports_[session].ended ? std::optional(reports_[session]) : std::nullopt;
}

Stand::Report Stand::report(const std::string& session) {
  const std::scoped_lock lock(mutex_);
  return reports_[session];
}

std::size_t Stand::calls() {
  const auto all = machine_->wait_for_calls(0);
  return static_cast<std::size_t>(
      std::ranges::count_if(all, [](const std::string& call) { return !call.starts_with("Console.SetUIInfo"); }));
}

std::vector<std::string> Stand::sizes() {
  constexpr std::string_view kCall = "Console.SetUIInfo ";
  std::vector<std::string> found;
  for (const std::string& call : machine_->wait_for_calls(0)) {
    if (call.starts_with(kCall)) found.push_back(call.substr(kCall.size()));
  }
  return found;
}

bool Stand::alive() {
  const std::scoped_lock lock(mutex_);
  return !gone_;
}

}  // namespace tobari::leak
