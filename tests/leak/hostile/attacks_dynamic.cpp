// SPDX-License-Identifier: GPL-3.0-or-later
// Dynamic channels (MS-RDPEDYC): the client opens what only a server may open, answers what nobody asked, and talks on
// numbers that were never given out. Each with the first message that the channel's own protocol would have.
#include <array>
#include <format>
#include <utility>

#include "attack.h"

namespace tobari::leak {
namespace {

constexpr std::array kDynamicSizes{std::size_t{32}, std::size_t{1500}, std::size_t{12} * 1024};
constexpr unsigned kNobodys = 0x77;  // a number that the server never gives out

struct Name {
  const char* name;
  const char* message;  // what its protocol calls the first message
  std::array<unsigned char, 8> header;
  std::size_t used;  // of it
};
constexpr std::array kNames{
    Name{"AUDIO_INPUT", "sound data", {6}, 1},                       // MS-RDPEAI 2.2.3.2
    Name{"URBDRC", "device added", {0, 0, 0, 0x40, 1, 0, 0, 0}, 8},  // MS-RDPEUSB 2.2.4
    Name{"RDCamera_Device_Enumerator", "device added", {2, 5}, 2},   // MS-RDPECAM 2.2.2.3
    Name{"RDCamera_Device_0", "sample", {2, 0x12, 0}, 3},            // MS-RDPECAM 2.2.3.14
    Name{"Microsoft::Windows::RDS::Input", "touch", {3, 0}, 2},      // MS-RDPEI 2.2.3.3
    Name{"Microsoft::Windows::RDS::CoreInput", "event", {3, 0}, 2},
    Name{"WebAuthN_Channel", "assertion", {0, 0, 0, 0, 1}, 5},            // MS-RDPEWA 2.2.2
    Name{"Microsoft::Windows::RDS::Location", "position", {3, 0}, 2},     // MS-RDPEL 2.2.4
    Name{"Microsoft::Windows::RDS::Telemetry", "telemetry", {1, 16}, 2},  // MS-RDPET 2.2.2
    Name{"ECHO", "echo", {}, 0},                                          // MS-RDPEECO 2.2.2
    Name{"AUDIO_PLAYBACK_DVC", "wave", {0x0D, 0}, 2},                     // MS-RDPEA
    Name{"AUDIO_PLAYBACK_LOSSY_DVC", "wave", {0x0D, 0}, 2},
    Name{"TSMF", "sample", {0, 0, 0, 0x40, 1}, 5},   // MS-RDPEV
    Name{"PNPDR", "device", {0, 0, 0, 0x40, 1}, 5},  // MS-RDPEPNP
    Name{"FileRedirectorChannel", "io", {0, 0, 0, 0x40, 1}, 5},
    Name{"Microsoft::Windows::RDS::Geometry::v08.01", "geometry", {}, 0},            // MS-RDPEGT
    Name{"Microsoft::Windows::RDS::Video::Control::v08.01", "presentation", {}, 0},  // MS-RDPEVOR
    Name{"Microsoft::Windows::RDS::Video::Data::v08.01", "sample", {}, 0},
    Name{"Microsoft::Windows::RDS::AuthRedirection", "call", {}, 0},  // MS-RDPEAR
    Name{"Microsoft::Windows::RDS::MouseCursor", "cursor", {}, 0},    // MS-RDPEMSC
    Name{"Microsoft::Windows::RDS::Graphics", "a second pipeline", {0x0D, 0}, 2},
    Name{"Microsoft::Windows::RDS::DisplayControl", "a second display control", {2, 0, 0, 0}, 4},
    Name{"XPSRD", "print job", {}, 0},  // MS-RDPEXPS
    Name{"TSVCTKT", "ticket", {}, 0},
    Name{"cliprdr", "clipboard over a dynamic channel", {5, 0, 1, 0}, 4},
    Name{"rdpdr", "devices over a dynamic channel", {0x72, 0x44, 0x41, 0x44}, 4},
    Name{"rail", "programs over a dynamic channel", {1, 0}, 2},
    Name{"", "a name of no letters", {}, 0},
    Name{"Tobari::Made::Up", "made up", {}, 0},
};

Bytes first_message(const Name& name, const Bytes& payload) {
  Message message;
  for (std::size_t i = 0; i < name.used; ++i) message.u8(name.header[i]);
  return message.bytes(payload).done();
}

Bytes create(unsigned id, std::string_view name) {  // 2.2.2.1: the server's
  return Message().u8(0x10).u8(id).text(name).u8(0).done();
}
Bytes accept(unsigned id) { return Message().u8(0x10).u8(id).u32(0).done(); }

void push_in_pieces(Rogue& client, unsigned id, const Bytes& message) { client.dynamic().send(id, message); }

void add(std::vector<Attack>& all, const Name& name, const char* how, std::size_t size,
         std::function<void(Rogue&, const Bytes&)> push) {
  all.push_back({*name.name != '\0' ? name.name : "(empty)", kToGuest, std::format("{}: {}", name.message, how), size,
                 Answer::kCutOff,
                 [name, push = std::move(push)](Rogue& client, const Bytes& payload, const std::string&) {
                   push(client, first_message(name, payload));
                 }});
}

}  // namespace

void add_dynamic_attacks(std::vector<Attack>& all) {
  for (const Name& name : kNames) {
    for (const std::size_t size : kDynamicSizes) {
      add(all, name, "opened by the client", size, [name](Rogue& client, const Bytes& message) {
        client.push_dynamic(create(kNobodys, name.name));
        push_in_pieces(client, kNobodys, message);
      });
      add(all, name, "accepted unasked", size, [](Rogue& client, const Bytes& message) {
        client.push_dynamic(accept(kNobodys));
        push_in_pieces(client, kNobodys, message);
      });
      add(all, name, "data unasked", size,
          [](Rogue& client, const Bytes& message) { push_in_pieces(client, kNobodys, message); });
    }
    add(all, name, "compressed data", 32, [](Rogue& client, const Bytes& message) {  // 2.2.3.3, 2.2.3.4
      client.push_dynamic(Message().u8(0x70).u8(kNobodys).bytes(message).done());
    });
    add(all, name, "number of four bytes", 32,
        [](Rogue& client, const Bytes& message) { client.push_dynamic(DynamicChannels::data(0x7FFF'FFF0, message)); });
  }
}

}  // namespace tobari::leak
