// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/settings.h"

#include <array>
#include <string>
#include <utility>

namespace tobari::client {
namespace {

constexpr UINT16 kTls12 = 0x0303;
constexpr UINT32 kTcpConnectTimeoutMs = 8000;
constexpr UINT32 kTcpAckTimeoutMs = 9000;  // a line that is dead without saying so
constexpr UINT32 kColorDepth = 32;
constexpr UINT32 kPointerCacheSize = 100;

constexpr auto kSwitches = std::to_array<std::pair<FreeRDP_Settings_Keys_Bool, BOOL>>({
    // TLS, and our own look at the certificate. Every other way to sign in is off.
    {FreeRDP_TlsSecurity, TRUE},
    {FreeRDP_NlaSecurity, FALSE},
    {FreeRDP_RdpSecurity, FALSE},
    {FreeRDP_RdstlsSecurity, FALSE},
    {FreeRDP_AadSecurity, FALSE},
    {FreeRDP_ExtSecurity, FALSE},
    {FreeRDP_UseRdpSecurityLayer, FALSE},
    {FreeRDP_NegotiateSecurityLayer, TRUE},
    {FreeRDP_ExternalCertificateManagement, TRUE},
    {FreeRDP_IgnoreCertificate, FALSE},
    {FreeRDP_AutoAcceptCertificate, FALSE},
    {FreeRDP_AutoLogonEnabled, TRUE},
    // Coming back is ours: it needs a new ticket.
    {FreeRDP_AutoReconnectionEnabled, FALSE},
    // Pictures.
    {FreeRDP_SoftwareGdi, TRUE},
    {FreeRDP_SupportGraphicsPipeline, TRUE},
    {FreeRDP_GfxH264, TRUE},
    {FreeRDP_GfxAVC444, FALSE},  // the library's combining of its two halves is not exact
    {FreeRDP_GfxAVC444v2, FALSE},
    {FreeRDP_GfxProgressive, TRUE},
    {FreeRDP_GfxSmallCache, FALSE},
    {FreeRDP_GfxThinClient, FALSE},
    {FreeRDP_RemoteFxCodec, TRUE},
    {FreeRDP_SurfaceFrameMarkerEnabled, TRUE},
    {FreeRDP_SupportDynamicChannels, TRUE},
    {FreeRDP_SupportDisplayControl, TRUE},
    {FreeRDP_DynamicResolutionUpdate, TRUE},
    {FreeRDP_BitmapCacheEnabled, FALSE},
    {FreeRDP_BitmapCachePersistEnabled, FALSE},
    {FreeRDP_NetworkAutoDetect, TRUE},
    {FreeRDP_SupportMultitransport, FALSE},
    {FreeRDP_AudioPlayback, TRUE},
    // Nothing of this machine is offered.
    {FreeRDP_RedirectClipboard, FALSE},
    {FreeRDP_RedirectDrives, FALSE},
    {FreeRDP_RedirectHomeDrive, FALSE},
    {FreeRDP_RedirectPrinters, FALSE},
    {FreeRDP_RedirectSmartCards, FALSE},
    {FreeRDP_RedirectSerialPorts, FALSE},
    {FreeRDP_RedirectParallelPorts, FALSE},
    {FreeRDP_RedirectWebAuthN, FALSE},
    {FreeRDP_DeviceRedirection, FALSE},
    {FreeRDP_AudioCapture, FALSE},
    {FreeRDP_RemoteConsoleAudio, FALSE},
    {FreeRDP_RemoteApplicationMode, FALSE},
    {FreeRDP_EncomspVirtualChannel, FALSE},
    {FreeRDP_RemdeskVirtualChannel, FALSE},
    {FreeRDP_SupportEchoChannel, FALSE},
    {FreeRDP_SupportGeometryTracking, FALSE},
    {FreeRDP_SupportVideoOptimized, FALSE},
    {FreeRDP_SupportSSHAgentChannel, FALSE},
    {FreeRDP_MultiTouchInput, FALSE},
});

bool set_text(rdpSettings* settings, FreeRDP_Settings_Keys_String key, const QString& value) {
  return freerdp_settings_set_string(settings, key, value.toUtf8().constData()) != FALSE;
}

bool set_number(rdpSettings* settings, FreeRDP_Settings_Keys_UInt32 key, UINT32 value) {
  return freerdp_settings_set_uint32(settings, key, value) != FALSE;
}

bool set_peer(rdpSettings* settings, const Connection& peer) {
  const QByteArray cookie = "Cookie: msts=" + peer.routing_token;  // the library adds the line end
  return set_text(settings, FreeRDP_ServerHostname, peer.address) &&
         set_number(settings, FreeRDP_ServerPort, peer.port) && set_text(settings, FreeRDP_Username, peer.user) &&
         set_text(settings, FreeRDP_Password, peer.ticket) && set_text(settings, FreeRDP_Domain, QString()) &&
         freerdp_settings_set_pointer_len(settings, FreeRDP_LoadBalanceInfo, cookie.constData(),
                                          static_cast<size_t>(cookie.size())) != FALSE;
}

bool set_screen(rdpSettings* settings, const DisplayTarget& target) {
  return set_number(settings, FreeRDP_DesktopWidth, static_cast<UINT32>(target.size.width())) &&
         set_number(settings, FreeRDP_DesktopHeight, static_cast<UINT32>(target.size.height())) &&
         set_number(settings, FreeRDP_DesktopScaleFactor, target.scale_percent) &&
         set_number(settings, FreeRDP_ColorDepth, kColorDepth) &&
         set_number(settings, FreeRDP_PointerCacheSize, kPointerCacheSize) &&
         freerdp_settings_set_uint16(settings, FreeRDP_SupportedColorDepths, RNS_UD_32BPP_SUPPORT) != FALSE &&
         set_number(settings, FreeRDP_LargePointerFlag, LARGE_POINTER_FLAG_96x96 | LARGE_POINTER_FLAG_384x384);
}

bool set_line(rdpSettings* settings) {
  return freerdp_settings_set_uint16(settings, FreeRDP_TLSMinVersion, kTls12) != FALSE &&
         set_number(settings, FreeRDP_TcpConnectTimeout, kTcpConnectTimeoutMs) &&
         set_number(settings, FreeRDP_TcpAckTimeout, kTcpAckTimeoutMs) &&
         set_number(settings, FreeRDP_ConnectionType, CONNECTION_TYPE_AUTODETECT);
}

}  // namespace

Result<void> configure(rdpSettings* settings, const DisplayTarget& target) {
  for (const auto& [key, value] : kSwitches) {
    if (!freerdp_settings_set_bool(settings, key, value)) {
      return fail(Errc::kInternal, std::string("set ") + freerdp_settings_get_name_for_key(static_cast<SSIZE_T>(key)));
    }
  }
  if (!set_peer(settings, target.connection) || !set_screen(settings, target) || !set_line(settings)) {
    return fail(Errc::kInternal, "set connection settings");
  }
  return {};
}

}  // namespace tobari::client
