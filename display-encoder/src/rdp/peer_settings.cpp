// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/peer_settings.h"

#include <algorithm>
#include <array>
#include <utility>

#include <freerdp/crypto/certificate.h>
#include <freerdp/crypto/privatekey.h>
#include <freerdp/settings.h>

#include <tobari/net/x224_gate.h>

namespace tobari::display {
namespace {

constexpr UINT16 kTls12 = 0x0303;

constexpr std::array kSwitches{
    // Ways in.
    std::pair{FreeRDP_TlsSecurity, true},
    std::pair{FreeRDP_RdpSecurity, false},
    std::pair{FreeRDP_NlaSecurity, false},
    std::pair{FreeRDP_ExtSecurity, false},
    std::pair{FreeRDP_RdstlsSecurity, false},
    std::pair{FreeRDP_AadSecurity, false},
    std::pair{FreeRDP_UseRdpSecurityLayer, false},
    std::pair{FreeRDP_RestrictedAdminModeSupported, false},
    std::pair{FreeRDP_RemoteCredentialGuard, false},
    // Pictures: the pipeline, or bitmap updates for those who lack it.
    std::pair{FreeRDP_SupportGraphicsPipeline, true},
    std::pair{FreeRDP_RemoteFxCodec, false},
    std::pair{FreeRDP_NSCodec, false},
    std::pair{FreeRDP_JpegCodec, false},
    std::pair{FreeRDP_SurfaceCommandsEnabled, false},
    std::pair{FreeRDP_FrameMarkerCommandEnabled, false},
    std::pair{FreeRDP_SurfaceFrameMarkerEnabled, false},
    std::pair{FreeRDP_RefreshRect, true},
    std::pair{FreeRDP_SuppressOutput, true},
    std::pair{FreeRDP_SupportMonitorLayoutPdu, true},
    std::pair{FreeRDP_FastPathOutput, true},
    std::pair{FreeRDP_CompressionEnabled, false},
    // Input.
    std::pair{FreeRDP_FastPathInput, true},
    std::pair{FreeRDP_HasHorizontalWheel, true},
    std::pair{FreeRDP_HasExtendedMouseEvent, true},
    std::pair{FreeRDP_HasRelativeMouseEvent, false},
    std::pair{FreeRDP_UnicodeInput, false},
    std::pair{FreeRDP_HasQoeEvent, false},
    // The line. Writes never wait: output_queue.h holds what the socket does not take.
    std::pair{FreeRDP_WaitForOutputBufferFlush, false},
    std::pair{FreeRDP_NetworkAutoDetect, true},
    std::pair{FreeRDP_SupportMultitransport, false},
    std::pair{FreeRDP_SupportHeartbeatPdu, false},
    // Channels that nobody implements here.
    std::pair{FreeRDP_AudioPlayback, false},
    std::pair{FreeRDP_AudioCapture, false},
    std::pair{FreeRDP_RedirectClipboard, false},
    std::pair{FreeRDP_DeviceRedirection, false},
    std::pair{FreeRDP_RemoteApplicationMode, false},
};

constexpr std::array kNumbers{
    std::pair{FreeRDP_ColorDepth, UINT32{32}},
    std::pair{FreeRDP_MultifragMaxRequestSize, UINT32{0xFFFFFF}},
    std::pair{FreeRDP_LargePointerFlag, UINT32{LARGE_POINTER_FLAG_96x96 | LARGE_POINTER_FLAG_384x384}},
    std::pair{FreeRDP_VCChunkSize, UINT32{CHANNEL_CHUNK_MAX_LENGTH}},  // takes_long_pdus(); also what clients may send
    std::pair{FreeRDP_PointerCacheSize, UINT32{100}},
    std::pair{FreeRDP_ColorPointerCacheSize, UINT32{100}},
    std::pair{FreeRDP_OsMajorType, UINT32{OSMAJORTYPE_UNIX}},
    std::pair{FreeRDP_OsMinorType, UINT32{OSMINORTYPE_PSEUDO_XSERVER}},
};

// FreeRDP owns what it was given only when it took it.
bool give_identity(rdpSettings* settings, const TlsIdentity& identity) {
  rdpPrivateKey* key = freerdp_key_new_from_pem(identity.key_pem.c_str());
  if (key == nullptr || freerdp_settings_set_pointer_len(settings, FreeRDP_RdpServerRsaKey, key, 1) == FALSE) {
    freerdp_key_free(key);
    return false;
  }
  rdpCertificate* certificate = freerdp_certificate_new_from_pem(identity.certificate_pem.c_str());
  if (certificate == nullptr ||
      freerdp_settings_set_pointer_len(settings, FreeRDP_RdpServerCertificate, certificate, 1) == FALSE) {
    freerdp_certificate_free(certificate);
    return false;
  }
  return true;
}

}  // namespace

Result<void> offer(rdpSettings* settings, const TlsIdentity& identity) {
  const bool switched = std::ranges::all_of(kSwitches, [settings](const auto& s) {
    return freerdp_settings_set_bool(settings, s.first, s.second ? TRUE : FALSE) != FALSE;
  });
  const bool numbered = std::ranges::all_of(kNumbers, [settings](const auto& n) {
    return freerdp_settings_set_uint32(settings, n.first, n.second) != FALSE;
  });
  if (!switched || !numbered || freerdp_settings_set_uint16(settings, FreeRDP_TLSMinVersion, kTls12) == FALSE) {
    return fail(Errc::kInternal, "freerdp refuses a setting");
  }
  if (!give_identity(settings, identity)) return fail(Errc::kInternal, "freerdp refuses the key or certificate");
  return {};
}

bool only_tls_selected(const rdpSettings* settings) {
  const auto is = [settings](auto key) { return freerdp_settings_get_bool(settings, key) != FALSE; };
  return is(FreeRDP_TlsSecurity) && !is(FreeRDP_RdpSecurity) && !is(FreeRDP_NlaSecurity) &&
         !is(FreeRDP_RdstlsSecurity) && !is(FreeRDP_UseRdpSecurityLayer) &&
         freerdp_settings_get_uint32(settings, FreeRDP_SelectedProtocol) == net::kProtocolSsl;
}

}  // namespace tobari::display
