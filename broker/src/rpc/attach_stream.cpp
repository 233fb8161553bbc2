// SPDX-License-Identifier: GPL-3.0-or-later
#include "rpc/attach_stream.h"

#include <array>
#include <utility>

#include <tobari/base/log.h>
#include <tobari/base/random.h>
#include <tobari/base/thumbnail.h>
#include <tobari/net/grpc_status.h>

#include "rpc/load_wire.h"
#include "rpc/session_reports.h"
#include "rpc/transfers.h"

namespace tobari::broker {
namespace {

constexpr std::size_t kMaxFailureText = 512;

Error failure_of(const wire::RequestFailed& failed) {
  Errc code = Errc::kInternal;
  for (const Errc known : {Errc::kInvalidArgument, Errc::kNotFound, Errc::kAlreadyExists, Errc::kPermissionDenied,
                           Errc::kUnavailable, Errc::kTimeout, Errc::kCancelled, Errc::kExhausted, Errc::kIo}) {
    if (failed.code() == to_string(known)) code = known;
  }
  return Error{.code = code, .message = failed.message().substr(0, kMaxFailureText)};
}

bool is_fingerprint(const std::string& text) { return text.size() == 64 && from_hex(text).has_value(); }

}  // namespace

AttachStream* AttachStream::start(NodesService& service, grpc::CallbackServerContext* context, Node host) {
  const std::shared_ptr<AttachStream> made(new AttachStream(service, context, std::move(host)));
  made->self_ = made;
  made->StartRead(&made->incoming_);
  return made.get();
}

AttachStream::AttachStream(NodesService& service, grpc::CallbackServerContext* context, Node host)
    : service_(service), context_(context), host_(std::move(host)) {}

void AttachStream::send(wire::ToHost message) {
  const std::scoped_lock lock(mutex_);
  if (finished_) return;
  if (outgoing_.size() >= kMaxQueued) {
    log::warning("host cut off: it does not read", {{"host", host_.name}});
    context_->TryCancel();
    return;
  }
  outgoing_.push_back(std::move(message));
  if (outgoing_.size() == 1) StartWrite(&outgoing_.front());
}

void AttachStream::close(const Error& why) {
  const std::scoped_lock lock(mutex_);
  if (finished_) return;
  // With a write under way Finish() would wait for a host that may not read any more.
  if (outgoing_.empty()) {
    finish_locked(node::status_of(why));
  } else {
    context_->TryCancel();
  }
}

void AttachStream::finish_locked(const grpc::Status& status) {
  if (std::exchange(finished_, true)) return;
  Finish(status);
}

bool AttachStream::is_finished() {
  const std::scoped_lock lock(mutex_);
  return finished_;
}

void AttachStream::read_next() {
  const std::scoped_lock lock(mutex_);
  if (!finished_) StartRead(&incoming_);
}

void AttachStream::OnReadDone(bool ok) {
  if (!ok) {
    const std::scoped_lock lock(mutex_);
    finish_locked(grpc::Status::OK);
    return;
  }
  // It counts from when it was sent, so it does not wait for what others store.
  if (greeted_ && incoming_.has_ask_lease()) {
    service_.parts().hosts.ask_lease(host_.id, incoming_.ask_lease());
    return read_next();
  }
  auto work = [self = shared_from_this()] {
    if (const auto done = self->handle(self->incoming_); !done.has_value()) {
      log::warning("host's line ended", {{"host", self->host_.name}, {"why", describe(done.error())}});
      self->close(done.error());
      return;
    }
    self->read_next();
  };
  if (!service_.post_report(std::move(work))) close(fail(Errc::kUnavailable, "the broker is busy").error());
}

void AttachStream::OnWriteDone(bool ok) {
  const std::scoped_lock lock(mutex_);
  outgoing_.pop_front();
  if (!ok) {
    finish_locked(grpc::Status::OK);
  } else if (!finished_ && !outgoing_.empty()) {
    StartWrite(&outgoing_.front());
  }
}

void AttachStream::OnCancel() {
  const std::scoped_lock lock(mutex_);
  finish_locked(grpc::Status::CANCELLED);
}

void AttachStream::OnDone() {
  service_.parts().hosts.detach(host_.id, this);
  const auto last = std::exchange(self_, nullptr);
}

Result<void> AttachStream::handle(const wire::FromHost& message) {
  HostRegistry& hosts = service_.parts().hosts;
  if (!greeted_ && !message.has_hello()) return fail(Errc::kPeerProtocol, "the first message must be the hello");
  switch (message.message_case()) {
    case wire::FromHost::kHello:
      if (std::exchange(greeted_, true)) return fail(Errc::kPeerProtocol, "a second hello");
      TOBARI_TRY(hosts.attach(host_.id, shared_from_this(), message.hello()));
      // The line may have ended while the hello was waiting; then OnDone() found nothing to detach.
      if (is_finished()) hosts.detach(host_.id, this);
      return {};
    case wire::FromHost::kActual:
      return hosts.set_actual(host_.id, this, message.actual());
    case wire::FromHost::kDisplayOpened:
      if (!is_fingerprint(message.display_opened().certificate_sha256())) {
        return fail(Errc::kPeerProtocol, "an opened display without a certificate's fingerprint");
      }
      hosts.complete(host_.id, message.display_opened().request_id(),
                     OpenedDisplay{message.display_opened().certificate_sha256()});
      return {};
    case wire::FromHost::kThumbnail:
      if (!is_thumbnail(message.thumbnail().jpeg())) return fail(Errc::kPeerProtocol, "a thumbnail that is no picture");
      hosts.complete(host_.id, message.thumbnail().request_id(), TakenThumbnail{message.thumbnail().jpeg()});
      return {};
    case wire::FromHost::kImagePart:
      if (message.image_part().bytes().size() > kMaxImagePartBytes) {
        return fail(Errc::kPeerProtocol, "a piece of an image that is too large");
      }
      hosts.complete(host_.id, message.image_part().request_id(),
                     TakenImagePart{message.image_part().bytes(), message.image_part().file_bytes()});
      return {};
    case wire::FromHost::kFailed:
      hosts.complete(host_.id, message.failed().request_id(), std::unexpected<Error>(failure_of(message.failed())));
      return {};
    case wire::FromHost::kSession:
      return handle_session(message.session());
    case wire::FromHost::kTransferAsked: {
      wire::ToHost reply;
      *reply.mutable_transfer_answered() =
          enter_transfer(service_.parts().store, service_.parts().clock, host_, message.transfer_asked());
      send(std::move(reply));
      return {};
    }
    case wire::FromHost::kAskLease:
      hosts.ask_lease(host_.id, message.ask_lease());
      return {};
    case wire::FromHost::kLoad: {
      TOBARI_ASSIGN(HostLoad load, from_wire(message.load()));
      hosts.set_load(host_.id, std::move(load));
      return {};
    }
    case wire::FromHost::MESSAGE_NOT_SET:
      break;
  }
  return fail(Errc::kPeerProtocol, "a message of no known kind");
}

Result<void> AttachStream::handle_session(const wire::SessionEvent& event) {
  const NodesService::Parts& parts = service_.parts();
  const auto stored = store_session_event(parts.store, parts.clock, parts.metrics, host_, event);
  if (!stored.has_value()) {
    // Not acknowledged: the host keeps it and says it again. Its desktops must not suffer from our full disk.
    log::error("session event not stored", {{"host", host_.name}, {"why", describe(stored.error())}});
    return {};
  }
  wire::ToHost reply;
  reply.mutable_event_stored()->set_event_id(event.event_id());
  send(std::move(reply));
  return {};
}

}  // namespace tobari::broker
