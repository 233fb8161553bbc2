// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/link.h"

#include <algorithm>
#include <array>
#include <mutex>
#include <string>
#include <utility>

#include <freerdp/error.h>
#include <freerdp/freerdp.h>
#include <freerdp/gdi/gdi.h>
#include <winpr/ssl.h>
#include <winpr/synch.h>
#include <winpr/wlog.h>

#include <tobari/base/log.h>
#include <tobari/base/no_throw.h>

#include "rdp/certificate_pin.h"
#include "rdp/channels.h"
#include "rdp/end_reason.h"
#include "rdp/link_context.h"
#include "rdp/pointer.h"
#include "rdp/send_input.h"
#include "rdp/settings.h"

namespace tobari::client {
namespace {

// --- pictures

BOOL begin_paint(rdpContext* context) {
  state_of(context).frame.begin_update();
  return TRUE;
}

QRegion damage_of(const rdpGdi& gdi) {
  const GDI_WND& window = *gdi.primary->hdc->hwnd;
  QRegion damage;
  for (INT32 i = 0; i < window.ninvalid; ++i) {
    const GDI_RGN& rect = window.cinvalid[i];
    damage += QRect(rect.x, rect.y, rect.w, rect.h);
  }
  return damage;
}

BOOL end_paint(rdpContext* context) {
  LinkState& state = state_of(context);
  return no_throw("end_paint", [&] {
    const QRegion damage = damage_of(*context->gdi);
    const bool tell = state.frame.end_update(damage);
    const bool first = !damage.isEmpty() && !std::exchange(state.picture_seen, true);
    if (tell || first) state.events.on_picture(first);
    return TRUE;
  });
}

bool use_frame(rdpContext* context, QSize size) {
  LinkState& state = state_of(context);
  if (state.frame.resize(size)) return true;
  log::warning("desktop size refused",
               {{"width", std::to_string(size.width())}, {"height", std::to_string(size.height())}});
  state.end(DisplayEnd::kClosed);
  return false;
}

QSize desktop_size(const rdpSettings* settings) {
  constexpr UINT32 kBeyond = Frame::kMaxSide + 1;
  const auto side = [&](FreeRDP_Settings_Keys_UInt32 key) {
    return static_cast<int>(std::min(freerdp_settings_get_uint32(settings, key), kBeyond));
  };
  return {side(FreeRDP_DesktopWidth), side(FreeRDP_DesktopHeight)};
}

BOOL desktop_resize(rdpContext* context) {
  return no_throw("desktop_resize", [=]() -> BOOL {
    Frame& frame = state_of(context).frame;
    const QSize size = desktop_size(context->settings);
    if (!use_frame(context, size)) return FALSE;
    return gdi_resize_ex(context->gdi, static_cast<UINT32>(size.width()), static_cast<UINT32>(size.height()),
                         frame.stride(), PIXEL_FORMAT_BGRX32, reinterpret_cast<BYTE*>(frame.pixels()), nullptr);
  });
}

// --- the connection's life

BOOL pre_connect(freerdp* instance) { return watch_channels(instance->context) ? TRUE : FALSE; }

BOOL post_connect(freerdp* instance) {
  rdpContext* context = instance->context;
  return no_throw("post_connect", [=]() -> BOOL {
    Frame& frame = state_of(context).frame;
    if (!use_frame(context, desktop_size(context->settings))) return FALSE;
    if (!gdi_init_ex(instance, PIXEL_FORMAT_BGRX32, frame.stride(), reinterpret_cast<BYTE*>(frame.pixels()), nullptr)) {
      return FALSE;
    }
    register_pointer(context);
    context->update->BeginPaint = begin_paint;
    context->update->EndPaint = end_paint;
    context->update->DesktopResize = desktop_resize;
    return TRUE;
  });
}

void post_disconnect(freerdp* instance) {
  unwatch_channels(instance->context);
  gdi_free(instance);
}

int verify_certificate(freerdp* instance, const BYTE* data, size_t length, const char* /*host*/, UINT16 /*port*/,
                       DWORD /*flags*/) {
  LinkState& state = state_of(instance->context);
  return no_throw("verify_certificate", [&] {
    constexpr int kAcceptThisTime = 2;
    constexpr int kRefuse = 0;
    const std::string_view pem(reinterpret_cast<const char*>(data), length);
    if (certificate_matches(pem, state.pin)) return kAcceptThisTime;
    log::warning("certificate is not the pinned one", {{"peer", state.target.connection.address.toStdString()}});
    state.end(DisplayEnd::kWrongCertificate);
    return kRefuse;
  });
}

// A server may not send this client to another place: the broker names places.
BOOL refuse_redirect(freerdp* /*instance*/) { return FALSE; }

// Nobody is asked for a password, on a terminal or elsewhere: there is a ticket, and it counts or not.
BOOL refuse_authenticate(freerdp* /*instance*/, char** /*user*/, char** /*password*/, char** /*domain*/,
                         rdp_auth_reason /*reason*/) {
  return FALSE;
}

BOOL client_new(freerdp* instance, rdpContext* /*context*/) {
  instance->PreConnect = pre_connect;
  instance->PostConnect = post_connect;
  instance->PostDisconnect = post_disconnect;
  instance->LoadChannels = load_channels;
  instance->VerifyX509Certificate = verify_certificate;
  instance->VerifyCertificateEx = nullptr;
  instance->VerifyChangedCertificateEx = nullptr;
  instance->AuthenticateEx = refuse_authenticate;
  instance->ChooseSmartcard = nullptr;
  instance->PresentGatewayMessage = nullptr;
  instance->GetAccessToken = nullptr;
  instance->RetryDialog = nullptr;
  instance->Redirect = refuse_redirect;
  return TRUE;
}

void init_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    winpr_InitializeSSL(WINPR_SSL_INIT_DEFAULT);
    WLog_SetLogLevel(WLog_GetRoot(), WLOG_FATAL);  // we say ourselves what went wrong, once and without secrets
  });
}

}  // namespace

class Link::Impl {
 public:
  Impl(const DisplayTarget& target, Frame& frame, LinkEvents& events) : state_(target, frame, events) {}
  ~Impl() {
    if (context_ != nullptr) freerdp_client_context_free(context_);
    if (state_.wake != nullptr) CloseHandle(state_.wake);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  Result<void> init() {
    init_library();
    RDP_CLIENT_ENTRY_POINTS entry_points{};
    entry_points.Size = sizeof(entry_points);
    entry_points.Version = RDP_CLIENT_INTERFACE_VERSION;
    entry_points.ContextSize = sizeof(LinkContext);
    entry_points.ClientNew = client_new;
    context_ = freerdp_client_context_new(&entry_points);
    state_.wake = CreateEvent(nullptr, TRUE, FALSE, nullptr);
    if (context_ == nullptr || state_.wake == nullptr) return fail(Errc::kExhausted, "make an rdp client");
    reinterpret_cast<LinkContext*>(context_)->state = &state_;
    return configure(context_->settings, state_.target);
  }

  DisplayEnd run() {
    if (!freerdp_connect(context_->instance)) return reason(DisplayEnd::kUnreachable);
    while (step()) {
    }
    const DisplayEnd why = reason(DisplayEnd::kDropped);  // disconnecting forgets what the server said
    freerdp_disconnect(context_->instance);
    return why;
  }

  void request_stop() {
    state_.stop = true;
    SetEvent(state_.wake);
    freerdp_abort_connect_context(context_);
  }

  void send(const Input& input) {
    if (!state_.input.push(input)) return request_stop();
    SetEvent(state_.wake);
  }

 private:
  // Waits for the next thing to do and does it; false when the connection is over.
  bool step() {
    std::array<HANDLE, MAXIMUM_WAIT_OBJECTS> handles{};
    handles[0] = state_.wake;
    const DWORD count = freerdp_get_event_handles(context_, &handles[1], MAXIMUM_WAIT_OBJECTS - 1);
    if (count == 0) return false;
    if (WaitForMultipleObjects(count + 1, handles.data(), FALSE, INFINITE) == WAIT_FAILED) return false;
    if (state_.stop || state_.verdict()) return false;

    ResetEvent(state_.wake);
    for (const Input& input : state_.input.take_all()) {
      if (!send_input(context_, input)) return false;
    }
    return freerdp_check_event_handles(context_) && !freerdp_shall_disconnect_context(context_);
  }

  DisplayEnd reason(DisplayEnd otherwise) const {
    if (const auto verdict = state_.verdict()) return *verdict;
    const std::uint32_t error = freerdp_get_last_error(context_);
    const std::uint32_t info = freerdp_error_info(context_->instance);
    log::debug("rdp ended", {{"error", freerdp_get_last_error_name(error)}, {"info", std::to_string(info)}});
    return end_reason_of(error, info).value_or(otherwise);
  }

  LinkState state_;
  rdpContext* context_ = nullptr;
};

Result<std::unique_ptr<Link>> Link::create(const DisplayTarget& target, Frame& frame, LinkEvents& events) {
  auto impl = std::make_unique<Impl>(target, frame, events);
  TOBARI_TRY(impl->init());
  return std::unique_ptr<Link>(new Link(std::move(impl)));
}

Link::Link(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Link::~Link() = default;

DisplayEnd Link::run() { return impl_->run(); }
void Link::request_stop() { impl_->request_stop(); }
void Link::send(const Input& input) { impl_->send(input); }

}  // namespace tobari::client
