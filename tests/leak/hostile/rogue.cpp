// SPDX-License-Identifier: GPL-3.0-or-later
#include "rogue.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <format>
#include <utility>

#include <freerdp/channels/channels.h>
#include <freerdp/client.h>
#include <freerdp/error.h>
#include <freerdp/freerdp.h>
#include <freerdp/gdi/gdi.h>
#include <freerdp/input.h>
#include <freerdp/transport_io.h>
#include <winpr/synch.h>
#include <winpr/wlog.h>

namespace tobari::leak {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr UINT32 kFirstFlag = 1, kLastFlag = 2;  // MS-RDPBCGR 2.2.6.1.1
constexpr auto kPatience = 5s;
constexpr std::size_t kMaxUnheard = 64;
constexpr UINT32 kWidth = 640, kHeight = 480;

}  // namespace

struct Rogue::Impl {
  struct Context {
    rdpClientContext base;
    Impl* impl;
  };
  Impl(std::vector<std::string> channel_names, std::string_view stem)
      : names(std::move(channel_names)),
        machine_stem(stem),
        all(stem),
        dynamic([this](const Bytes& pdu) { static_cast<void>(send(drdynvc, pdu)); }) {
    dynamic.on_content = [this](const std::string& channel, std::span<const std::byte> content) {
      look(channel, content);
    };
  }
  ~Impl() {
    if (context == nullptr) return;
    static_cast<void>(freerdp_disconnect(context->instance));
    freerdp_client_context_free(context);
  }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  const std::vector<std::string> names;
  const std::string machine_stem;
  rdpContext* context = nullptr;
  CanarySearch all;
  std::map<std::string, CanarySearch> by_channel;
  std::map<std::string, std::size_t> statics;
  UINT16 drdynvc = 0;
  bool ended = false;
  UINT32 reason = 0;
  struct Unheard {
    std::string channel;
    Bytes data;
    bool first = false;
    bool last = false;
  };
  Piece piece;
  std::vector<Unheard> unheard;
  DynamicChannels dynamic;

  static Impl& of(rdpContext* c) { return *reinterpret_cast<Context*>(c)->impl; }

  void look(const std::string& channel, std::span<const std::byte> content) {
    all.feed(content);
    by_channel.try_emplace(channel, machine_stem).first->second.feed(content);
  }
  bool send(UINT16 channel, const Bytes& data) {
    if (ended || channel == 0) return false;
    return context->instance->SendChannelData(context->instance, channel, reinterpret_cast<const BYTE*>(data.data()),
                                              data.size()) != FALSE;
  }

  // What comes while the connection is made is kept for whoever listens afterwards.
  void hear(const char* name, std::span<const std::byte> content, bool first, bool last) {
    if (piece) return piece(name, content, first, last);
    if (unheard.size() < kMaxUnheard) unheard.push_back({name, {content.begin(), content.end()}, first, last});
  }

  // ---- FreeRDP's callbacks
  static BOOL load_channels(freerdp* instance) {
    rdpSettings* settings = instance->context->settings;
    const auto& wanted = of(instance->context).names;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      CHANNEL_DEF channel{};
      channel.options = CHANNEL_OPTION_INITIALIZED;
      std::memcpy(channel.name, wanted[i].data(), std::min<std::size_t>(wanted[i].size(), CHANNEL_NAME_LEN));
      if (freerdp_settings_set_pointer_array(settings, FreeRDP_ChannelDefArray, i, &channel) == FALSE) return FALSE;
    }
    return freerdp_settings_set_uint32(settings, FreeRDP_ChannelCount, static_cast<UINT32>(wanted.size()));
  }
  static BOOL on_data(freerdp* instance, UINT16 channel, const BYTE* data, size_t size, UINT32 flags, size_t) {
    Impl& self = of(instance->context);
    const std::span content(reinterpret_cast<const std::byte*>(data), size);
    if (self.drdynvc == 0) self.drdynvc = freerdp_channels_get_id_by_name(instance, "drdynvc");
    if (channel == self.drdynvc) {
      self.dynamic.receive(content, (flags & kFirstFlag) != 0, (flags & kLastFlag) != 0);
      return TRUE;
    }
    const char* name = freerdp_channels_get_name_by_id(instance, channel);
    const std::string label = std::format("static {}", name != nullptr ? name : std::to_string(channel));
    self.statics[label] += size;
    self.look(label, content);
    if (name != nullptr) self.hear(name, content, (flags & kFirstFlag) != 0, (flags & kLastFlag) != 0);
    return TRUE;
  }
  static BOOL post_connect(freerdp* instance) {
    of(instance->context).drdynvc = freerdp_channels_get_id_by_name(instance, "drdynvc");
    return gdi_init(instance, PIXEL_FORMAT_BGRX32);
  }
  static void post_disconnect(freerdp* instance) { gdi_free(instance); }
  static void error_info(void* c, const ErrorInfoEventArgs* e) { of(static_cast<rdpContext*>(c)).reason = e->code; }
  static BOOL pre_connect(freerdp* instance) {
    instance->ReceiveChannelData = on_data;
    return PubSub_SubscribeErrorInfo(instance->context->pubSub, error_info) >= 0 ? TRUE : FALSE;
  }
  static BOOL client_new(freerdp* instance, rdpContext*) {
    instance->PreConnect = pre_connect;
    instance->PostConnect = post_connect;
    instance->PostDisconnect = post_disconnect;
    instance->LoadChannels = load_channels;
    return TRUE;
  }

  [[nodiscard]] bool apply(const Target& target) const {
    rdpSettings* s = context->settings;
    const auto set = [s](auto key, bool value) {
      return freerdp_settings_set_bool(s, key, value ? TRUE : FALSE) != FALSE;
    };
    bool ok = freerdp_settings_set_string(s, FreeRDP_ServerHostname, target.address.c_str()) != FALSE &&
              freerdp_settings_set_uint32(s, FreeRDP_ServerPort, target.port) != FALSE &&
              freerdp_settings_set_string(s, FreeRDP_Username, target.user.c_str()) != FALSE &&
              freerdp_settings_set_string(s, FreeRDP_Password, target.secret.c_str()) != FALSE &&
              freerdp_settings_set_uint32(s, FreeRDP_DesktopWidth, kWidth) != FALSE &&
              freerdp_settings_set_uint32(s, FreeRDP_DesktopHeight, kHeight) != FALSE &&
              freerdp_settings_set_uint32(s, FreeRDP_ColorDepth, 32) != FALSE && set(FreeRDP_NlaSecurity, false) &&
              set(FreeRDP_RdpSecurity, false) && set(FreeRDP_TlsSecurity, true) &&
              set(FreeRDP_IgnoreCertificate, true) && set(FreeRDP_AutoLogonEnabled, true) &&
              set(FreeRDP_SupportGraphicsPipeline, true) && set(FreeRDP_AudioPlayback, target.hears) &&
              set(FreeRDP_AudioCapture, true) && set(FreeRDP_RedirectClipboard, true) &&
              set(FreeRDP_DeviceRedirection, true) && set(FreeRDP_SupportDynamicChannels, true) &&
              set(FreeRDP_SupportDisplayControl, true);
    if (target.routing_token.empty()) return ok;
    const std::string text = "Cookie: msts=" + target.routing_token;
    return ok && freerdp_settings_set_pointer_len(s, FreeRDP_LoadBalanceInfo, text.data(), text.size()) != FALSE;
  }
};

Rogue::Rogue(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Rogue::~Rogue() = default;

Result<std::unique_ptr<Rogue>> Rogue::connect(const Target& target, const std::vector<std::string>& names,
                                              std::string_view machine_stem) {
  // WLOG_LEVEL=DEBUG says why a client is not let in.
  static const bool quiet = std::getenv("WLOG_LEVEL") != nullptr || WLog_SetLogLevel(WLog_GetRoot(), WLOG_OFF) != FALSE;
  auto impl = std::make_unique<Impl>(names, machine_stem);
  RDP_CLIENT_ENTRY_POINTS entry{};
  entry.Size = sizeof entry;
  entry.Version = RDP_CLIENT_INTERFACE_VERSION;
  entry.ContextSize = sizeof(Impl::Context);
  entry.ClientNew = Impl::client_new;
  impl->context = quiet ? freerdp_client_context_new(&entry) : nullptr;
  if (impl->context == nullptr) return fail(Errc::kInternal, "the client library gave no context");
  reinterpret_cast<Impl::Context*>(impl->context)->impl = impl.get();
  if (!impl->apply(target)) return fail(Errc::kInternal, "the client library refused a setting");
  if (freerdp_connect(impl->context->instance) == FALSE) {
    return fail(Errc::kUnavailable, std::format("not let in (0x{:08x})", freerdp_get_last_error(impl->context)));
  }
  return std::unique_ptr<Rogue>(new Rogue(std::move(impl)));
}

bool Rogue::push(const std::string& name, const Bytes& message) { return impl_->send(id_of(name), message); }

bool Rogue::push_packet(std::uint16_t channel, std::size_t total, std::uint32_t flags, const Bytes& piece) {
  freerdp* instance = impl_->context->instance;
  return !impl_->ended &&
         instance->SendChannelPacket(instance, channel, total, flags, reinterpret_cast<const BYTE*>(piece.data()),
                                     piece.size()) != FALSE;
}

bool Rogue::push_dynamic(const Bytes& pdu) { return impl_->send(impl_->drdynvc, pdu); }

bool Rogue::push_raw(const Bytes& packet) {
  if (impl_->ended) return false;
  wStream* stream = Stream_New(nullptr, packet.size());
  if (stream == nullptr) return false;
  Stream_Write(stream, packet.data(), packet.size());
  return freerdp_get_io_callbacks(impl_->context)->WritePdu(freerdp_get_transport(impl_->context), stream) >= 0;
}

bool Rogue::press(std::uint32_t scan_code) {
  rdpInput* input = impl_->context->input;
  return freerdp_input_send_keyboard_event_ex(input, TRUE, FALSE, scan_code) != FALSE &&
         freerdp_input_send_keyboard_event_ex(input, FALSE, FALSE, scan_code) != FALSE;
}

std::uint16_t Rogue::id_of(const std::string& name) const {
  return freerdp_channels_get_id_by_name(impl_->context->instance, name.c_str());
}

DynamicChannels& Rogue::dynamic() noexcept { return impl_->dynamic; }

bool Rogue::pump(std::chrono::milliseconds limit, const std::function<bool()>& done) {
  const auto until = Clock::now() + limit;
  while (!done()) {
    if (impl_->ended || Clock::now() > until) return false;
    std::array<HANDLE, 64> handles{};
    const DWORD count = freerdp_get_event_handles(impl_->context, handles.data(), static_cast<DWORD>(handles.size()));
    if (count != 0) WaitForMultipleObjects(count, handles.data(), FALSE, 20);
    if (count == 0 || freerdp_check_event_handles(impl_->context) == FALSE ||
        freerdp_shall_disconnect_context(impl_->context) != FALSE) {
      impl_->ended = true;
    }
  }
  return true;
}

bool Rogue::still_served() {
  if (!pump(kPatience, [this] { return dynamic().graphics_ready(); })) return false;
  const std::size_t before = dynamic().answers();
  dynamic().ask();
  return pump(kPatience, [this, before] { return dynamic().answers() > before; });
}

void Rogue::on_static(Piece piece) {
  impl_->piece = std::move(piece);
  for (const auto& each : std::exchange(impl_->unheard, {})) {
    impl_->piece(each.channel, each.data, each.first, each.last);
  }
}

bool Rogue::ended() const noexcept { return impl_->ended; }
std::uint32_t Rogue::error_info() const noexcept { return impl_->reason; }

std::map<std::string, std::size_t> Rogue::received() const {
  auto all = impl_->dynamic.received();
  all.insert(impl_->statics.begin(), impl_->statics.end());
  return all;
}

std::size_t Rogue::canaries() const noexcept { return impl_->all.found(); }

std::size_t Rogue::canaries_on(const std::string& channel) const {
  const auto found = impl_->by_channel.find(channel);
  return found == impl_->by_channel.end() ? 0 : found->second.found();
}

}  // namespace tobari::leak
