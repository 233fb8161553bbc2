// SPDX-License-Identifier: GPL-3.0-or-later
// Static channels: clipboard (MS-RDPECLIP), devices (MS-RDPEFS and what stands on it), sound, and everything else that
// a client may name.
#include <array>
#include <format>
#include <utility>

#include "attack.h"

namespace tobari::leak {
namespace {

constexpr std::array kStaticSizes{std::size_t{32}, std::size_t{1600}, std::size_t{64} * 1024};

void push_to(std::vector<Attack>& all, const std::string& channel, const char* direction, std::string format,
             std::size_t size, std::function<Bytes(const Bytes&, const std::string&)> message) {
  all.push_back(
      {channel, direction, std::move(format), size, Answer::kCutOff,
       [channel, message = std::move(message)](Rogue& client, const Bytes& payload, const std::string& canary) {
         client.push(channel, message(payload, canary));
       }});
}

// ---- clipboard, MS-RDPECLIP 2.2.1
Bytes clip(unsigned type, unsigned flags, const Bytes& body) {
  return Message().u16(type).u16(flags).u32(body.size()).bytes(body).done();
}
enum Clip : unsigned {
  kMonitorReady = 1,
  kFormatList = 2,
  kFormatListResponse = 3,
  kDataRequest = 4,
  kDataResponse = 5,
  kTempDirectory = 6,
  kClipCaps = 7,
  kContentsRequest = 8,
  kContentsResponse = 9,
  kLock = 10,
  kUnlock = 11,
};
struct ClipFormat {
  const char* name;
  unsigned id;
  const char* registered;  // empty: one of Windows' own
};
constexpr std::array<ClipFormat, 9> kClipFormats{{{"CF_TEXT", 1, ""},
                                                  {"CF_UNICODETEXT", 13, ""},
                                                  {"CF_DIB", 8, ""},
                                                  {"CF_HDROP", 15, ""},
                                                  {"HTML", 0xC001, "HTML Format"},
                                                  {"RTF", 0xC002, "Rich Text Format"},
                                                  {"PNG", 0xC003, "PNG"},
                                                  {"FileGroupDescriptorW", 0xC004, "FileGroupDescriptorW"},
                                                  {"FileContents", 0xC005, "FileContents"}}};

Bytes offer(const ClipFormat& format) {  // 2.2.3.1.2
  return clip(kFormatList, 0, Message().u32(format.id).bytes(utf16(format.registered)).done());
}

// ---- devices, MS-RDPEFS 2.2.1
Bytes device(unsigned packet, const Bytes& body) { return Message().u16(0x4472).u16(packet).bytes(body).done(); }
enum Device : unsigned {
  kAnnounceReply = 0x4343,
  kClientName = 0x434E,
  kDeviceList = 0x4441,
  kCompletion = 0x4943,
  kCapability = 0x4350,
  kPrinterCache = 0x5043,
};
struct DeviceType {
  const char* name;
  unsigned type;
  const char* dos_name;
};
constexpr std::array<DeviceType, 5> kDevices{{{"drive", 8, "C:"},
                                              {"printer", 4, "PRN1"},
                                              {"smart card", 0x20, "SCARD"},
                                              {"serial", 1, "COM1"},
                                              {"parallel", 2, "LPT1"}}};

Bytes list_of(const DeviceType& d, const Bytes& data) {  // 2.2.2.9
  Message body;
  std::string name = d.dos_name;
  name.resize(8, '\0');
  body.u32(1).u32(d.type).u32(1).text(name).u32(data.size()).bytes(data);
  return device(kDeviceList, body.done());
}

}  // namespace

void add_clipboard_attacks(std::vector<Attack>& all) {
  const std::string channel = "cliprdr";
  for (const ClipFormat& format : kClipFormats) {
    for (const std::size_t size :
         {std::size_t{32}, std::size_t{1600}, std::size_t{64} * 1024, std::size_t{1024} * 1024}) {
      all.push_back({channel, kToGuest, std::format("offer and data {}", format.name), size, Answer::kCutOff,
                     [channel, format](Rogue& client, const Bytes& payload, const std::string&) {
                       client.push(channel, offer(format));
                       client.push(channel, clip(kDataResponse, 1, payload));
                     }});
      push_to(all, channel, kToGuest, std::format("data unasked {}", format.name), size,
              [](const Bytes& payload, const std::string&) { return clip(kDataResponse, 1, payload); });
    }
    push_to(
        all, channel, kFromGuest, std::format("data request {}", format.name), 32,
        [format](const Bytes&, const std::string&) { return clip(kDataRequest, 0, Message().u32(format.id).done()); });
  }
  for (const std::size_t size : kStaticSizes) {
    push_to(all, channel, kToGuest, "file contents", size, [](const Bytes& payload, const std::string&) {
      return clip(kContentsResponse, 1, Message().u32(1).bytes(payload).done());
    });
    push_to(all, channel, kToGuest, "name of a format", size, [](const Bytes&, const std::string& canary) {
      return clip(kFormatList, 0, Message().u32(0xC0FF).bytes(utf16(canary)).done());
    });
    push_to(all, channel, kToGuest, "temporary directory", size, [](const Bytes&, const std::string& canary) {
      Bytes path = utf16(canary);
      path.resize(520);
      return clip(kTempDirectory, 0, path);
    });
    push_to(all, channel, kToGuest, "length that lies", size, [](const Bytes& payload, const std::string&) {
      return Message().u16(kDataResponse).u16(1).u32(0x7FFFFFFF).bytes(payload).done();
    });
  }
  for (const unsigned type : {unsigned{kMonitorReady}, unsigned{kFormatListResponse}, unsigned{kClipCaps},
                              unsigned{kLock}, unsigned{kUnlock}, 12U, 0xFFFFU}) {
    push_to(all, channel, kToGuest, std::format("message {}", type), 32,
            [type](const Bytes& payload, const std::string&) { return clip(type, 0, payload); });
  }
  push_to(all, channel, kFromGuest, "file contents request", 32, [](const Bytes&, const std::string&) {
    return clip(kContentsRequest, 0, Message().u32(1).u32(0).u32(2).u32(0).u32(0).u32(65536).done());
  });
}

void add_device_attacks(std::vector<Attack>& all) {
  const std::string channel = "rdpdr";
  for (const DeviceType& d : kDevices) {
    for (const std::size_t size : kStaticSizes) {
      push_to(all, channel, kToGuest, std::format("{}: announced with data", d.name), size,
              [d](const Bytes& payload, const std::string&) { return list_of(d, payload); });
      push_to(all, channel, kToGuest, std::format("{}: what was read", d.name), size,
              [](const Bytes& payload, const std::string&) {
                return device(kCompletion, Message().u32(1).u32(1).u32(0).u32(payload.size()).bytes(payload).done());
              });
    }
    push_to(all, channel, kFromGuest, std::format("{}: ready for requests", d.name), 32,
            [d](const Bytes&, const std::string&) { return list_of(d, {}); });
  }
  for (const unsigned packet :
       {unsigned{kAnnounceReply}, unsigned{kCapability}, unsigned{kPrinterCache}, 0x496EU, 0xFFFFU}) {
    push_to(all, channel, kToGuest, std::format("packet {:04x}", packet), 32,
            [packet](const Bytes& payload, const std::string&) { return device(packet, payload); });
  }
  push_to(all, channel, kToGuest, "client's name", 32, [](const Bytes&, const std::string& canary) {
    const Bytes name = utf16(canary);
    return device(kClientName, Message().u32(1).u32(0).u32(name.size()).bytes(name).done());
  });
}

void add_static_attacks(std::vector<Attack>& all) {
  for (const std::size_t size : kStaticSizes) {
    for (const unsigned type : {1U, 2U, 3U, 5U, 6U, 7U, 0x0CU, 0x0DU}) {  // MS-RDPEA 2.2.1, both directions'
      push_to(all, "rdpsnd", kToGuest, std::format("message {}", type), size,
              [type](const Bytes& payload, const std::string&) {
                return Message().u8(type).u8(0).u16(static_cast<unsigned>(payload.size())).bytes(payload).done();
              });
    }
    push_to(all, "rail", kToGuest, "run a program", size,
            [](const Bytes& payload, const std::string&) {  // MS-RDPERP 2.2.2.3.1
              return Message()
                  .u16(1)
                  .u16(static_cast<unsigned>(payload.size() + 12))
                  .u16(0)
                  .u16(static_cast<unsigned>(payload.size()))
                  .u32(0)
                  .bytes(payload)
                  .done();
            });
    push_to(all, "encomsp", kToGuest, "list of participants", size, [](const Bytes& payload, const std::string&) {
      return Message().u16(6).u16(static_cast<unsigned>(payload.size() + 4)).bytes(payload).done();
    });
    push_to(all, "remdesk", kToGuest, "remote assistance", size,
            [](const Bytes& payload, const std::string&) {  // MS-RA 2.2.1
              return Message().u32(14).u32(payload.size()).bytes(utf16("RC_CTL")).bytes(payload).done();
            });
    for (const std::string& name : announced()) {
      if (name == "drdynvc" || name == "cliprdr" || name == "rdpdr" || name == "rdpsnd") continue;
      const std::string label = name.front() >= ' ' && name.front() < '\x7f' ? name : "(not printable)";
      all.push_back({label, kToGuest, "plain bytes", size, Answer::kCutOff,
                     [name](Rogue& client, const Bytes& payload, const std::string&) { client.push(name, payload); }});
    }
  }
}

}  // namespace tobari::leak
