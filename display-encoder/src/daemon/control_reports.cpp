// SPDX-License-Identifier: GPL-3.0-or-later
#include "daemon/control_reports.h"

#include <format>
#include <utility>

namespace tobari::display {
namespace {

wire::FromDisplay session_message(wire::Session::Kind kind, const std::string& session_id, const std::string& address,
                                  const std::string& name, const std::string& detail) {
  wire::FromDisplay message;
  wire::Session& session = *message.mutable_session();
  session.set_kind(kind);
  session.set_session_id(session_id);
  session.set_client_address(address);
  session.set_client_name(name);
  session.set_detail(detail);
  return message;
}

// protobuf's strings are UTF-8; a client's name is whatever it sent.
std::string plain(std::string text) {
  for (char& c : text) {
    if (c < ' ' || c > '~') c = '?';
  }
  return text;
}

}  // namespace

// Answers, which are of no use to anybody else than who asked: lost when they cannot be sent.
void ControlReports::send(const wire::FromDisplay& message) {
  const std::scoped_lock lock(mutex_);
  if (const auto sent = channel_.send(message); !sent) {
    log::error("the host agent is not told", {{"because", describe(sent.error())}});
  }
}

// What happened: in order, and kept while nobody reads. What there is changes with the report of it, so that an agent
// that asks in between hears nothing twice.
void ControlReports::report(const wire::FromDisplay& message) {
  const std::scoped_lock lock(mutex_);
  if (message.session().kind() == wire::Session::CONNECTED) {
    standing_[message.session().session_id()] = message.session();
  } else if (message.session().kind() == wire::Session::DISCONNECTED) {
    standing_.erase(message.session().session_id());
  }
  if (message.has_source_lost()) sources_.erase(message.source_lost().screen());
  queue(message);
}

void ControlReports::queue(const wire::FromDisplay& message) {
  waiting_.push_back(message);
  if (send_waiting()) return;
  if (waiting_.size() <= kMaxWaiting) return;
  log::error("the host agent will not hear of everything: it does not read");
  waiting_.pop_front();
}

bool ControlReports::send_waiting() {
  for (; !waiting_.empty(); waiting_.pop_front()) {
    const auto sent = channel_.send(waiting_.front());
    if (!sent && sent.error().code == Errc::kExhausted) return false;
    if (!sent) log::error("the host agent is not told", {{"because", describe(sent.error())}});
  }
  return true;
}

void ControlReports::flush() {
  const std::scoped_lock lock(mutex_);
  static_cast<void>(send_waiting());
}

void ControlReports::source_is_there(std::size_t screen) {
  const std::scoped_lock lock(mutex_);
  sources_.insert(screen);
}

void ControlReports::send_resumed(const std::string& certificate_sha256) {
  const std::scoped_lock lock(mutex_);
  wire::FromDisplay answer;
  wire::Resumed& resumed = *answer.mutable_resumed();
  resumed.set_certificate_sha256(certificate_sha256);
  for (const auto& [id, session] : standing_) {
    if (resumed.sessions_size() == kMaxStanding) break;
    *resumed.add_sessions() = session;
  }
  for (const std::size_t screen : sources_) resumed.add_screens(static_cast<std::uint32_t>(screen));
  queue(answer);
}

void ControlReports::send_picture(std::uint64_t id, const Result<std::vector<std::byte>>& picture) {
  wire::FromDisplay message;
  message.mutable_picture()->set_id(id);
  if (picture) {
    message.mutable_picture()->set_jpeg(picture->data(), picture->size());
  } else {
    message.mutable_picture()->set_failure(plain(picture.error().message));
  }
  send(message);
}

void ControlReports::on_client_statistics(const Admitted& admitted, const DisplayStats& stats) {
  log_.on_client_statistics(admitted, stats);
}

void ControlReports::on_client_connected(const ClientInfo& client, const Admitted& admitted) {
  log_.on_client_connected(client, admitted);
  report(session_message(wire::Session::CONNECTED, admitted.session_id, client.address, plain(client.name), ""));
}

void ControlReports::on_client_closed(const ClientLabel& client, const Admitted* admitted, const Error& reason) {
  log_.on_client_closed(client, admitted, reason);
  const std::string& session_id = admitted != nullptr ? admitted->session_id : client.session_id;
  if (reason.code == Errc::kPermissionDenied) {
    report(session_message(wire::Session::VIOLATION, session_id, client.address, "", reason.message));
  }
  const auto kind = admitted != nullptr ? wire::Session::DISCONNECTED : wire::Session::REFUSED;
  report(session_message(kind, session_id, client.address, "", reason.message));
}

void ControlReports::on_denied(const ClipboardRelay::Denial& denial) {
  const auto admitted = denials_.admit(SystemClock().now());
  if (!admitted) return;
  std::string detail = denial.channel + ": " + denial.reason;
  if (admitted->suppressed > 0) detail += std::format(" (and {} more before it)", admitted->suppressed);
  log::warning("not let through", {{"session", denial.session_id}, {"what", detail}});
  report(session_message(wire::Session::DENIED, denial.session_id, "", "", plain(detail)));
}

void ControlReports::on_notice_read(const Admitted& admitted) {
  log::info("notice confirmed", {{"session", admitted.session_id}});
  report(session_message(wire::Session::NOTICE_READ, admitted.session_id, "", "", ""));
}

void ControlReports::on_source_lost(std::size_t screen, const Error& reason) {
  log_.on_source_lost(screen, reason);
  wire::FromDisplay message;
  message.mutable_source_lost()->set_detail(plain(reason.message));
  message.mutable_source_lost()->set_screen(static_cast<std::uint32_t>(screen));
  report(message);
}

}  // namespace tobari::display
