// SPDX-License-Identifier: GPL-3.0-or-later
// The second half of host_registry.h: what is asked of hosts.
#include <algorithm>
#include <format>
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

Result<HostId> HostRegistry::take_source(const HostId& whom_for, const std::string& image) {
  const std::scoped_lock lock(mutex_);
  auto least = hosts_.end();
  for (auto at = hosts_.begin(); at != hosts_.end(); ++at) {
    if (at->first == whom_for || !std::ranges::contains(at->second.versions, image)) continue;
    if (least == hosts_.end() || at->second.parts_under_way < least->second.parts_under_way) least = at;
  }
  if (least == hosts_.end()) {
    return fail(Errc::kUnavailable, std::format("no other host that has {} is connected", image));
  }
  if (least->second.parts_under_way >= kMaxPartsOfASource) {
    return fail(Errc::kExhausted, std::format("hosts that have {} are busy with other copies", image));
  }
  ++least->second.parts_under_way;
  return least->first;
}

void HostRegistry::give_source_back(const HostId& source) {
  const std::scoped_lock lock(mutex_);
  const auto at = hosts_.find(source);
  if (at != hosts_.end() && at->second.parts_under_way > 0) --at->second.parts_under_way;
}

void HostRegistry::fetch_image_part(const HostId& whom_for, wire::ReadImagePart message, OnImagePart callback) {
  const auto source = take_source(whom_for, message.image());
  if (!source.has_value()) return callback(std::unexpected<Error>(source.error()));
  const std::string id = message.request_id();
  wire::ToHost envelope;
  *envelope.mutable_read_image_part() = std::move(message);
  OnImagePart done = [this, source = *source, callback = std::move(callback)](Result<TakenImagePart> part) {
    give_source_back(source);
    callback(std::move(part));
  };
  request(*source, id, std::move(envelope), only<TakenImagePart>(std::move(done)));
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
