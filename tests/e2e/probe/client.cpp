// SPDX-License-Identifier: GPL-3.0-or-later
#include "client.h"

#include <algorithm>
#include <cctype>
#include <format>
#include <utility>
#include <vector>

#include <freerdp/client.h>
#include <freerdp/client/channels.h>
#include <freerdp/client/cmdline.h>
#include <freerdp/gdi/gdi.h>
#include <freerdp/gdi/gfx.h>
#include <freerdp/input.h>
#include <winpr/synch.h>

namespace tobari::probe {
namespace {

using namespace std::chrono_literals;

// FreeRDP allocates the context; ours begins with its own.
struct Context {
  rdpClientContext common;
  Seen* seen;
};

Seen& seen_of(rdpContext* context) { return *reinterpret_cast<Context*>(context)->seen; }

BOOL on_begin_paint(rdpContext* context) {
  HGDI_WND window = context->gdi->primary->hdc->hwnd;
  window->invalid->null = TRUE;
  window->ninvalid = 0;
  return TRUE;
}

BOOL on_end_paint(rdpContext* context) {
  const HGDI_WND window = context->gdi->primary->hdc->hwnd;
  if (window->invalid->null) return TRUE;
  Seen& seen = seen_of(context);
  seen.last_paint = Clock::now();
  ++seen.paints;
  for (INT32 i = 0; i < window->ninvalid; ++i) {
    const GDI_RGN& r = window->cinvalid[i];
    seen.coverage.paint(r.x, r.y, r.w, r.h);
  }
  if (seen.first_picture == Clock::time_point{} && seen.coverage.complete()) seen.first_picture = seen.last_paint;
  if (seen.on_paint) seen.on_paint(*context->gdi);
  return TRUE;
}

BOOL on_desktop_resize(rdpContext* context) {
  const UINT32 width = freerdp_settings_get_uint32(context->settings, FreeRDP_DesktopWidth);
  const UINT32 height = freerdp_settings_get_uint32(context->settings, FreeRDP_DesktopHeight);
  if (!gdi_resize(context->gdi, width, height)) return FALSE;
  seen_of(context).coverage.resize(static_cast<int>(width), static_cast<int>(height));
  return TRUE;
}

BOOL on_pre_connect(freerdp* instance) {
  wPubSub* events = instance->context->pubSub;
  return PubSub_SubscribeChannelConnected(events, freerdp_client_OnChannelConnectedEventHandler) >= 0 &&
         PubSub_SubscribeChannelDisconnected(events, freerdp_client_OnChannelDisconnectedEventHandler) >= 0;
}

BOOL on_post_connect(freerdp* instance) {
  if (!gdi_init(instance, PIXEL_FORMAT_BGRX32)) return FALSE;
  rdpContext* context = instance->context;
  context->update->BeginPaint = on_begin_paint;
  context->update->EndPaint = on_end_paint;
  context->update->DesktopResize = on_desktop_resize;
  seen_of(context).coverage.resize(context->gdi->width, context->gdi->height);
  return TRUE;
}

void on_post_disconnect(freerdp* instance) { gdi_free(instance); }

DWORD check_certificate(rdpContext* context, const char* fingerprint) {
  Seen& seen = seen_of(context);
  seen.got_sha256.clear();
  for (const char* c = fingerprint; *c != '\0'; ++c) {
    if (*c != ':') seen.got_sha256 += static_cast<char>(std::tolower(static_cast<unsigned char>(*c)));
  }
  return seen.want_sha256.empty() || seen.want_sha256 == seen.got_sha256 ? 2 : 0;
}

DWORD on_certificate(freerdp* instance, const char*, UINT16, const char*, const char*, const char*,
                     const char* fingerprint, DWORD) {
  return check_certificate(instance->context, fingerprint);
}

// What an earlier session of this client may have noted is no matter: only the fingerprint asked for counts.
DWORD on_changed_certificate(freerdp* instance, const char*, UINT16, const char*, const char*, const char*,
                             const char* fingerprint, const char*, const char*, const char*, DWORD) {
  return check_certificate(instance->context, fingerprint);
}

BOOL on_new(freerdp* instance, rdpContext*) {
  instance->PreConnect = on_pre_connect;
  instance->PostConnect = on_post_connect;
  instance->PostDisconnect = on_post_disconnect;
  instance->VerifyCertificateEx = on_certificate;
  instance->VerifyChangedCertificateEx = on_changed_certificate;
  instance->LoadChannels = freerdp_client_load_channels;
  return TRUE;
}

// Arguments of another server's making first, so that what the probe needs has the last word.
bool apply_arguments(const Options& o, rdpSettings* s) {
  if (o.client.empty()) return true;
  std::vector<std::string> words{"tobari-probe", "/v:" + o.address, "/cert:ignore"};
  words.insert(words.end(), o.client.begin(), o.client.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  return freerdp_client_settings_parse_command_line(s, static_cast<int>(arguments.size()), arguments.data(), FALSE) ==
         0;
}

bool apply_pictures(const Options& o, rdpSettings* s) {
  if (!o.client.empty()) return true;
  return freerdp_settings_set_bool(s, FreeRDP_SupportGraphicsPipeline, o.graphics_pipeline) &&
         freerdp_settings_set_bool(s, FreeRDP_GfxH264, o.graphics_pipeline) &&
         freerdp_settings_set_bool(s, FreeRDP_RemoteFxCodec, FALSE) &&
         freerdp_settings_set_bool(s, FreeRDP_NSCodec, FALSE);
}

bool apply_monitors(const Options& o, rdpSettings* s) {
  const auto count = std::max<std::size_t>(o.ledgers.size(), 1);
  const auto width = static_cast<INT32>(o.width);
  const bool ok = freerdp_settings_set_uint32(s, FreeRDP_DesktopWidth, o.width * static_cast<UINT32>(count)) &&
                  freerdp_settings_set_uint32(s, FreeRDP_DesktopHeight, o.height);
  if (count == 1) return ok;
  std::vector<rdpMonitor> monitors(count);
  for (std::size_t i = 0; i < count; ++i) {
    monitors[i].x = static_cast<INT32>(i) * width;
    monitors[i].width = width;
    monitors[i].height = static_cast<INT32>(o.height);
    monitors[i].is_primary = i == 0 ? 1 : 0;
    monitors[i].attributes.desktopScaleFactor = monitors[i].attributes.deviceScaleFactor = 100;
  }
  return ok && freerdp_settings_set_bool(s, FreeRDP_UseMultimon, TRUE) &&
         freerdp_settings_set_monitor_def_array_sorted(s, monitors.data(), monitors.size());
}

bool apply(const Options& o, rdpSettings* s) {
  bool ok = apply_arguments(o, s) && apply_pictures(o, s) && apply_monitors(o, s) &&
            freerdp_settings_set_string(s, FreeRDP_ServerHostname, o.address.c_str()) &&
            freerdp_settings_set_uint32(s, FreeRDP_ServerPort, o.port) &&
            freerdp_settings_set_string(s, FreeRDP_Username, o.user.c_str()) &&
            freerdp_settings_set_string(s, FreeRDP_Password, o.password.c_str()) &&
            freerdp_settings_set_bool(s, FreeRDP_AutoLogonEnabled, TRUE) &&
            freerdp_settings_set_bool(s, FreeRDP_NlaSecurity, FALSE) &&
            freerdp_settings_set_bool(s, FreeRDP_RdpSecurity, FALSE) &&
            freerdp_settings_set_bool(s, FreeRDP_TlsSecurity, TRUE) &&
            freerdp_settings_set_bool(s, FreeRDP_IgnoreCertificate, FALSE) &&
            freerdp_settings_set_uint32(s, FreeRDP_ColorDepth, 32) &&
            freerdp_settings_set_bool(s, FreeRDP_SoftwareGdi, TRUE) &&
            freerdp_settings_set_bool(s, FreeRDP_NetworkAutoDetect, TRUE) &&
            freerdp_settings_set_uint32(s, FreeRDP_ConnectionType, CONNECTION_TYPE_LAN);
  if (!o.routing_token.empty()) {
    const std::string text = "Cookie: msts=" + o.routing_token;
    ok = ok && freerdp_settings_set_pointer_len(s, FreeRDP_LoadBalanceInfo, text.data(), text.size());
  }
  if (o.want_every_channel) {
    ok = ok && freerdp_settings_set_bool(s, FreeRDP_RedirectClipboard, TRUE) &&
         freerdp_settings_set_bool(s, FreeRDP_RedirectDrives, TRUE) &&
         freerdp_settings_set_bool(s, FreeRDP_AudioPlayback, TRUE) &&
         freerdp_settings_set_bool(s, FreeRDP_AudioCapture, TRUE);
  } else {
    ok = ok && freerdp_settings_set_bool(s, FreeRDP_RedirectClipboard, FALSE) &&
         freerdp_settings_set_bool(s, FreeRDP_AudioPlayback, FALSE);
  }
  return ok;
}

}  // namespace

Result<std::unique_ptr<Session>> Session::connect(const Options& options, Seen& seen) {
  RDP_CLIENT_ENTRY_POINTS entry{};
  entry.Size = sizeof entry;
  entry.Version = RDP_CLIENT_INTERFACE_VERSION;
  entry.ContextSize = sizeof(Context);
  entry.ClientNew = on_new;
  rdpContext* context = freerdp_client_context_new(&entry);
  if (context == nullptr) return fail(Errc::kInternal, "the client library gave no context");
  reinterpret_cast<Context*>(context)->seen = &seen;
  if (!apply(options, context->settings)) {
    freerdp_client_context_free(context);
    return fail(Errc::kInternal, "the client library refused a setting");
  }
  seen.started = Clock::now();
  if (!freerdp_connect(context->instance)) {
    const UINT32 why = freerdp_get_last_error(context);
    freerdp_client_context_free(context);
    return fail(Errc::kUnavailable,
                std::format("not connected: {} (0x{:08x})", freerdp_get_last_error_string(why), why));
  }
  return std::unique_ptr<Session>(new Session(context, seen));
}

Session::~Session() {
  freerdp_disconnect(context_->instance);
  freerdp_client_context_free(context_);
}

bool Session::pump(Clock::duration longest, const std::function<bool()>& done) {
  const auto end = Clock::now() + longest;
  while (!done()) {
    if (Clock::now() > end || freerdp_shall_disconnect_context(context_)) return false;
    HANDLE handles[64];
    const DWORD count = freerdp_get_event_handles(context_, handles, 64);
    if (count == 0 || WaitForMultipleObjects(count, handles, FALSE, 2) == WAIT_FAILED) return false;
    if (!freerdp_check_event_handles(context_)) return false;
  }
  return true;
}

bool Session::settle() {
  return pump(20s, [this] { return Clock::now() - seen_.last_paint > 150ms; });
}

void Session::press_key(UINT32 key) {
  freerdp_input_send_keyboard_event_ex(context_->input, TRUE, FALSE, key);
  freerdp_input_send_keyboard_event_ex(context_->input, FALSE, FALSE, key);
}

bool Session::connected() const noexcept { return freerdp_shall_disconnect_context(context_) == FALSE; }

const rdpGdi& Session::picture() const noexcept { return *context_->gdi; }

}  // namespace tobari::probe
