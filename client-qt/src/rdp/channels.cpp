// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/channels.h"

#include <cstring>

#include <freerdp/addin.h>
#include <freerdp/channels/channels.h>
#include <freerdp/channels/disp.h>
#include <freerdp/channels/drdynvc.h>
#include <freerdp/channels/rdpgfx.h>
#include <freerdp/channels/rdpsnd.h>
#include <freerdp/client/channels.h>
#include <freerdp/client/cmdline.h>
#include <freerdp/gdi/gfx.h>

#include <tobari/base/log.h>

namespace tobari::client {
namespace {

// The library allocates what the server names, up to 16 GiB for one surface.
UINT create_surface(RdpgfxClientContext* gfx, const RDPGFX_CREATE_SURFACE_PDU* pdu) {
  auto* gdi = static_cast<rdpGdi*>(gfx->custom);
  LinkState& state = state_of(gdi->context);
  if (pdu->width > Frame::kMaxSide || pdu->height > Frame::kMaxSide) {
    log::warning("surface too large", {{"width", std::to_string(pdu->width)}, {"height", std::to_string(pdu->height)}});
    state.end(DisplayEnd::kClosed);
    return ERROR_INVALID_DATA;
  }
  return state.create_surface(gfx, pdu);
}

void on_connected(void* context, const ChannelConnectedEventArgs* e) {
  auto* rdp = static_cast<rdpContext*>(context);
  LinkState& state = state_of(rdp);
  if (std::strcmp(e->name, RDPGFX_DVC_CHANNEL_NAME) == 0) {
    auto* gfx = static_cast<RdpgfxClientContext*>(e->pInterface);
    gdi_graphics_pipeline_init(rdp->gdi, gfx);
    state.create_surface = gfx->CreateSurface;
    gfx->CreateSurface = create_surface;
  } else if (std::strcmp(e->name, DISP_DVC_CHANNEL_NAME) == 0) {
    state.resizer = static_cast<DispClientContext*>(e->pInterface);
  }
}

void on_disconnected(void* context, const ChannelDisconnectedEventArgs* e) {
  auto* rdp = static_cast<rdpContext*>(context);
  if (std::strcmp(e->name, RDPGFX_DVC_CHANNEL_NAME) == 0) {
    gdi_graphics_pipeline_uninit(rdp->gdi, static_cast<RdpgfxClientContext*>(e->pInterface));
    // Malformed graphics close the channel alone, and the picture would stand still for ever.
    state_of(rdp).end(DisplayEnd::kDropped);
  } else if (std::strcmp(e->name, DISP_DVC_CHANNEL_NAME) == 0) {
    state_of(rdp).resizer = nullptr;
  }
}

}  // namespace

BOOL load_channels(freerdp* instance) {
  rdpSettings* settings = instance->context->settings;
  for (const char* name : {RDPGFX_CHANNEL_NAME, DISP_CHANNEL_NAME, RDPSND_CHANNEL_NAME}) {
    const char* const arguments[] = {name};
    if (!freerdp_client_add_dynamic_channel(settings, 1, arguments)) return FALSE;
  }
  PVIRTUALCHANNELENTRY entry = freerdp_load_channel_addin_entry(
      DRDYNVC_SVC_CHANNEL_NAME, nullptr, nullptr, FREERDP_ADDIN_CHANNEL_STATIC | FREERDP_ADDIN_CHANNEL_ENTRYEX);
  // The table of add-ins holds both kinds of entry under one type; the flag above says which kind this one is.
  auto* entry_ex = reinterpret_cast<PVIRTUALCHANNELENTRYEX>(reinterpret_cast<void*>(entry));
  if (entry_ex == nullptr) return FALSE;
  return freerdp_channels_client_load_ex(instance->context->channels, settings, entry_ex, settings) == 0 ? TRUE : FALSE;
}

bool watch_channels(rdpContext* context) {
  return PubSub_SubscribeChannelConnected(context->pubSub, on_connected) >= 0 &&
         PubSub_SubscribeChannelDisconnected(context->pubSub, on_disconnected) >= 0;
}

void unwatch_channels(rdpContext* context) {
  PubSub_UnsubscribeChannelConnected(context->pubSub, on_connected);
  PubSub_UnsubscribeChannelDisconnected(context->pubSub, on_disconnected);
}

}  // namespace tobari::client
