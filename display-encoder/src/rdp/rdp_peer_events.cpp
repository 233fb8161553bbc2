// SPDX-License-Identifier: GPL-3.0-or-later
// What FreeRDP reports to a peer, and what the peer makes of it.
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <utility>

#include <freerdp/channels/drdynvc.h>
#include <freerdp/channels/wtsvc.h>
#include <freerdp/error.h>
#include <freerdp/settings.h>
#include <openssl/crypto.h>
#include <winpr/stream.h>

#include <tobari/base/log.h>
#include <tobari/display/region.h>

#include "filter/clipboard_gate.h"
#include "rdp/client_table.h"
#include "rdp/mcs_filter.h"
#include "rdp/monitor_settings.h"
#include "rdp/peer_settings.h"
#include "rdp/rdp_peer.h"

namespace tobari::display {
namespace {

// Static channels that keep their names.
constexpr std::array<std::string_view, 2> kWithClipboard{DRDYNVC_SVC_CHANNEL_NAME, clip::kChannelName};
constexpr std::array<std::string_view, 1> kAlways{DRDYNVC_SVC_CHANNEL_NAME};

std::string text(const rdpSettings* settings, FreeRDP_Settings_Keys_String key) {
  const char* value = freerdp_settings_get_string(settings, key);
  return value != nullptr ? value : "";
}

std::string joined(const std::vector<std::string>& names) {
  std::string all;
  for (const std::string& name : names) all += (all.empty() ? "" : ",") + name;
  return all;
}

}  // namespace

bool RdpPeer::refuse(Error reason, std::uint32_t error_info) {
  reason_ = std::move(reason);
  freerdp_set_error_info(context()->rdp, error_info);
  static_cast<void>(freerdp_send_error_info(context()->rdp));
  return false;
}

// Client Info has come: the first moment at which the secret is known, and before the client is told anything of the
// desktop. Called again after every resize of a client without the pipeline.
bool RdpPeer::on_capabilities() {
  if (authenticated_) return true;
  rdpSettings* settings = context()->settings;
  if (!only_tls_selected(settings)) {
    reason_ = Error{Errc::kPeerProtocol, "something else than TLS was negotiated"};
    return false;
  }
  std::string secret = text(settings, FreeRDP_Password);
  const auto admitted = admission_.admit(text(settings, FreeRDP_Username), secret);
  OPENSSL_cleanse(secret.data(), secret.size());
  static_cast<void>(freerdp_settings_set_string(settings, FreeRDP_Password, nullptr));
  if (!admitted) {
    return refuse(admitted.error(), admitted.error().code == Errc::kTimeout ? ERRINFO_SERVER_FRESH_CREDENTIALS_REQUIRED
                                                                            : ERRINFO_SERVER_INSUFFICIENT_PRIVILEGES);
  }
  authenticated_ = true;
  const bool plays = freerdp_settings_get_bool(settings, FreeRDP_AudioPlayback) != FALSE;  // as it says in Client Info
  may_use_clipboard_ = grants_clipboard(admitted->grant);
  if (plays && admitted->grant.find("audio.play") != nullptr) {
    audio_.emplace(static_cast<AudioChannelEvents&>(*this), clock_);
  }
  resizes_ = admitted->grant.find("resize") != nullptr;
  static_cast<void>(freerdp_settings_set_bool(settings, FreeRDP_CompressionEnabled, FALSE));  // the client asked for it
  ClientInfo client{options_.client_address, text(settings, FreeRDP_ClientHostname).substr(0, kMaxClientText), {}};
  if (auto monitors = client_monitors(settings)) {
    client.layout = std::move(*monitors);
  } else {
    on_absurd_layout(monitors.error().message);
  }
  const MonitorLayout shown = events_->on_authenticated(client, *admitted);
  return shown.empty() || announce_monitors(shown, settings);
}

// Once a connection: a client can send as many as it likes.
void RdpPeer::on_absurd_layout(const std::string& why) {
  if (std::exchange(absurd_layout_told_, true)) return;
  log::warning("monitors of a client are ignored", {{"client", options_.client_address}, {"because", why}});
}

bool RdpPeer::on_activate() {
  const bool again = std::exchange(active_, true) || ready_;
  const bool pipeline = freerdp_settings_get_bool(context()->settings, FreeRDP_SupportGraphicsPipeline) != FALSE;
  drdynvc_ = WTSChannelGetId(peer_.get(), DRDYNVC_SVC_CHANNEL_NAME);
  cliprdr_ = WTSChannelGetId(peer_.get(), clip::kChannelName);
  if (cliprdr_ != 0 && may_use_clipboard_ && !clipboard_) clipboard_.emplace(events_->clipboard_events());
  if (pipeline && drdynvc_ != 0 && !again) {
    start_graphics();
  } else if (!graphics_) {
    become_ready({});
  }
  return true;
}

void RdpPeer::start_graphics() {
  graphics_.emplace(
      static_cast<DvcOutput&>(*this), static_cast<GraphicsEvents&>(*this),
      GraphicsChannel::Options{.resize = resizes_,
                               .audio = audio_ ? &*audio_ : nullptr,
                               .longest_pdu = takes_long_pdus(claims()) ? DvcServer::kLongPdu : DvcServer::kShortPdu});
  graphics_->start();
}

ClientClaims RdpPeer::claims() {
  const rdpSettings* settings = context()->settings;
  return {.name = text(settings, FreeRDP_ClientHostname),
          .build = freerdp_settings_get_uint32(settings, FreeRDP_ClientBuild),
          .os_major = static_cast<std::uint16_t>(freerdp_settings_get_uint32(settings, FreeRDP_OsMajorType))};
}

void RdpPeer::on_graphics_ready(const ClientCodecs& codecs) { become_ready({true, believed(codecs, claims())}); }

void RdpPeer::on_graphics_closed() {
  log::warning("client closed its graphics pipeline", {{"client", options_.client_address}});
  if (events_->on_pipeline_closed()) {
    graphics_->reopen();
  } else {
    become_ready({});
  }
}

void RdpPeer::on_graphics_refused() {
  log::warning("client has no graphics pipeline after all", {{"client", options_.client_address}});
  become_ready({});
}

void RdpPeer::on_audio_wanted(bool wanted) {
  audio_wanted_ = wanted;
  events_->on_audio_wanted(wanted);
}

void RdpPeer::report_audio() noexcept {
  if (!audio_ || audio_->counts().packets == 0) return;
  const AudioChannel::Counts counts = audio_->counts();
  log::info("sound played", {{"client", options_.client_address},
                             {"packets", std::to_string(counts.packets)},
                             {"bytes", std::to_string(counts.bytes)},
                             {"late", std::to_string(counts.dropped)},
                             {"at last as", counts.opus ? "Opus" : "PCM"},
                             {"confirmed after ms", std::to_string(counts.line / std::chrono::milliseconds(1))}});
}

void RdpPeer::become_ready(const ClientPipeline& pipeline) {
  if (guard_) guard_->done();
  ready_ = true;
  ClientPipeline taken = pipeline;
  if (!taken.graphics) taken.codecs = {.clear = false, .planar = false, .avc420 = false};
  taken.acknowledges = taken.graphics || autodetects();
  log::info("client takes pictures", {{"client", options_.client_address},
                                      {"as", taken.graphics ? "graphics pipeline" : "bitmap updates"},
                                      {"avc420", taken.codecs.avc420 ? "yes" : "no"},
                                      {"progressive", taken.codecs.progressive ? "yes" : "no"}});
  pointer_.begin(context());
  measure_round_trip();  // while the line is still empty
  events_->on_ready(taken);
}

// The deactivation-reactivation sequence (MS-RDPBCGR 1.3.1.3): the client activates again with the new size.
void RdpPeer::resize_legacy(Size size) {
  if (size == desktop()) return blacken_legacy();
  if (!announce_size(size, context()->settings)) return;
  active_ = false;
  if (context()->update->DesktopResize(context()) == FALSE) log::warning("a client was not resized");
}

// What no surface covers: clients keep there whatever was shown before.
void RdpPeer::blacken_legacy() {
  Region background(bounds(layout_.monitors.size()));
  for (const Rect& place : layout_.surfaces) background.subtract(place);
  EncodedFrame black;
  for (const Rect& area : background.rects()) {
    black.rects.push_back(
        {.codec = Codec::kSolid, .rect = area, .data = std::vector<std::byte>(kBytesPerPixel), .regions = {}});
  }
  static_cast<void>(legacy_.send(context(), {}, black));
}

bool RdpPeer::on_channel_data(std::uint16_t channel, std::span<const std::byte> data, std::uint32_t flags,
                              std::size_t total) {
  Result<void> taken = fail(Errc::kPermissionDenied, "data on a static channel that was not granted");
  const bool first = (flags & kPieceFirst) != 0;
  const bool last = (flags & kPieceLast) != 0;
  const bool graphics = graphics_ && channel == drdynvc_;
  const bool clipboard = clipboard_ && channel == cliprdr_;
  // Whether it may be there comes before how it is written: what was not granted is a violation in any form.
  if ((graphics || clipboard) && (flags & kCompressed) != 0) {
    taken = fail(Errc::kPeerProtocol, "compressed data on a static channel, which was not agreed on");
  } else if (graphics) {
    taken = graphics_->receive(data, first, last);
  } else if (clipboard) {
    taken = clipboard_->receive(data, total, first, last);
  }
  if (taken) return true;
  return refuse(taken.error(), ERRINFO_SERVER_DENIED_CONNECTION);
}

void RdpPeer::send_dvc(std::span<const std::byte> pdu) {
  static_cast<void>(
      peer_->SendChannelData(peer_.get(), drdynvc_, reinterpret_cast<const BYTE*>(pdu.data()), pdu.size()));
}

// Every packet of the client passes here before FreeRDP parses it.
int RdpPeer::on_read(rdpTransport* transport, wStream* pdu) {
  const int length = read_(transport, pdu);
  if (length <= 0) return length;
  const std::span packet(reinterpret_cast<std::byte*>(Stream_Buffer(pdu)), static_cast<std::size_t>(length));
  switch (freerdp_get_state(context())) {
    case CONNECTION_STATE_MCS_CREATE_REQUEST: {
      const bool clipboard = grants_clipboard(admission_.foreseen(options_.session_id));
      const auto names =
          clipboard ? deny_static_channels(packet, kWithClipboard) : deny_static_channels(packet, kAlways);
      if (!names) {
        reason_ = names.error();
        return -1;
      }
      log::debug("client names channels", {{"client", options_.client_address}, {"channels", joined(*names)}});
      break;
    }
    case CONNECTION_STATE_MCS_ERECT_DOMAIN:
      repair_erect_domain(packet);
      break;
    default:
      break;
  }
  return length;
}

}  // namespace tobari::display
