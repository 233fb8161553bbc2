// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/rdp_file.h"

#include <array>
#include <format>
#include <string_view>

namespace tobari::broker {
namespace {

// What the client may not offer. The server would refuse it anyway; this spares people the questions.
constexpr std::array<std::string_view, 13> kClosedChannels{"redirectdrives:i:0",
                                                           "drivestoredirect:s:",
                                                           "redirectprinters:i:0",
                                                           "redirectcomports:i:0",
                                                           "redirectsmartcards:i:0",
                                                           "redirectwebauthn:i:0",
                                                           "redirectlocation:i:0",
                                                           "redirectposdevices:i:0",
                                                           "usbdevicestoredirect:s:",
                                                           "devicestoredirect:s:",
                                                           "camerastoredirect:s:",
                                                           "audiocapturemode:i:0",
                                                           "encode redirected video capture:i:0"};

constexpr std::array<std::string_view, 9> kConnection{
    "enablecredsspsupport:i:0",         // the sign-in is the ticket inside TLS, not NLA
    "negotiate security layer:i:1",     //
    "authentication level:i:2",         // a certificate that is not known is shown to the user
    "prompt for credentials:i:1",       // the ticket is typed in or filled in, never stored
    "use redirection server name:i:1",  // some clients send the load balance info only with this
    "autoreconnection enabled:i:0",     // a ticket opens one connection; a new one comes from the broker
    "screen mode id:i:2",               //
    "session bpp:i:32",                 //
    "dynamic resolution:i:1",
};

void add_line(std::string& text, std::string_view line) {
  text += line;
  text += "\r\n";
}

}  // namespace

std::string rdp_file(const RdpTarget& target) {
  const bool v6 = target.address.contains(':');
  std::string text;
  add_line(text, std::format("full address:s:{}{}{}:{}", v6 ? "[" : "", target.address, v6 ? "]" : "", target.port));
  add_line(text, std::format("username:s:{}", target.user));
  add_line(text, std::format("loadbalanceinfo:s:Cookie: msts={}", target.routing_token));
  for (const std::string_view line : kConnection) add_line(text, line);
  for (const std::string_view line : kClosedChannels) add_line(text, line);
  if (target.every_monitor) add_line(text, "use multimon:i:1");
  add_line(text, target.clipboard ? "redirectclipboard:i:1" : "redirectclipboard:i:0");
  add_line(text, target.sound ? "audiomode:i:0" : "audiomode:i:2");  // here, or not at all
  return text;
}

}  // namespace tobari::broker
