// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp_test_server.h"

#include <array>
#include <cstring>
#include <poll.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <freerdp/channels/channels.h>
#include <freerdp/channels/wtsvc.h>
#include <freerdp/crypto/certificate.h>
#include <freerdp/crypto/privatekey.h>
#include <freerdp/freerdp.h>
#include <freerdp/listener.h>
#include <freerdp/peer.h>
#include <freerdp/redirection.h>
#include <freerdp/server/rdpgfx.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <winpr/ssl.h>
#include <winpr/wlog.h>

namespace tobari::client::test {

struct RdpTestServer::Peer {
  rdpContext base;
  RdpTestServer* server;
  const RdpScript* script;
  HANDLE channels;
  RdpgfxServerContext* gfx;
  BOOL activated;
  BOOL opened;
  BOOL shown;
};

namespace {

constexpr std::uint16_t kSurface = 1;
constexpr int kPollMs = 20;

using Peer = RdpTestServer::Peer;

Peer& peer_of(rdpContext* context) { return *reinterpret_cast<Peer*>(context); }

void init_library() {
  static std::once_flag once;
  std::call_once(once, [] {
    winpr_InitializeSSL(WINPR_SSL_INIT_DEFAULT);
    WTSRegisterWtsApiFunctionTable(FreeRDP_InitWtsApi());
    WLog_SetLogLevel(WLog_GetRoot(), WLOG_FATAL);
  });
}

BOOL context_new(freerdp_peer* /*client*/, rdpContext* context) {
  peer_of(context).channels = WTSOpenServerA(reinterpret_cast<LPSTR>(context));
  return TRUE;
}

void context_free(freerdp_peer* /*client*/, rdpContext* context) {
  Peer& peer = peer_of(context);
  if (peer.gfx != nullptr) rdpgfx_server_context_free(peer.gfx);
  WTSCloseServer(peer.channels);
}

BOOL refuse(freerdp_peer* client, std::uint32_t error_info) {
  freerdp_set_error_info(client->context->rdp, error_info);
  freerdp_send_error_info(client->context->rdp);
  return FALSE;
}

BOOL on_capabilities(freerdp_peer* client) {
  const Peer& peer = peer_of(client->context);
  const char* password = freerdp_settings_get_string(client->context->settings, FreeRDP_Password);
  if (peer.script->refuse_with != 0) return refuse(client, peer.script->refuse_with);
  if (password == nullptr || peer.script->password != password) {
    return refuse(client, ERRINFO_SERVER_INSUFFICIENT_PRIVILEGES);
  }
  freerdp_settings_set_uint32(client->context->settings, FreeRDP_DesktopWidth,
                              static_cast<UINT32>(peer.script->picture.width()));
  freerdp_settings_set_uint32(client->context->settings, FreeRDP_DesktopHeight,
                              static_cast<UINT32>(peer.script->picture.height()));
  return TRUE;
}

BOOL on_post_connect(freerdp_peer* client) {
  size_t count = 0;
  char** names = WTSGetAcceptedChannelNames(client, &count);
  for (size_t i = 0; i < count; ++i) {
    peer_of(client->context).server->note(QStringLiteral("channel ") + QLatin1String(names[i]));
  }
  free(static_cast<void*>(names));
  return TRUE;
}

void send_elsewhere(freerdp_peer* client) {
  rdpRedirection* redirection = redirection_new();
  const QByteArray host = "127.0.0.1";  // back to this server, where a second visit is seen
  redirection_set_flags(redirection, LB_TARGET_NET_ADDRESS);
  redirection_set_string_option(redirection, LB_TARGET_NET_ADDRESS, host.constData());
  (void)client->SendServerRedirection(client, redirection);
  redirection_free(redirection);
}

BOOL on_activate(freerdp_peer* client) {
  Peer& peer = peer_of(client->context);
  peer.activated = TRUE;
  if (peer.script->redirect) send_elsewhere(client);
  return TRUE;
}

// --- pictures

UINT on_caps_advertise(RdpgfxServerContext* gfx, const RDPGFX_CAPS_ADVERTISE_PDU* offered) {
  RDPGFX_CAPSET best{};
  for (UINT16 i = 0; i < offered->capsSetCount; ++i) {
    if (offered->capsSets[i].version > best.version) best = offered->capsSets[i];
  }
  const RDPGFX_CAPS_CONFIRM_PDU confirm{&best};
  const UINT status = gfx->CapsConfirm(gfx, &confirm);
  peer_of(gfx->rdpcontext).opened = TRUE;
  return status;
}

UINT on_ack(RdpgfxServerContext* /*gfx*/, const RDPGFX_FRAME_ACKNOWLEDGE_PDU* /*ack*/) { return CHANNEL_RC_OK; }

bool open_graphics(Peer& peer) {
  peer.gfx = rdpgfx_server_context_new(peer.channels);
  peer.gfx->rdpcontext = &peer.base;
  peer.gfx->CapsAdvertise = on_caps_advertise;
  peer.gfx->FrameAcknowledge = on_ack;
  return peer.gfx->Open(peer.gfx) != FALSE;
}

void show(Peer& peer) {
  RdpgfxServerContext* gfx = peer.gfx;
  const QImage& picture = peer.script->picture;
  RDPGFX_RESET_GRAPHICS_PDU reset{};
  reset.width = static_cast<UINT32>(picture.width());
  reset.height = static_cast<UINT32>(picture.height());
  MONITOR_DEF monitor{0, 0, picture.width() - 1, picture.height() - 1, 1};
  reset.monitorCount = 1;
  reset.monitorDefArray = &monitor;
  gfx->ResetGraphics(gfx, &reset);
  RDPGFX_CREATE_SURFACE_PDU create{};
  create.surfaceId = kSurface;
  create.width = static_cast<UINT16>(picture.width());
  create.height = static_cast<UINT16>(picture.height());
  create.pixelFormat = GFX_PIXEL_FORMAT_XRGB_8888;
  gfx->CreateSurface(gfx, &create);
  RDPGFX_MAP_SURFACE_TO_OUTPUT_PDU map{};
  map.surfaceId = kSurface;
  gfx->MapSurfaceToOutput(gfx, &map);
  if (peer.script->surface_side != 0) {
    create.surfaceId = kSurface + 1;
    create.width = create.height = peer.script->surface_side;
    gfx->CreateSurface(gfx, &create);
  }

  QByteArray pixels(reinterpret_cast<const char*>(picture.constBits()), picture.sizeInBytes());
  RDPGFX_SURFACE_COMMAND command{};
  command.surfaceId = kSurface;
  command.codecId = RDPGFX_CODECID_UNCOMPRESSED;
  command.format = PIXEL_FORMAT_BGRX32;
  command.right = command.width = reset.width;
  command.bottom = command.height = reset.height;
  command.length = static_cast<UINT32>(pixels.size());
  command.data = reinterpret_cast<BYTE*>(pixels.data());
  const RDPGFX_START_FRAME_PDU start{0, 1};
  const RDPGFX_END_FRAME_PDU end{1};
  gfx->SurfaceFrameCommand(gfx, &command, &start, &end);
  peer.shown = TRUE;
}

// --- input

void note(rdpInput* input, const QString& event) { peer_of(input->context).server->note(event); }

BOOL on_sync(rdpInput* input, UINT32 flags) {
  note(input, QStringLiteral("sync %1").arg(flags));
  return TRUE;
}
BOOL on_key(rdpInput* input, UINT16 flags, UINT8 code) {
  const int extended = (flags & KBD_FLAGS_EXTENDED) != 0 ? 0x100 : 0;
  note(input,
       QStringLiteral("key %1 %2").arg(code | extended, 0, 16).arg((flags & KBD_FLAGS_RELEASE) != 0 ? "up" : "down"));
  return TRUE;
}
BOOL on_mouse(rdpInput* input, UINT16 flags, UINT16 x, UINT16 y) {
  note(input, QStringLiteral("mouse %1 %2 %3").arg(flags, 0, 16).arg(x).arg(y));
  return TRUE;
}
BOOL on_extended_mouse(rdpInput* input, UINT16 flags, UINT16 x, UINT16 y) {
  note(input, QStringLiteral("xmouse %1 %2 %3").arg(flags, 0, 16).arg(x).arg(y));
  return TRUE;
}

void configure(freerdp_peer* client, const Identity& identity) {
  rdpSettings* s = client->context->settings;
  freerdp_settings_set_pointer_len(s, FreeRDP_RdpServerRsaKey, freerdp_key_new_from_pem(identity.key_pem.c_str()), 1);
  freerdp_settings_set_pointer_len(s, FreeRDP_RdpServerCertificate,
                                   freerdp_certificate_new_from_pem(identity.certificate_pem.c_str()), 1);
  freerdp_settings_set_bool(s, FreeRDP_TlsSecurity, TRUE);
  freerdp_settings_set_bool(s, FreeRDP_NlaSecurity, FALSE);
  freerdp_settings_set_bool(s, FreeRDP_RdpSecurity, FALSE);
  freerdp_settings_set_bool(s, FreeRDP_SupportGraphicsPipeline, TRUE);
  freerdp_settings_set_bool(s, FreeRDP_HasHorizontalWheel, TRUE);
  freerdp_settings_set_bool(s, FreeRDP_HasExtendedMouseEvent, TRUE);
  freerdp_settings_set_uint32(s, FreeRDP_ColorDepth, 32);
  client->Capabilities = on_capabilities;
  client->PostConnect = on_post_connect;
  client->Activate = on_activate;
  rdpInput* input = client->context->input;
  input->SynchronizeEvent = on_sync;
  input->KeyboardEvent = on_key;
  input->MouseEvent = on_mouse;
  input->ExtendedMouseEvent = on_extended_mouse;
}

}  // namespace

RdpTestServer::RdpTestServer(RdpScript script, std::uint16_t port)
    : script_(std::move(script)), identity_(make_identity()) {
  init_library();
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  ::setsockopt(listener_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ::bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  ::listen(listener_, 8);
  socklen_t size = sizeof address;
  ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  thread_ = std::jthread([this](const std::stop_token& stop) { accept_loop(stop); });
}

RdpTestServer::~RdpTestServer() {
  thread_.request_stop();
  thread_.join();
  ::close(listener_);
}

void RdpTestServer::say_and_drop(std::uint32_t error_info) { last_words_ = error_info; }
void RdpTestServer::drop() { drop_ = true; }

std::string RdpTestServer::routing_token() const {
  const std::scoped_lock lock(mutex_);
  return routing_token_;
}

QStringList RdpTestServer::events() const {
  const std::scoped_lock lock(mutex_);
  return events_;
}

QStringList RdpTestServer::channels() const {
  QStringList names;
  for (const QString& event : events()) {
    if (event.startsWith(QLatin1String("channel "))) names << event.mid(8);
  }
  return names;
}

void RdpTestServer::note(const QString& event) {
  const std::scoped_lock lock(mutex_);
  events_ << event;
}

void RdpTestServer::accept_loop(const std::stop_token& stop) {
  while (!stop.stop_requested()) {
    pollfd wait{listener_, POLLIN, 0};
    if (::poll(&wait, 1, kPollMs) <= 0) continue;
    const int socket = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    if (socket < 0) continue;
    ++clients_;
    serve(socket, stop);
  }
}

void RdpTestServer::serve(int socket, const std::stop_token& stop) {
  freerdp_peer* client = freerdp_peer_new(socket);
  client->ContextSize = sizeof(Peer);
  client->ContextNew = context_new;
  client->ContextFree = context_free;
  if (!freerdp_peer_context_new(client)) return freerdp_peer_free(client);
  Peer& peer = peer_of(client->context);
  peer.server = this;
  peer.script = &script_;
  configure(client, identity_);
  drop_ = false;
  last_words_ = 0;
  bool alive = client->Initialize(client) != FALSE;
  while (alive && !stop.stop_requested() && !drop_) {
    std::array<HANDLE, 32> handles{};
    DWORD count = client->GetEventHandles(client, handles.data(), 31);
    handles[count++] = WTSVirtualChannelManagerGetEventHandle(peer.channels);
    WaitForMultipleObjects(count, handles.data(), FALSE, kPollMs);
    alive = client->CheckFileDescriptor(client) != FALSE;
    if (alive && client->connected) alive = WTSVirtualChannelManagerCheckFileDescriptor(peer.channels) != FALSE;
    DWORD length = 0;
    if (const auto* token = freerdp_nego_get_routing_token(client->context, &length); token != nullptr) {
      const std::scoped_lock lock(mutex_);
      routing_token_.assign(reinterpret_cast<const char*>(token), length);
    }
    const bool ready = WTSVirtualChannelManagerGetDrdynvcState(peer.channels) == DRDYNVC_STATE_READY;
    if (alive && peer.activated && ready && peer.gfx == nullptr) alive = open_graphics(peer);
    if (alive && peer.opened && !peer.shown) show(peer);
    if (const std::uint32_t words = last_words_; alive && words != 0) {
      refuse(client, words);
      alive = false;
    }
  }
  if (peer.gfx != nullptr) peer.gfx->Close(peer.gfx);
  client->Disconnect(client);
  freerdp_peer_context_free(client);
  freerdp_peer_free(client);
}

}  // namespace tobari::client::test
