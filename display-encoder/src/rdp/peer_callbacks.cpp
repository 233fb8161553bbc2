// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/peer_callbacks.h"

#include <freerdp/autodetect.h>
#include <freerdp/input.h>
#include <freerdp/update.h>

#include <tobari/base/no_throw.h>

#include "rdp/peer_settings.h"
#include "rdp/rdp_peer.h"

namespace tobari::display {

struct PeerCallbacks {
  static RdpPeer& of(const freerdp_peer* peer) { return *static_cast<RdpPeer*>(peer->ContextExtra); }
  static RdpPeer& of(const rdpContext* context) { return of(context->peer); }
  static BOOL as_bool(bool b) { return b ? TRUE : FALSE; }

  static BOOL logon(freerdp_peer* peer, const SEC_WINNT_AUTH_IDENTITY*, BOOL) {
    // FreeRDP asks here whether the way in that was negotiated is good enough; the ticket comes later.
    return as_bool(only_tls_selected(peer->context->settings));
  }
  static BOOL capabilities(freerdp_peer* peer) {
    return no_throw("Capabilities", [peer] { return as_bool(of(peer).on_capabilities()); });
  }
  static BOOL post_connect(freerdp_peer* peer) {
    return as_bool(only_tls_selected(peer->context->settings) && of(peer).authenticated_);
  }
  static BOOL activate(freerdp_peer* peer) {
    return no_throw("Activate", [peer] { return as_bool(of(peer).on_activate()); });
  }
  static BOOL channel_data(freerdp_peer* peer, UINT16 channel, const BYTE* data, size_t size, UINT32 flags,
                           size_t total) {
    return no_throw("ReceiveChannelData", [peer, channel, data, size, flags, total] {
      return as_bool(of(peer).on_channel_data(channel, {reinterpret_cast<const std::byte*>(data), size}, flags, total));
    });
  }

  static int read(rdpTransport* transport, wStream* pdu) {
    return no_throw("ReadPdu",
                    [transport, pdu] { return of(transport_get_context(transport)).on_read(transport, pdu); });
  }
  static int write(rdpTransport* transport, wStream* pdu) {
    return no_throw("WritePdu",
                    [transport, pdu] { return of(transport_get_context(transport)).output_->take(transport, pdu); });
  }

  static BOOL synchronize(rdpInput* input, UINT32 flags) {
    return with_input("SynchronizeEvent", input, [flags](RdpPeer& p) { p.input_map_.locks(flags, *p.input_); });
  }
  static BOOL keyboard(rdpInput* input, UINT16 flags, UINT8 code) {
    return with_input("KeyboardEvent", input, [flags, code](RdpPeer& p) { p.input_map_.key(flags, code, *p.input_); });
  }
  static BOOL unicode(rdpInput*, UINT16, UINT16) { return TRUE; }  // not offered: there is no key for a character
  static BOOL mouse(rdpInput* input, UINT16 flags, UINT16 x, UINT16 y) {
    return with_input("MouseEvent", input,
                      [flags, x, y](RdpPeer& p) { p.input_map_.mouse(flags, x, y, p.surface_size(), *p.input_); });
  }
  static BOOL extended_mouse(rdpInput* input, UINT16 flags, UINT16 x, UINT16 y) {
    return with_input("ExtendedMouseEvent", input, [flags, x, y](RdpPeer& p) {
      p.input_map_.extended_mouse(flags, x, y, p.surface_size(), *p.input_);
    });
  }

  static BOOL refresh_rect(rdpContext* context, BYTE count, const RECTANGLE_16* areas) {
    return no_throw("RefreshRect", [context, count, areas] {
      for (const RECTANGLE_16& a : std::span(areas, count)) {
        of(context).events_->on_repaint({a.left, a.top, a.right - a.left + 1, a.bottom - a.top + 1});
      }
      return TRUE;
    });
  }
  static BOOL suppress_output(rdpContext* context, BYTE allow, const RECTANGLE_16*) {
    return no_throw("SuppressOutput", [context, allow] {
      of(context).events_->on_output_wanted(allow != 0);
      return TRUE;
    });
  }
  static BOOL round_trip(rdpAutoDetect* autodetect, RDP_TRANSPORT_TYPE, UINT16) {
    return no_throw("RTTMeasureResponse", [autodetect] {
      of(autodetect->context).on_round_trip_answer();
      return TRUE;
    });
  }

 private:
  template <class Body>
  static BOOL with_input(const char* name, const rdpInput* input, Body body) {
    return no_throw(name, [input, &body] {
      RdpPeer& peer = of(input->context);
      if (peer.ready_) body(peer);
      return TRUE;
    });
  }
};

void install_callbacks(freerdp_peer* peer, rdpTransportIo& io) {
  using C = PeerCallbacks;
  peer->Logon = C::logon;
  peer->Capabilities = C::capabilities;
  peer->PostConnect = C::post_connect;
  peer->Activate = C::activate;
  peer->ReceiveChannelData = C::channel_data;
  io.ReadPdu = C::read;
  io.WritePdu = C::write;
  rdpInput* input = peer->context->input;
  input->SynchronizeEvent = C::synchronize;
  input->KeyboardEvent = C::keyboard;
  input->UnicodeKeyboardEvent = C::unicode;
  input->MouseEvent = C::mouse;
  input->ExtendedMouseEvent = C::extended_mouse;
  peer->context->update->RefreshRect = C::refresh_rect;
  peer->context->update->SuppressOutput = C::suppress_output;
  peer->context->autodetect->RTTMeasureResponse = C::round_trip;
}

}  // namespace tobari::display
