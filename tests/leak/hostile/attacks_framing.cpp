// SPDX-License-Identifier: GPL-3.0-or-later
// Lengths, flags and numbers that lie: on channels that are granted, on those that are not, and on none at all.
#include <array>
#include <format>
#include <utility>

#include "attack.h"

namespace tobari::leak {
namespace {

constexpr unsigned kFirstChunk = 1, kLastChunk = 2;  // MS-RDPBCGR 2.2.6.1.1
constexpr unsigned kDynamicData = 0x30;

struct Flags {
  const char* name;
  std::uint32_t flags;
};
constexpr std::array kFlags{
    Flags{"neither first nor last", 0},
    Flags{"first without last", kFirstChunk},
    Flags{"last without first", kLastChunk},
    Flags{"show protocol", kFirstChunk | kLastChunk | 0x10},
    Flags{"suspend", kFirstChunk | kLastChunk | 0x20},
    Flags{"resume", kFirstChunk | kLastChunk | 0x40},
    Flags{"shadow persistent", kFirstChunk | kLastChunk | 0x80},
    Flags{"compressed 8K", kFirstChunk | kLastChunk | 0x0020'0000},
    Flags{"compressed 64K", kFirstChunk | kLastChunk | 0x0021'0000},
    Flags{"compressed RDP6", kFirstChunk | kLastChunk | 0x0022'0000},
    Flags{"compressed RDP6.1, flushed", kFirstChunk | kLastChunk | 0x00A3'0000},
    Flags{"every flag", 0xFFFF'FFFF},
};

struct Total {
  const char* name;
  std::uint32_t total;  // 0: what it is
};
constexpr std::array kTotals{Total{"true length", 0}, Total{"no length", 1}, Total{"4 GiB announced", 0xFFFF'FFFF}};

void add(std::vector<Attack>& all, std::string channel, std::string format, std::size_t size, Answer answer,
         std::function<void(Rogue&, const Bytes&)> push) {
  all.push_back(
      {std::move(channel), kToGuest, std::move(format), size, answer,
       [push = std::move(push)](Rogue& client, const Bytes& payload, const std::string&) { push(client, payload); }});
}

void add_flags(std::vector<Attack>& all) {
  for (const Flags& f : kFlags) {
    for (const Total& t : kTotals) {
      const std::string format = std::format("{}, {}", f.name, t.name);
      add(all, "cliprdr", format, 512, Answer::kCutOff, [f, t](Rogue& client, const Bytes& payload) {
        client.push_packet(client.id_of("cliprdr"), t.total != 0 ? t.total : payload.size(), f.flags, payload);
      });
      // What is not whole yet may wait for its end; it is a dynamic channel's data with a number of nobody's.
      add(all, "drdynvc", format, 512, Answer::kAny, [f, t](Rogue& client, const Bytes& payload) {
        const Bytes pdu = Message().u8(kDynamicData).u8(0x77).bytes(payload).done();
        client.push_packet(client.id_of("drdynvc"), t.total != 0 ? t.total : pdu.size(), f.flags, pdu);
      });
    }
  }
  add(all, "drdynvc", "a PDU without an end", 1600, Answer::kEnds, [](Rogue& client, const Bytes& payload) {
    for (int i = 0; i < 64; ++i)
      client.push_packet(client.id_of("drdynvc"), 0xFFFF'FFFF, i == 0 ? kFirstChunk : 0, payload);
  });
}

// Channel numbers that MCS never gave out, or gave to something else.
void add_numbers(std::vector<Attack>& all) {
  for (const unsigned number : {0U, 1U, 1000U, 1001U, 1002U, 1100U, 1200U, 2000U, 4096U, 30000U, 65534U, 65535U}) {
    for (const std::size_t size : {std::size_t{32}, std::size_t{1600}, std::size_t{15'000}}) {
      add(all, std::format("MCS channel {}", number), "never joined", size, Answer::kEnds,
          [number](Rogue& client, const Bytes& payload) {
            client.push_packet(static_cast<std::uint16_t>(number), payload.size(), kFirstChunk | kLastChunk, payload);
          });
    }
  }
}

// On channels that are granted to everybody.
void add_granted(std::vector<Attack>& all) {
  const auto on = [](Rogue& client, const char* name, const Bytes& message) {
    client.dynamic().send(client.dynamic().id_of(name), message);
  };
  constexpr const char* kGraphics = "Microsoft::Windows::RDS::Graphics";
  for (const unsigned command : {0x00U, 0x01U, 0x05U, 0x0EU, 0x13U, 0x17U, 0xFFFFU}) {
    add(all, kGraphics, std::format("command {:04x}", command), 512, Answer::kEnds,
        [on, command](Rogue& client, const Bytes& payload) {
          on(client, kGraphics, Message().u16(command).u16(0).u32(8 + payload.size()).bytes(payload).done());
        });
  }
  add(all, kGraphics, "4 GiB announced", 512, Answer::kEnds, [on](Rogue& client, const Bytes& payload) {
    on(client, kGraphics, Message().u16(0x0D).u16(0).u32(0xFFFF'FFFF).bytes(payload).done());
  });
  add(all, kGraphics, "cache entries with a canary", 1024, Answer::kAny, [on](Rogue& client, const Bytes& payload) {
    on(client, kGraphics, Message().u16(0x10).u16(0).u32(8 + payload.size()).bytes(payload).done());
  });
  add(all, kGraphics, "after it was closed", 512, Answer::kAny, [](Rogue& client, const Bytes& payload) {
    const unsigned id = client.dynamic().id_of(kGraphics);
    client.dynamic().close(id);
    client.push_dynamic(Message().u8(kDynamicData).u8(id).bytes(payload).done());
  });
  for (const unsigned command : {0U, 6U, 7U, 8U, 9U, 0xFU}) {
    add(all, "drdynvc", std::format("command {}", command), 512, Answer::kAny,
        [command](Rogue& client, const Bytes& payload) {
          const unsigned id = client.dynamic().id_of(kGraphics);
          client.push_dynamic(Message().u8(command << 4).u8(id).bytes(payload).done());
        });
  }
  add(all, "drdynvc", "capabilities again", 512, Answer::kAny, [](Rogue& client, const Bytes& payload) {
    client.push_dynamic(Message().u8(0x50).u8(0).u16(3).bytes(payload).done());
  });
}

// Packets of the connection itself.
void add_packets(std::vector<Attack>& all) {
  add(all, "fast-path input", "characters (not offered)", 32, Answer::kAny, [](Rogue& client, const Bytes& payload) {
    Message packet;  // MS-RDPBCGR 2.2.8.1.2: 15 events of three bytes
    packet.u8(15U << 2).u8(2 + 15 * 3);
    for (std::size_t i = 0; i < 15; ++i) packet.u8(4U << 5).u16(std::to_integer<unsigned>(payload[i]));
    client.push_raw(packet.done());
  });
  add(all, "fast-path input", "unknown events", 32, Answer::kAny, [](Rogue& client, const Bytes& payload) {
    client.push_raw(
        Message().u8(1U << 2).u8(static_cast<unsigned>(3 + payload.size())).u8(7U << 5).bytes(payload).done());
  });
  add(all, "X.224", "a second connection request", 32, Answer::kEnds, [](Rogue& client, const Bytes& payload) {
    client.push_raw(Message()
                        .u8(3)
                        .u8(0)
                        .u8(0)
                        .u8(static_cast<unsigned>(11 + payload.size()))
                        .u8(static_cast<unsigned>(6 + payload.size()))
                        .u8(0xE0)
                        .zeros(5)
                        .bytes(payload)
                        .done());
  });
  add(all, "MCS", "garbage", 512, Answer::kEnds, [](Rogue& client, const Bytes& payload) {
    client.push_raw(Message().u8(3).u8(0).u8(2).u8(7).u8(2).u8(0xF0).u8(0x80).bytes(payload).done());
  });
  add(all, "TPKT", "the longest packet, of nothing", 65'535 - 7, Answer::kEnds,
      [](Rogue& client, const Bytes& payload) {
        client.push_raw(Message().u8(3).u8(0).u8(0xFF).u8(0xFF).u8(2).u8(0xF0).u8(0x80).bytes(payload).done());
      });
}

}  // namespace

void add_framing_attacks(std::vector<Attack>& all) {
  add_flags(all);
  add_numbers(all);
  add_granted(all);
  add_packets(all);
}

}  // namespace tobari::leak
