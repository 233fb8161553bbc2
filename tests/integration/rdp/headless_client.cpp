// SPDX-License-Identifier: GPL-3.0-or-later
#include "headless_client.h"

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstring>
#include <format>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include <freerdp/channels/channels.h>
#include <freerdp/channels/cliprdr.h>
#include <freerdp/channels/disp.h>
#include <freerdp/client.h>
#include <freerdp/client/cmdline.h>
#include <freerdp/client/disp.h>
#include <freerdp/codec/color.h>
#include <freerdp/freerdp.h>
#include <freerdp/gdi/gdi.h>
#include <freerdp/gdi/gfx.h>
#include <freerdp/graphics.h>
#include <freerdp/input.h>
#include <winpr/synch.h>

#include "headless_clipboard.h"
#include "headless_sound.h"

namespace tobari::display::testing {

struct HeadlessClient::Impl {
  struct Context {
    rdpClientContext base;
    Impl* impl;
  };

  std::mutex mutex;
  std::condition_variable changed;
  bool connected = false;
  std::optional<Outcome> ended;
  std::vector<std::function<void(freerdp*)>> tasks;
  std::vector<std::string> dynamic;
  std::vector<std::byte> pixels;  // a copy of what is shown
  Size size;
  bool pipeline = false;
  std::size_t resizes = 0;
  std::size_t longest_chunk = 0;
  pReceiveChannelData receive_channel_data = nullptr;  // FreeRDP's own
  Pointer pointer;
  std::uint32_t server_reason = 0;    // the client's thread's
  DispClientContext* disp = nullptr;  // the client's thread's
  rdpContext* context = nullptr;
  const HANDLE posted = CreateEvent(nullptr, TRUE, FALSE, nullptr);  // wakes the client's thread for a task
  std::jthread thread;

  Impl() = default;
  ~Impl() {
    thread = {};
    CloseHandle(posted);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  static Impl& of(const rdpContext* context) { return *reinterpret_cast<const Context*>(context)->impl; }
  static Impl& of(const freerdp* instance) { return of(instance->context); }

  // ---- FreeRDP's callbacks
  struct PointerShape {  // FreeRDP allocates it, by the size it was told
    rdpPointer base;
    CursorShape* shape;

    static BOOL make(rdpContext* c, rdpPointer* p) {
      auto* shape = new CursorShape{{static_cast<int>(p->width), static_cast<int>(p->height)},
                                    {static_cast<int>(p->xPos), static_cast<int>(p->yPos)},
                                    {}};
      shape->argb.resize(static_cast<std::size_t>(shape->size.area()));
      reinterpret_cast<PointerShape*>(p)->shape = shape;
      {
        const std::scoped_lock lock(of(c).mutex);
        ++of(c).pointer.made;
      }
      return freerdp_image_copy_from_pointer_data(reinterpret_cast<BYTE*>(shape->argb.data()), PIXEL_FORMAT_BGRA32, 0,
                                                  0, 0, p->width, p->height, p->xorMaskData, p->lengthXorMask,
                                                  p->andMaskData, p->lengthAndMask, p->xorBpp, &c->gdi->palette);
    }
    static void free(rdpContext*, rdpPointer* p) { delete reinterpret_cast<PointerShape*>(p)->shape; }
    static BOOL set(rdpContext* c, rdpPointer* p) { return show(c, *reinterpret_cast<PointerShape*>(p)->shape); }
    static BOOL set_none(rdpContext* c) { return show(c, std::nullopt); }
    static BOOL set_position(rdpContext*, UINT32, UINT32) { return TRUE; }
    static BOOL show(rdpContext* c, const std::optional<CursorShape>& shape) {
      {
        const std::scoped_lock lock(of(c).mutex);
        of(c).pointer.shape = shape;
      }
      of(c).changed.notify_all();
      return TRUE;
    }
    static void install(rdpContext* c) {
      rdpPointer prototype{};
      prototype.size = sizeof(PointerShape);
      prototype.New = make;
      prototype.Free = free;
      prototype.Set = set;
      prototype.SetNull = set_none;
      prototype.SetDefault = set_none;
      prototype.SetPosition = set_position;
      graphics_register_pointer(c->graphics, &prototype);
    }
  };
  static BOOL begin_paint(rdpContext* c) {
    c->gdi->primary->hdc->hwnd->invalid->null = TRUE;
    c->gdi->primary->hdc->hwnd->ninvalid = 0;
    return TRUE;
  }
  static BOOL end_paint(rdpContext* c) {
    of(c).copy_picture();
    return TRUE;
  }
  static BOOL desktop_resize(rdpContext* c) {
    {
      const std::scoped_lock lock(of(c).mutex);
      ++of(c).resizes;
    }
    return gdi_resize(c->gdi, freerdp_settings_get_uint32(c->settings, FreeRDP_DesktopWidth),
                      freerdp_settings_get_uint32(c->settings, FreeRDP_DesktopHeight));
  }
  static void channel_connected(void* c, const ChannelConnectedEventArgs* e) {
    auto* context = static_cast<rdpContext*>(c);
    const std::string_view name(e->name);
    if (name.contains(':') || name.contains("_DVC")) {  // dynamic channels' names
      const std::scoped_lock lock(of(context).mutex);
      of(context).dynamic.emplace_back(e->name);
    }
    if (std::strcmp(e->name, DISP_DVC_CHANNEL_NAME) == 0)
      of(context).disp = static_cast<DispClientContext*>(e->pInterface);
    if (std::strcmp(e->name, CLIPRDR_SVC_CHANNEL_NAME) == 0) return HeadlessClipboard::attach(e->pInterface);
    freerdp_client_OnChannelConnectedEventHandler(c, e);
  }
  static void error_info(void* c, const ErrorInfoEventArgs* e) {
    of(static_cast<rdpContext*>(c)).server_reason = e->code;
  }
  static BOOL pre_connect(freerdp* instance) {
    PubSub_SubscribeErrorInfo(instance->context->pubSub, error_info);
    PubSub_SubscribeChannelConnected(instance->context->pubSub, channel_connected);
    PubSub_SubscribeChannelDisconnected(instance->context->pubSub, freerdp_client_OnChannelDisconnectedEventHandler);
    return TRUE;
  }
  static BOOL channel_data(freerdp* instance, UINT16 id, const BYTE* data, std::size_t size, UINT32 flags,
                           std::size_t total) {
    Impl& self = of(instance);
    {
      const std::scoped_lock lock(self.mutex);
      self.longest_chunk = std::max(self.longest_chunk, size);
    }
    return self.receive_channel_data(instance, id, data, size, flags, total);
  }
  static BOOL post_connect(freerdp* instance) {
    if (gdi_init(instance, PIXEL_FORMAT_BGRX32) == FALSE) return FALSE;
    of(instance).receive_channel_data = std::exchange(instance->ReceiveChannelData, channel_data);
    PointerShape::install(instance->context);
    rdpUpdate* update = instance->context->update;
    update->BeginPaint = begin_paint;
    update->EndPaint = end_paint;
    update->DesktopResize = desktop_resize;
    return TRUE;
  }
  static void post_disconnect(freerdp* instance) { gdi_free(instance); }
  static DWORD any_certificate(freerdp*, const char*, UINT16, const char*, const char*, const char*, const char*,
                               DWORD) {
    return 2;  // for this session only
  }
  static BOOL client_new(freerdp* instance, rdpContext*) {
    instance->PreConnect = pre_connect;
    instance->PostConnect = post_connect;
    instance->PostDisconnect = post_disconnect;
    instance->VerifyCertificateEx = any_certificate;
    return TRUE;
  }

  void copy_picture() {
    const rdpGdi* gdi = context->gdi;
    {
      const std::scoped_lock lock(mutex);
      const auto width = static_cast<std::size_t>(gdi->width);
      size = {gdi->width, gdi->height};
      pipeline = gdi->gfx != nullptr;
      pixels.resize(width * static_cast<std::size_t>(gdi->height) * kBytesPerPixel);
      for (std::size_t y = 0; y < static_cast<std::size_t>(gdi->height); ++y) {
        std::memcpy(pixels.data() + y * width * kBytesPerPixel, gdi->primary_buffer + y * gdi->stride,
                    width * kBytesPerPixel);
      }
    }
    changed.notify_all();
  }

  void run(std::uint16_t port, Arguments arguments, const std::vector<Monitor>& monitors, const std::stop_token& stop) {
    Outcome outcome;
    if (open(port, std::move(arguments)) && has(monitors)) {
      outcome.connected = freerdp_connect(context->instance) != FALSE;
      if (outcome.connected) {
        {
          const std::scoped_lock lock(mutex);
          connected = true;
        }
        changed.notify_all();
        serve(stop);
      }
      outcome.error_info = server_reason;
      outcome.last_error = freerdp_get_last_error(context);
      static_cast<void>(freerdp_disconnect(context->instance));
    }
    freerdp_client_context_free(context);
    {
      const std::scoped_lock lock(mutex);
      connected = false;
      ended = outcome;
    }
    changed.notify_all();
  }

  bool open(std::uint16_t port, Arguments arguments) {
    RDP_CLIENT_ENTRY_POINTS entry{};
    entry.Size = sizeof entry;
    entry.Version = RDP_CLIENT_INTERFACE_VERSION;
    entry.ContextSize = sizeof(Context);
    entry.ClientNew = client_new;
    context = freerdp_client_context_new(&entry);
    if (context == nullptr) return false;
    HeadlessSound::install();
    reinterpret_cast<Context*>(context)->impl = this;
    const bool legacy = std::erase(arguments, kWithoutPipeline) > 0;
    arguments.insert(arguments.begin(),
                     {"headless", std::format("/v:127.0.0.1:{}", port), "/cert:ignore", "/log-level:OFF"});
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    const int status = freerdp_client_settings_parse_command_line(context->settings, static_cast<int>(argv.size()),
                                                                  argv.data(), FALSE);
    return status == 0 &&
           (!legacy || freerdp_settings_set_bool(context->settings, FreeRDP_SupportGraphicsPipeline, FALSE) != FALSE);
  }

  bool has(const std::vector<Monitor>& monitors) {
    if (monitors.empty()) return true;
    std::vector<rdpMonitor> all;
    Rect desktop;
    for (const Monitor& m : monitors) {
      desktop = unite(desktop, m.place);
      rdpMonitor monitor{};
      monitor.x = m.place.x;
      monitor.y = m.place.y;
      monitor.width = m.place.width;
      monitor.height = m.place.height;
      monitor.is_primary = m.primary ? 1 : 0;
      monitor.attributes = {.physicalWidth = static_cast<UINT32>(m.physical.width),
                            .physicalHeight = static_cast<UINT32>(m.physical.height),
                            .orientation = std::to_underlying(m.orientation),
                            .desktopScaleFactor = m.desktop_scale,
                            .deviceScaleFactor = m.device_scale};
      all.push_back(monitor);
    }
    rdpSettings* settings = context->settings;
    return freerdp_settings_set_bool(settings, FreeRDP_UseMultimon, TRUE) != FALSE &&
           freerdp_settings_set_uint32(settings, FreeRDP_DesktopWidth, static_cast<UINT32>(desktop.width)) != FALSE &&
           freerdp_settings_set_uint32(settings, FreeRDP_DesktopHeight, static_cast<UINT32>(desktop.height)) != FALSE &&
           freerdp_settings_set_monitor_def_array_sorted(settings, all.data(), all.size()) != FALSE;
  }

  void serve(const std::stop_token& stop) {
    while (!stop.stop_requested() && freerdp_shall_disconnect_context(context) == FALSE) {
      std::array<HANDLE, 64> handles{};
      const DWORD count = freerdp_get_event_handles(context, handles.data(), static_cast<DWORD>(handles.size()) - 1);
      if (count == 0) return;
      handles[count] = posted;
      WaitForMultipleObjects(count + 1, handles.data(), FALSE, 5);
      if (freerdp_check_event_handles(context) == FALSE) return;
      ResetEvent(posted);
      std::vector<std::function<void(freerdp*)>> due;
      {
        const std::scoped_lock lock(mutex);
        due.swap(tasks);
      }
      for (const auto& task : due) task(context->instance);
    }
  }

  template <class Predicate>
  bool wait(std::chrono::milliseconds limit, Predicate predicate) {
    std::unique_lock lock(mutex);
    return changed.wait_for(lock, limit, predicate);
  }
  void post(std::function<void(freerdp*)> task) {
    {
      const std::scoped_lock lock(mutex);
      tasks.push_back(std::move(task));
    }
    SetEvent(posted);
  }
};

HeadlessClient::HeadlessClient(std::uint16_t port, Arguments arguments, std::vector<Monitor> monitors)
    : impl_(std::make_unique<Impl>()) {
  impl_->thread =
      std::jthread([impl = impl_.get(), port, arguments = std::move(arguments), monitors = std::move(monitors)](
                       const std::stop_token& stop) { impl->run(port, arguments, monitors, stop); });
}

HeadlessClient::~HeadlessClient() { disconnect(); }

void HeadlessClient::disconnect() {
  impl_->thread.request_stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

bool HeadlessClient::wait_connected(std::chrono::milliseconds limit) {
  static_cast<void>(impl_->wait(limit, [this] { return impl_->connected || impl_->ended.has_value(); }));
  const std::scoped_lock lock(impl_->mutex);
  return impl_->connected;
}

std::optional<HeadlessClient::Outcome> HeadlessClient::wait_ended(std::chrono::milliseconds limit) {
  static_cast<void>(impl_->wait(limit, [this] { return impl_->ended.has_value(); }));
  const std::scoped_lock lock(impl_->mutex);
  return impl_->ended;
}

bool HeadlessClient::wait_picture(const std::function<bool(const FrameView&)>& predicate,
                                  std::chrono::milliseconds limit) {
  return impl_->wait(limit, [this, &predicate] {
    const FrameView view{impl_->pixels.data(), impl_->size,
                         static_cast<std::size_t>(impl_->size.width) * kBytesPerPixel};
    return !impl_->pixels.empty() && predicate(view);
  });
}

bool HeadlessClient::wait_pointer(const std::function<bool(const Pointer&)>& predicate,
                                  std::chrono::milliseconds limit) {
  return impl_->wait(limit, [this, &predicate] { return predicate(impl_->pointer); });
}

HeadlessClient::Pointer HeadlessClient::pointer() {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->pointer;
}

bool HeadlessClient::graphics_pipeline() {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->pipeline;
}

std::size_t HeadlessClient::resizes() {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->resizes;
}

std::size_t HeadlessClient::longest_chunk() {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->longest_chunk;
}

void HeadlessClient::press_key(std::uint8_t scancode) {
  impl_->post([scancode](freerdp* instance) {
    static_cast<void>(freerdp_input_send_keyboard_event_ex(instance->context->input, TRUE, FALSE, scancode));
    static_cast<void>(freerdp_input_send_keyboard_event_ex(instance->context->input, FALSE, FALSE, scancode));
  });
}

void HeadlessClient::mouse(std::uint16_t flags, std::uint16_t x, std::uint16_t y) {
  impl_->post([flags, x, y](freerdp* instance) {
    static_cast<void>(freerdp_input_send_mouse_event(instance->context->input, flags, x, y));
  });
}

bool HeadlessClient::change_monitors(const std::vector<Monitor>& monitors) {
  const auto open = [this] {
    return std::ranges::any_of(impl_->dynamic, [](const std::string& name) { return name == DISP_DVC_CHANNEL_NAME; });
  };
  if (!impl_->wait(kLimit, open)) return false;
  impl_->post([monitors, impl = impl_.get()](freerdp*) {
    std::vector<DISPLAY_CONTROL_MONITOR_LAYOUT> all;
    for (const Monitor& m : monitors) {
      all.push_back({.Flags = m.primary ? DISPLAY_CONTROL_MONITOR_PRIMARY : 0U,
                     .Left = m.place.x,
                     .Top = m.place.y,
                     .Width = static_cast<UINT32>(m.place.width),
                     .Height = static_cast<UINT32>(m.place.height),
                     .PhysicalWidth = static_cast<UINT32>(m.physical.width),
                     .PhysicalHeight = static_cast<UINT32>(m.physical.height),
                     .Orientation = std::to_underlying(m.orientation),
                     .DesktopScaleFactor = m.desktop_scale,
                     .DeviceScaleFactor = m.device_scale});
    }
    static_cast<void>(impl->disp->SendMonitorLayout(impl->disp, static_cast<UINT32>(all.size()), all.data()));
  });
  return true;
}

bool HeadlessClient::send_on_static_channel(const std::string& name, std::span<const std::byte> data) {
  std::mutex mutex;
  std::condition_variable done;
  std::optional<bool> sent;
  impl_->post([&mutex, &done, &sent, name, data](freerdp* instance) {
    const UINT16 id = freerdp_channels_get_id_by_name(instance, name.c_str());
    const bool ok = id != 0 && instance->SendChannelData(instance, id, reinterpret_cast<const BYTE*>(data.data()),
                                                         data.size()) != FALSE;
    const std::scoped_lock lock(mutex);
    sent = ok;
    done.notify_one();
  });
  std::unique_lock lock(mutex);
  done.wait(lock, [&sent] { return sent.has_value(); });
  return *sent;
}

std::vector<std::string> HeadlessClient::dynamic_channels() {
  const std::scoped_lock lock(impl_->mutex);
  return impl_->dynamic;
}

bool same_picture(const FrameView& a, const FrameView& b) {
  if (a.size != b.size) return false;
  for (int y = 0; y < a.size.height; ++y) {
    for (int x = 0; x < a.size.width; ++x) {
      if (std::memcmp(a.at(x, y), b.at(x, y), 3) != 0) return false;
    }
  }
  return true;
}

}  // namespace tobari::display::testing
