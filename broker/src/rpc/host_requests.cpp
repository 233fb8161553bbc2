// SPDX-License-Identifier: GPL-3.0-or-later
// The second half of host_registry.h: what is asked of hosts.
#include <functional>
#include <utility>
#include <variant>

#include "rpc/host_registry.h"

namespace tobari::broker {
namespace {

// A host may answer a question with the answer to another.
template <class Wanted>
PendingRequests::Callback only(std::function<void(Result<Wanted>)> callback) {
  return [callback = std::move(callback)](Result<HostAnswer> answer) {
    if (!answer.has_value()) return callback(std::unexpected<Error>(std::move(answer).error()));
    if (auto* wanted = std::get_if<Wanted>(&*answer)) return callback(std::move(*wanted));
    callback(fail(Errc::kPeerProtocol, "the host's answer is not to the question"));
  };
}

}  // namespace

const Error& host_is_gone() {
  static const Error error = fail(Errc::kUnavailable, "the host of this desktop is not connected").error();
  return error;
}

void HostRegistry::request(const HostId& host, const std::string& id, wire::ToHost message,
                           PendingRequests::Callback callback) {
  const auto link = link_of(host);
  if (link == nullptr) return callback(std::unexpected<Error>(host_is_gone()));
  if (!pending_.add(id, host, std::chrono::steady_clock::now() + kRequestDeadline, callback)) {
    return callback(fail(Errc::kExhausted, "too many requests wait for hosts: try again"));
  }
  link->send(std::move(message));
  // Detached in between: fail_host() may have run before the entry was there.
  if (link_of(host) != link) pending_.complete(id, host, std::unexpected<Error>(host_is_gone()));
}

void HostRegistry::open_display(const HostId& host, wire::OpenDisplay message, OnOpened callback) {
  const std::string id = message.request_id();
  wire::ToHost envelope;
  *envelope.mutable_open_display() = std::move(message);
  request(host, id, std::move(envelope), only<OpenedDisplay>(std::move(callback)));
}

void HostRegistry::take_thumbnail(const HostId& host, wire::TakeThumbnail message, OnThumbnail callback) {
  const std::string id = message.request_id();
  wire::ToHost envelope;
  *envelope.mutable_take_thumbnail() = std::move(message);
  request(host, id, std::move(envelope), only<TakenThumbnail>(std::move(callback)));
}

void HostRegistry::close_session(const HostId& host, const SessionId& session, const std::string& reason, bool denied) {
  wire::ToHost message;
  message.mutable_close_session()->set_denied(denied);
  message.mutable_close_session()->set_session_id(session.str());
  message.mutable_close_session()->set_reason(reason);
  send(host, std::move(message));
}

void HostRegistry::narrow_session(const HostId& host, const SessionId& session, const policy::Grant& grant) {
  wire::ToHost message;
  message.mutable_narrow_session()->set_session_id(session.str());
  *message.mutable_narrow_session()->mutable_grant() = to_wire(grant);
  send(host, std::move(message));
}

}  // namespace tobari::broker
