// SPDX-License-Identifier: GPL-3.0-or-later
#include "probe.h"

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <format>
#include <memory>

#include <freerdp/client.h>
#include <freerdp/client/channels.h>
#include <freerdp/client/cmdline.h>
#include <freerdp/freerdp.h>
#include <freerdp/gdi/gdi.h>
#include <freerdp/gdi/gfx.h>
#include <freerdp/input.h>
#include <winpr/synch.h>

#include "measures.h"

namespace tobari::probe {
namespace {

using namespace std::chrono_literals;

struct Seen {
  std::string want_sha256;
  std::string got_sha256;
  Coverage coverage;
  Clock::time_point started{};
  Clock::time_point first_picture{};
  Clock::time_point last_paint{};
  long paints = 0;
};

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

bool apply(const Options& o, rdpSettings* s) {
  bool ok = freerdp_settings_set_string(s, FreeRDP_ServerHostname, o.address.c_str()) &&
            freerdp_settings_set_uint32(s, FreeRDP_ServerPort, o.port) &&
            freerdp_settings_set_string(s, FreeRDP_Username, o.user.c_str()) &&
            freerdp_settings_set_string(s, FreeRDP_Password, o.password.c_str()) &&
            freerdp_settings_set_bool(s, FreeRDP_AutoLogonEnabled, TRUE) &&
            freerdp_settings_set_bool(s, FreeRDP_NlaSecurity, FALSE) &&
            freerdp_settings_set_bool(s, FreeRDP_RdpSecurity, FALSE) &&
            freerdp_settings_set_bool(s, FreeRDP_TlsSecurity, TRUE) &&
            freerdp_settings_set_bool(s, FreeRDP_IgnoreCertificate, FALSE) &&
            freerdp_settings_set_uint32(s, FreeRDP_DesktopWidth, o.width) &&
            freerdp_settings_set_uint32(s, FreeRDP_DesktopHeight, o.height) &&
            freerdp_settings_set_uint32(s, FreeRDP_ColorDepth, 32) &&
            freerdp_settings_set_bool(s, FreeRDP_SoftwareGdi, TRUE) &&
            freerdp_settings_set_uint32(s, FreeRDP_ConnectionType, CONNECTION_TYPE_LAN) &&
            freerdp_settings_set_bool(s, FreeRDP_SupportGraphicsPipeline, o.graphics_pipeline) &&
            freerdp_settings_set_bool(s, FreeRDP_GfxH264, o.graphics_pipeline) &&
            freerdp_settings_set_bool(s, FreeRDP_RemoteFxCodec, FALSE) &&
            freerdp_settings_set_bool(s, FreeRDP_NSCodec, FALSE);
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

struct Deleter {
  void operator()(rdpContext* context) const { freerdp_client_context_free(context); }
};

class Session {
 public:
  Session(rdpContext* context, Seen& seen) : context_(context), seen_(seen) {}

  // Handles what arrives until `done` says so or the time is over.
  template <class Done>
  bool pump(Clock::duration longest, Done&& done) {
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

  bool settle() {
    return pump(20s, [this] { return Clock::now() - seen_.last_paint > 150ms; });
  }

  // One key down and up, then the first paint. A letter and a backspace in turn keep the line short.
  void key_to_pixel(int number, Samples& samples) {
    if (!settle()) return;
    const UINT32 key = number % 2 == 0 ? 0x1E : 0x0E;
    const long before = seen_.paints;
    const auto pressed = Clock::now();
    freerdp_input_send_keyboard_event_ex(context_->input, TRUE, FALSE, key);
    freerdp_input_send_keyboard_event_ex(context_->input, FALSE, FALSE, key);
    if (pump(2s, [this, before] { return seen_.paints > before; })) samples.add(seen_.last_paint - pressed);
  }

 private:
  rdpContext* context_;
  Seen& seen_;
};

void dump_ppm(const std::string& path, const rdpGdi* gdi) {
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "wb"), std::fclose);
  if (!file) return;
  std::fprintf(file.get(), "P6 %d %d 255\n", gdi->width, gdi->height);
  std::vector<unsigned char> row(static_cast<std::size_t>(gdi->width) * 3);
  for (int y = 0; y < gdi->height; ++y) {
    const BYTE* from = gdi->primary_buffer + static_cast<std::size_t>(y) * gdi->stride;
    for (std::size_t x = 0; x < row.size() / 3; ++x) {
      for (std::size_t c = 0; c < 3; ++c) row[x * 3 + c] = from[x * 4 + 2 - c];
    }
    std::fwrite(row.data(), 1, row.size(), file.get());
  }
}

double ms(Clock::duration d) { return std::chrono::duration<double, std::milli>(d).count(); }

Result<std::string> measure(const Options& o, rdpContext* context, Seen& seen) {
  Session session(context, seen);
  if (!session.pump(20s, [&seen] { return seen.first_picture != Clock::time_point{}; })) {
    return fail(Errc::kTimeout, "no whole picture arrived");
  }
  Samples keys;
  for (int i = 0; i < o.keys; ++i) session.key_to_pixel(i, keys);
  if (o.seconds > 0) {
    const auto end =
        Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(o.seconds));
    session.pump(end - Clock::now() + 1s, [end] { return Clock::now() > end; });
  }
  if (!o.dump.empty()) {
    session.settle();
    dump_ppm(o.dump, context->gdi);
  }
  return std::format(R"({{"first_picture_ms":{:.1f},"key_ms":{},"paints":{},"gfx":{},"certificate_sha256":"{}"}})",
                     ms(seen.first_picture - seen.started), keys.json(), seen.paints, context->gdi->gfx != nullptr,
                     seen.got_sha256);
}

}  // namespace

Result<std::string> run(const Options& options) {
  RDP_CLIENT_ENTRY_POINTS entry{};
  entry.Size = sizeof entry;
  entry.Version = RDP_CLIENT_INTERFACE_VERSION;
  entry.ContextSize = sizeof(Context);
  entry.ClientNew = on_new;
  const std::unique_ptr<rdpContext, Deleter> context(freerdp_client_context_new(&entry));
  if (!context) return fail(Errc::kInternal, "the client library gave no context");

  Seen seen;
  seen.want_sha256 = options.certificate_sha256;
  reinterpret_cast<Context*>(context.get())->seen = &seen;
  if (!apply(options, context->settings)) return fail(Errc::kInternal, "the client library refused a setting");

  seen.started = Clock::now();
  if (!freerdp_connect(context->instance)) {
    const UINT32 why = freerdp_get_last_error(context.get());
    return fail(Errc::kUnavailable,
                std::format("not connected: {} (0x{:08x})", freerdp_get_last_error_string(why), why));
  }
  auto line = measure(options, context.get(), seen);
  freerdp_disconnect(context->instance);
  return line;
}

}  // namespace tobari::probe
