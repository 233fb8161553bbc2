// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <array>
#include <utility>

#include <tobari/base/log.h>
#include <tobari/base/random.h>

#include "host/claims.h"
#include "host/host_agent.h"

namespace tobari::vmhost {
namespace {

constexpr std::size_t kMaxOpenings = 256;  // requests that wait for a display to start
constexpr std::size_t kMaxAnswers = 256;   // remembered for requests that come twice
constexpr std::size_t kMaxSessions = 4096;
constexpr std::size_t kHashBytes = 32;

}  // namespace

void HostAgent::on_open_display(const wire::OpenDisplay& request) {
  const auto known =
      std::ranges::find_if(answers_, [&](const auto& each) { return each.first == request.request_id(); });
  if (known != answers_.end()) return send_(known->second);
  if (std::ranges::any_of(openings_,
                          [&](const auto& each) { return each.request.request_id() == request.request_id(); })) {
    return;
  }
  auto opened = try_open(request);
  const bool wait = !opened && opened.error().code == Errc::kUnavailable && openings_.size() < kMaxOpenings &&
                    opened.error().message == "the display process is starting";
  if (!wait) return answer(request, opened);
  openings_.push_back({request, Loop::Steady::now() + options_.open_within});
  open_timer_ = services_.loop.after(options_.open_within, [this] { retry_openings(); });
}

Result<std::string> HostAgent::try_open(const wire::OpenDisplay& request) {
  TOBARI_ASSIGN(SessionId session, SessionId::parse(request.session_id()));
  if (request.ticket_sha256().size() != kHashBytes) return fail(Errc::kInvalidArgument, "ticket hash is not 32 bytes");
  TOBARI_ASSIGN(const Desktops desktops, ordered(request));
  const bool wall = desktops.size() > 1;
  const DesktopId& id = desktops.front()->id();
  TOBARI_ASSIGN(std::string fingerprint, wall ? open_wall(request, desktops) : desktops.front()->arm(request));
  TOBARI_TRY(armed_.arm(request.routing_token_sha256(), {session, id}, Loop::Steady::now(),
                        std::chrono::seconds(request.valid_seconds())));
  if (sessions_.insert_or_assign(session.str(), Armed{id, wall}).second) session_order_.push_back(session.str());
  wire::HeldSession held;
  held.set_session_id(session.str());
  held.set_desktop_id(id.str());
  held.set_wall(wall);
  held.set_routing_token_sha256(request.routing_token_sha256());
  held.set_recorded(request.grant().recording() != wire::Grant::NONE);
  held.set_recording_required(held.recorded() && request.grant().recording() != wire::Grant::OPTIONAL);
  const auto valid = std::min(std::chrono::seconds(request.valid_seconds()), ArmedSessions::kLongest);
  held_.armed(held, Loop::Steady::now() + valid);
  if (session_order_.size() > kMaxSessions) forget_oldest_session();
  return fingerprint;
}

// The oldest that is over: one that lives is still to be found by who closes it.
void HostAgent::forget_oldest_session() {
  const auto over = std::ranges::find_if(session_order_, [this](const std::string& each) { return !held_.has(each); });
  const auto oldest = over == session_order_.end() ? session_order_.begin() : over;
  sessions_.erase(*oldest);
  session_order_.erase(oldest);
}

void HostAgent::answer(const wire::OpenDisplay& request, const Result<std::string>& result) {
  if (!result) {
    if (Wall* const wall = wall_of(request.session_id()); wall != nullptr && wall->waits()) {
      wall->end(Wall::Why::kEnded, "it was not opened");
    }
    return send_failure(request.request_id(), result.error());
  }
  wire::FromHost message;
  message.mutable_display_opened()->set_request_id(request.request_id());
  message.mutable_display_opened()->set_certificate_sha256(*result);
  remember_answer(request.request_id(), message);
  send_(message);
}

void HostAgent::retry_openings() {
  const auto now = Loop::Steady::now();
  std::deque<Opening> waiting;
  for (Opening& opening : std::exchange(openings_, {})) {
    const auto opened = try_open(opening.request);
    const bool wait = !opened && opened.error().code == Errc::kUnavailable && now < opening.deadline;
    if (wait) {
      waiting.push_back(std::move(opening));
    } else {
      answer(opening.request, opened);
    }
  }
  openings_ = std::move(waiting);
}

// A failure is not remembered: the same request may succeed a second later.
void HostAgent::send_failure(const std::string& request_id, const Error& error) {
  wire::FromHost message;
  message.mutable_failed()->set_request_id(request_id);
  message.mutable_failed()->set_code(std::string(to_string(error.code)));
  message.mutable_failed()->set_message(error.message);
  send_(message);
}

void HostAgent::remember_answer(const std::string& request_id, const wire::FromHost& message) {
  answers_.emplace_back(request_id, message);
  if (answers_.size() > kMaxAnswers) answers_.pop_front();
}

Result<void> HostAgent::on_client(const std::string& token_sha256, const std::string& address, int descriptor) {
  const auto target = armed_.take(token_sha256, Loop::Steady::now());
  if (!target) return fail(Errc::kUnauthenticated, "unknown routing token");
  const std::string& session = target->session.str();
  held_.routed(session);
  const auto armed = sessions_.find(session);
  if (armed != sessions_.end() && armed->second.wall) {
    Wall* const wall = wall_of(session);
    if (wall == nullptr) return fail(Errc::kNotFound, "the wall is over");
    TOBARI_TRY(wall->client(address, descriptor));
  } else {
    const auto found = desktops_.find(target->desktop);
    if (found == desktops_.end()) return fail(Errc::kNotFound, "the desktop is gone");
    TOBARI_TRY(found->second->client(session, address, descriptor));
  }
  log::info("client handed to its display", {{"desktop", target->desktop.str()}, {"session", session}});
  return {};
}

void HostAgent::on_close_session(const wire::CloseSession& request) {
  const auto session = sessions_.find(request.session_id());
  if (session == sessions_.end()) return;
  if (auto id = SessionId::parse(request.session_id())) armed_.forget(*id);
  held_.routed(request.session_id());
  if (session->second.wall) {
    if (Wall* const wall = wall_of(request.session_id())) {
      wall->end(request.denied() ? Wall::Why::kDenied : Wall::Why::kEnded, request.reason());
    }
    return;
  }
  const auto found = desktops_.find(session->second.desktop);
  if (found != desktops_.end()) found->second->drop(request);
}

void HostAgent::on_narrow_session(const wire::NarrowSession& request) {
  const auto session = sessions_.find(request.session_id());
  if (session == sessions_.end()) return;
  log::info("session may do less", {{"session", request.session_id()}});
  if (session->second.wall) {
    if (Wall* const wall = wall_of(request.session_id())) wall->narrow(request);
    return;
  }
  const auto found = desktops_.find(session->second.desktop);
  if (found != desktops_.end()) found->second->narrow(request);
}

void HostAgent::on_transfer(const DesktopId& id, const wire::Transfer& transfer) {
  const auto known = sessions_.find(transfer.session_id());
  if (known == sessions_.end() || known->second.wall || known->second.desktop != id) {
    log::warning("display process asks for a session that is not its own", {{"desktop", id.str()}});
    return;
  }
  ask_broker(transfer.session_id(), transfer);
}

// Without the broker there is no answer, and nothing passes: who counts must be asked.
void HostAgent::ask_broker(const std::string& session, const wire::Transfer& transfer) {
  wire::FromHost message;
  wire::TransferAsked& asked = *message.mutable_transfer_asked();
  asked.set_session_id(session);
  asked.set_id(transfer.id());
  asked.set_channel(transfer.channel());
  asked.set_format(transfer.format());
  asked.set_bytes(transfer.bytes());
  send_(message);
}

void HostAgent::on_transfer_answered(const wire::TransferAnswered& answer) {
  const auto session = sessions_.find(answer.session_id());
  if (session == sessions_.end()) return;
  if (session->second.wall) {
    if (Wall* const wall = wall_of(answer.session_id())) wall->answer_transfer(answer);
    return;
  }
  const auto found = desktops_.find(session->second.desktop);
  if (found != desktops_.end()) found->second->answer_transfer(answer);
}

Result<std::shared_ptr<Desktop>> HostAgent::ordered(const std::string& desktop_id, std::uint64_t epoch) const {
  const auto id = DesktopId::parse(desktop_id);
  const auto found = id ? desktops_.find(*id) : desktops_.end();
  if (found == desktops_.end() || !found->second->wanted()) {
    return fail(Errc::kNotFound, "this host does not have the desktop");
  }
  if (epoch != found->second->wanted()->epoch) {
    return fail(Errc::kAlreadyExists, "the desktop has another epoch on this host");
  }
  return found->second;
}

void HostAgent::on_restart(const wire::RestartDesktop& request) {
  const auto desktop = ordered(request.desktop_id(), request.epoch());
  if (!desktop) return send_failure(request.request_id(), desktop.error());
  if (request.orderly()) return (*desktop)->restart_in_order();
  (*desktop)->restart();
}

void HostAgent::on_take_thumbnail(const wire::TakeThumbnail& request) {
  const auto desktop = ordered(request.desktop_id(), request.epoch());
  if (!desktop) return send_failure(request.request_id(), desktop.error());
  if (const auto asked = (*desktop)->take_thumbnail(request.request_id()); !asked) {
    send_failure(request.request_id(), asked.error());
  }
}

void HostAgent::on_thumbnail(const std::string& request_id, const Result<std::string>& jpeg) {
  if (!jpeg) return send_failure(request_id, jpeg.error());
  wire::FromHost message;
  message.mutable_thumbnail()->set_request_id(request_id);
  message.mutable_thumbnail()->set_jpeg(*jpeg);
  send_(message);
}

void HostAgent::on_session(const DesktopId& id, const wire::Session& session) {
  // A display process that was taken over must not speak for the sessions of others.
  const auto known = sessions_.find(session.session_id());
  if (known == sessions_.end() || known->second.wall || known->second.desktop != id) {
    log::warning("display process reports a session that is not its own", {{"desktop", id.str()}});
    return;
  }
  // Told when it was taken over, and said by itself just then.
  if (session.kind() == wire::Session::CONNECTED && held_.is_connected(session.session_id())) return;
  tell(id, session);
  if (session.kind() == wire::Session::CONNECTED) end_walls_of(id, "one of its desktops is shown elsewhere");
}

void HostAgent::on_recording(const RecordingReport& report) {
  using Kind = RecordingReport::Kind;
  static constexpr std::array<wire::SessionEvent::Kind, 4> kKinds{
      wire::SessionEvent::RECORDING_STARTED, wire::SessionEvent::RECORDING_ENDED, wire::SessionEvent::RECORDING_FAILED,
      wire::SessionEvent::RECORDING_DELETED};
  wire::SessionEvent event;
  event.set_session_id(report.session);
  event.set_kind(kKinds.at(static_cast<std::size_t>(report.kind)));
  event.set_detail(bounded(report.detail));
  event.set_event_id(random_uuid());
  log::info(
      "recording",
      {{"session", report.session}, {"what", wire::SessionEvent::Kind_Name(event.kind())}, {"detail", report.detail}});
  keep_and_send(event);
  if (report.kind == Kind::kEnded || report.kind == Kind::kFailed) held_.recording_over(report.session);
  if (report.kind != Kind::kFailed || !report.required) return;
  // The display ends it by itself; if it does not, it is ended.
  wire::CloseSession close;
  close.set_session_id(report.session);
  close.set_reason("it must be recorded, and cannot be");
  on_close_session(close);
}

void HostAgent::keep_and_send(const wire::SessionEvent& event) {
  events_.add(event);
  wire::FromHost message;
  *message.mutable_session() = event;
  send_(message);
}

void HostAgent::tell(const DesktopId& desktop, const wire::Session& session) {
  wire::SessionEvent event;
  event.set_session_id(session.session_id());
  event.set_kind(static_cast<wire::SessionEvent::Kind>(session.kind()));  // the same numbers
  event.set_client_address(session.client_address());
  event.set_client_name(session.client_name());
  event.set_detail(session.detail());
  event.set_event_id(random_uuid());
  log::info("session", {{"desktop", desktop.str()},
                        {"session", session.session_id()},
                        {"what", wire::Session::Kind_Name(session.kind())},
                        {"detail", session.detail()}});
  keep_and_send(event);
  // After it cannot be lost any more: what the next life does not know of is told twice rather than never.
  if (session.kind() == wire::Session::CONNECTED) held_.connected(session.session_id());
  if (session.kind() == wire::Session::DISCONNECTED || session.kind() == wire::Session::REFUSED) {
    held_.over(session.session_id());
  }
}

}  // namespace tobari::vmhost
