// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/rdp_peer.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <utility>

#include <freerdp/autodetect.h>
#include <freerdp/error.h>
#include <freerdp/settings.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <winpr/synch.h>

#include <tobari/base/log.h>

#include "filter/clipboard_gate.h"
#include "rdp/first_packet.h"
#include "rdp/peer_callbacks.h"
#include "rdp/peer_settings.h"

namespace tobari::display {
namespace {

constexpr std::size_t kMaxHandles = 32;
// The kernel holds no more than this unsent, so that what is decided late is decided on fresh knowledge.
constexpr int kUnsentLowWater = 128 * 1024;
constexpr std::chrono::milliseconds kGoodbye{300};  // for the last words to get out
constexpr std::chrono::seconds kRoundTripPeriod{2};
constexpr std::uint16_t kRoundTripSequence = 1;

void tune(int fd, const RdpOptions& options) noexcept {
  const auto set = [fd](int option, auto value) {
    static_cast<void>(::setsockopt(fd, IPPROTO_TCP, option, &value, sizeof value));
  };
  set(TCP_NODELAY, 1);
  set(TCP_NOTSENT_LOWAT, kUnsentLowWater);
  set(TCP_USER_TIMEOUT, static_cast<unsigned>(options.silence_deadline.count()));
}

std::uint32_t error_info(CloseReason reason) noexcept {
  switch (reason) {
    case CloseReason::kTakenOver:
      return ERRINFO_DISCONNECTED_BY_OTHER_CONNECTION;
    case CloseReason::kIdle:
      return ERRINFO_IDLE_TIMEOUT;
    case CloseReason::kTimeLimit:
      return ERRINFO_LOGON_TIMEOUT;  // "the active session limit timer"
    case CloseReason::kDenied:
      return ERRINFO_SERVER_INSUFFICIENT_PRIVILEGES;
    case CloseReason::kServerStops:
    case CloseReason::kDropped:
    case CloseReason::kNotRecorded:
      break;
  }
  return ERRINFO_RPC_INITIATED_DISCONNECT;
}

const char* words(CloseReason reason) noexcept {
  switch (reason) {
    case CloseReason::kTakenOver:
      return "taken over by another client";
    case CloseReason::kIdle:
      return "nobody used it";
    case CloseReason::kTimeLimit:
      return "it lasted as long as it may";
    case CloseReason::kDenied:
      return "the policy does not allow it any more";
    case CloseReason::kNotRecorded:
      return "the session must be recorded, and cannot be any more";
    case CloseReason::kServerStops:
    case CloseReason::kDropped:
      break;
  }
  return "closed";
}

}  // namespace

void RdpPeer::PeerFree::operator()(freerdp_peer* p) const noexcept {
  freerdp_peer_context_free(p);
  freerdp_peer_free(p);
}

RdpPeer::RdpPeer(UniqueFd connection, const TlsIdentity& identity, Admission& admission, RdpOptions options)
    : connection_(std::move(connection)), identity_(identity), admission_(admission), options_(std::move(options)) {}

RdpPeer::~RdpPeer() { stop(); }

Result<void> RdpPeer::start(TransportEvents& events, InputSink& input) {
  events_ = &events;
  input_ = &input;
  socket_.reset(::fcntl(connection_.get(), F_DUPFD_CLOEXEC, 0));
  if (!socket_) return fail_errno(errno, "keep hold of a connection");
  tune(socket_.get(), options_);
  thread_ = std::jthread([this] { run(); });
  return {};
}

void RdpPeer::stop() noexcept {
  if (!thread_.joinable()) return;
  notes_.close(CloseReason::kServerStops);
  if (!ready_) static_cast<void>(::shutdown(socket_.get(), SHUT_RDWR));  // it may be blocked in the TLS handshake
  thread_.join();
}

std::size_t RdpPeer::queued() const noexcept { return notes_.bytes() + queued_.load(std::memory_order_relaxed); }

std::size_t RdpPeer::unsent() const noexcept {
  int kernel = 0;
  if (::ioctl(socket_.get(), SIOCOUTQ, &kernel) != 0) kernel = 0;
  return queued() + static_cast<std::size_t>(std::max(kernel, 0));
}

void RdpPeer::run() {
  const Result<void> served = serve();
  close_peer();
  Error reason = served ? Error{Errc::kUnavailable, "the client disconnected"} : served.error();
  if (reason_) reason = *std::exchange(reason_, std::nullopt);
  if (guard_ && guard_->expired()) reason = Error{Errc::kTimeout, "the client took too long to connect"};
  guard_.reset();
  events_->on_closed(reason);
}

Result<void> RdpPeer::serve() {
  const auto accepted = SystemClock().now();
  TOBARI_TRY(await_connection_request(socket_.get(), accepted + options_.request_deadline));
  guard_ = std::make_unique<HandshakeGuard>(socket_.get(), accepted + options_.handshake_deadline);
  TOBARI_TRY(open_peer());
  return loop();
}

Result<void> RdpPeer::open_peer() {
  peer_.reset(freerdp_peer_new(connection_.release()));
  if (!peer_) return fail(Errc::kInternal, "no peer");
  peer_->ContextExtra = this;
  if (freerdp_peer_context_new(peer_.get()) == FALSE) return fail(Errc::kInternal, "no peer context");
  TOBARI_TRY(display::offer(context()->settings, identity_));
  rdpTransportIo io = *freerdp_get_io_callbacks(context());
  read_ = io.ReadPdu;
  output_ = std::make_unique<OutputQueue>(io.WritePdu);
  install_callbacks(peer_.get(), io);
  tune(socket_.get(), options_);  // again: FreeRDP has put settings of its own in place, and ends a line that rests 9 s
  if (freerdp_set_io_callbacks(context(), &io) == FALSE || peer_->Initialize(peer_.get()) == FALSE) {
    return fail(Errc::kInternal, "the peer does not start");
  }
  return {};
}

Result<void> RdpPeer::loop() {
  for (;;) {
    TOBARI_TRY(wait());
    notes_.clear_wake();
    if (const auto reason = notes_.closing()) {
      // A server that stops says nothing: to the client the line is lost, and it comes back to the next process.
      if (*reason != CloseReason::kServerStops) say_goodbye(error_info(*reason));
      return fail(Errc::kCancelled, words(*reason));
    }
    if (authenticated_) output_->hold();  // before that, an answer must be out before FreeRDP waits for the next step
    const bool alive = peer_->CheckFileDescriptor(peer_.get()) != FALSE;
    if (!alive) {
      static_cast<void>(output_->release(transport()));
      return broken();
    }
    carry_out_notes();
    send_clipboard();
    if (!output_->release(transport())) return fail(Errc::kUnavailable, "the client went away");
    queued_ = output_->size();
    tell_what_left();
    if (!drained_told_ && queued() < kDrained) {
      drained_told_ = true;
      events_->on_drained();
    }
  }
}

Result<void> RdpPeer::wait() {
  std::array<HANDLE, kMaxHandles> handles{};
  const DWORD count = peer_->GetEventHandles(peer_.get(), handles.data(), kMaxHandles);
  if (count == 0) return fail(Errc::kUnavailable, "the client went away");
  std::array<pollfd, kMaxHandles + 2> items{};
  std::size_t used = 0;
  items[used++] = {notes_.fd(), POLLIN, 0};
  const bool more = output_->size() > 0 || (clipboard_ && clipboard_->has_more());
  if (more || peer_->IsWriteBlocked(peer_.get()) != FALSE) items[used++] = {socket_.get(), POLLOUT, 0};
  for (DWORD i = 0; i < count; ++i) items[used++] = {GetEventFileDescriptor(handles[i]), POLLIN, 0};
  while (::poll(items.data(), used, -1) < 0) {
    if (errno != EINTR) return fail_errno(errno, "wait for a client");
  }
  return {};
}

Result<void> RdpPeer::broken() {
  if (!reason_) {
    return ready_ ? fail(Errc::kUnavailable, "the client disconnected")
                  : fail(Errc::kPeerProtocol, "the connection failed before it was a session");
  }
  linger();
  return {};
}

void RdpPeer::carry_out_notes() {
  for (const AudioNote& sound : notes_.take_audio()) {
    if (audio_) audio_->play({sound.samples, sound.rate, sound.captured});
  }
  for (ClipboardNote& note : notes_.take_clipboard()) carry_out(note);
  auto notes = notes_.take();
  if (notes.empty()) return;
  for (PeerNote& note : notes) carry_out(note);
  measure_round_trip();
  drained_told_ = false;
}

void RdpPeer::tell_what_left() {
  if (!leaving_ || output_->size() > 0 || peer_->IsWriteBlocked(peer_.get()) != FALSE) return;
  events_->on_frames_left(*std::exchange(leaving_, std::nullopt));
}

void RdpPeer::carry_out(PeerNote& note) {
  if (auto* layout = std::get_if<LayoutNote>(&note)) {
    layout_ = std::move(layout->layout);
    if (graphics_ && graphics_->ready()) {
      graphics_->set_layout(layout_);
    } else if (active_ && ready_) {
      resize_legacy(layout_.monitors.size());
    }
  } else if (const auto* frame = std::get_if<FrameNote>(&note)) {
    leaving_ = frame->id;
    last_frame_ = frame->id;
    if (graphics_ && graphics_->ready()) {
      events_->on_frame_written(frame->id, graphics_->send(frame->id, frame->surface, frame->frame));
    } else if (active_ && ready_ && frame->surface < layout_.surfaces.size()) {
      const Rect& place = layout_.surfaces[frame->surface];
      static_cast<void>(legacy_.send(context(), {place.x, place.y}, frame->frame));
    }
  } else if (const auto* cursor = std::get_if<CursorNote>(&note)) {
    pointer_.set_shape(context(), cursor->shape);
  } else if (const auto* visible = std::get_if<CursorVisibleNote>(&note)) {
    pointer_.set_visible(context(), visible->visible);
  } else if (const auto* narrower = std::get_if<NarrowNote>(&note)) {
    narrow_to(narrower->grant);
  }
}

void RdpPeer::carry_out(ClipboardNote& note) {
  if (!clipboard_) return;
  if (const auto* opening = std::get_if<OpenClipboardNote>(&note)) {
    opening->open ? clipboard_->open() : clipboard_->close();
  } else if (const auto* offer = std::get_if<OfferNote>(&note)) {
    clipboard_->offer(offer->formats);
  } else if (const auto* ask = std::get_if<AskNote>(&note)) {
    clipboard_->ask(ask->id, ask->format, ask->most);
  } else if (auto* answer = std::get_if<AnswerNote>(&note)) {
    clipboard_->answer(answer->id, std::move(answer->content));
  }
}

// A little at a time, and only while the line takes it: pictures and keys are not to wait behind a large paste.
void RdpPeer::send_clipboard() {
  if (!clipboard_) return;
  while (output_->size() < kDrained) {
    const auto piece = clipboard_->next();
    if (!piece) return;
    const std::uint32_t flags = (piece->first ? kPieceFirst : 0U) | (piece->last ? kPieceLast : 0U);
    const auto* data = reinterpret_cast<const BYTE*>(piece->data.data());
    if (peer_->SendChannelPacket(peer_.get(), cliprdr_, piece->total, flags, data, piece->data.size()) == FALSE) return;
  }
}

void RdpPeer::narrow_to(const policy::Grant& grant) {
  if (!grants_clipboard(grant)) may_use_clipboard_ = false;
  if (grant.find("resize") == nullptr && std::exchange(resizes_, false) && graphics_) graphics_->close_resize();
  if (!audio_ || grant.find("audio.play") != nullptr) return;
  if (graphics_) {
    graphics_->close_audio();
  } else {
    audio_.reset();
  }
}

bool RdpPeer::autodetects() noexcept {
  return freerdp_settings_get_bool(context()->settings, FreeRDP_NetworkAutoDetect) != FALSE;
}

// Once in a while, or behind every frame of a client that does not acknowledge, and only while pictures flow: an idle
// session sends nothing at all.
void RdpPeer::measure_round_trip() {
  const auto now = SystemClock().now();
  if (!active_ || round_trip_asked_ || !autodetects()) return;
  const bool behind_a_frame = !client_acknowledges_ && last_frame_ != asked_behind_;
  if (!behind_a_frame && now - round_trip_done_ < kRoundTripPeriod) return;
  rdpAutoDetect* autodetect = context()->autodetect;
  round_trip_asked_ = now;
  asked_behind_ = last_frame_;
  static_cast<void>(autodetect->RTTMeasureRequest(autodetect, RDP_TRANSPORT_TCP, kRoundTripSequence));
}

void RdpPeer::on_round_trip_answer() {
  if (!round_trip_asked_) return;
  const auto now = SystemClock().now();
  round_trip_done_ = now;
  events_->on_round_trip(std::chrono::duration_cast<std::chrono::microseconds>(now - *round_trip_asked_));
  round_trip_asked_.reset();
  if (client_acknowledges_) return;
  if (asked_behind_) events_->on_frame_ack(*asked_behind_);
  measure_round_trip();
}

void RdpPeer::say_goodbye(std::uint32_t error_info) {
  if (!authenticated_) return;
  freerdp_set_error_info(context()->rdp, error_info);
  static_cast<void>(freerdp_send_error_info(context()->rdp));
  static_cast<void>(peer_->Close(peer_.get()));
  linger();
}

// Lets the last words arrive: a socket closed with unread input is reset, and the client would never see them.
void RdpPeer::linger() noexcept {
  const auto until = SystemClock().now() + kGoodbye;
  bool shut = false;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - SystemClock().now());
    if (left.count() <= 0 || !output_->flush(transport())) return;
    const bool sent = output_->size() == 0 && peer_->IsWriteBlocked(peer_.get()) == FALSE;
    if (sent && !std::exchange(shut, true)) static_cast<void>(::shutdown(socket_.get(), SHUT_WR));
    pollfd item{socket_.get(), static_cast<short>(sent ? POLLIN : POLLIN | POLLOUT), 0};
    if (::poll(&item, 1, static_cast<int>(left.count())) <= 0) return;
    std::array<std::byte, 4096> ignored{};
    if ((item.revents & POLLIN) != 0 && ::recv(socket_.get(), ignored.data(), ignored.size(), MSG_DONTWAIT) <= 0)
      return;
  }
}

void RdpPeer::close_peer() noexcept {
  if (guard_) guard_->done();
  if (peer_ && peer_->context != nullptr) peer_->Disconnect(peer_.get());
  report_audio();
  graphics_.reset();
  peer_.reset();
  connection_.reset();
  static_cast<void>(::shutdown(socket_.get(), SHUT_RDWR));
}

Size RdpPeer::desktop() noexcept {
  const rdpSettings* settings = context()->settings;
  return {static_cast<int>(freerdp_settings_get_uint32(settings, FreeRDP_DesktopWidth)),
          static_cast<int>(freerdp_settings_get_uint32(settings, FreeRDP_DesktopHeight))};
}

std::unique_ptr<DisplayTransport> make_rdp_transport(UniqueFd connection, const TlsIdentity& identity,
                                                     Admission& admission, RdpOptions options) {
  return std::make_unique<RdpPeer>(std::move(connection), identity, admission, std::move(options));
}

}  // namespace tobari::display
