// SPDX-License-Identifier: GPL-3.0-or-later
// The pure parts: session states, placement, the audit chain, names, the .rdp file.
#include <array>

#include <gmock/gmock.h>

#include "core/audit_chain.h"
#include "core/names.h"
#include "core/placement.h"
#include "core/rdp_file.h"
#include "core/session_state.h"
#include "core/sha256.h"
#include "rpc/desired_state.h"

namespace tobari::broker {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using S = SessionState;
using E = SessionEventKind;

TEST(SessionStateMachine, FollowsReportsAndIgnoresThoseThatDoNotFit) {
  EXPECT_EQ(next_state(S::kOffered, E::kConnected), S::kConnected);
  EXPECT_EQ(next_state(S::kOffered, E::kRefused), S::kRefused);
  EXPECT_EQ(next_state(S::kConnected, E::kDisconnected), S::kDisconnected);
  EXPECT_EQ(next_state(S::kDisconnected, E::kEnded), S::kEnded);
  EXPECT_EQ(next_state(S::kConnected, E::kViolation), S::kConnected);
  EXPECT_EQ(next_state(S::kConnected, E::kRefused), S::kConnected);
  // A ticket is good once: a late "connected" does not bring a session back.
  EXPECT_EQ(next_state(S::kDisconnected, E::kConnected), S::kDisconnected);
  for (const S over : {S::kEnded, S::kRefused}) {
    for (const E event : {E::kConnected, E::kDisconnected, E::kRefused, E::kViolation, E::kEnded}) {
      EXPECT_EQ(next_state(over, event), over);
    }
  }
}

TEST(SessionStateMachine, AnUnusedOfferEnds) {
  Session session;
  session.created_at = Time{};
  session.offer_expires_at = Time{} + std::chrono::seconds(60);
  EXPECT_EQ(effective_state(session, Time{} + std::chrono::seconds(59)), S::kOffered);
  EXPECT_TRUE(is_live(session, Time{} + std::chrono::seconds(59)));
  EXPECT_EQ(effective_state(session, Time{} + std::chrono::seconds(60)), S::kEnded);
  session.state = S::kConnected;
  EXPECT_EQ(effective_state(session, Time{} + std::chrono::hours(60)), S::kConnected);
}

HostCapacity host(const char* name, std::uint64_t memory, std::uint64_t promised, bool connected = true) {
  HostCapacity capacity;
  capacity.id = HostId::random();
  capacity.name = name;
  capacity.connected = connected;
  capacity.images = {"debian"};
  capacity.memory_mib = memory;
  capacity.memory_promised_mib = promised;
  return capacity;
}

PlacementWish debian(std::string host = "") { return {.image = "debian", .memory_mib = 1024, .host = std::move(host)}; }

TEST(Placement, TakesTheConnectedHostWithMostFreeMemory) {
  const std::array hosts{host("a", 8192, 4096), host("b", 16384, 4096), host("c", 99999, 0, false)};
  EXPECT_EQ(*place(hosts, debian()), hosts[1].id);
  EXPECT_EQ(*place(hosts, debian("a")), hosts[0].id);
}

TEST(Placement, SaysWhyNot) {
  const std::array hosts{host("a", 8192, 9000), host("c", 99999, 0, false)};
  EXPECT_EQ(*place(hosts, debian()), hosts[0].id);  // promised beyond what is there
  EXPECT_EQ(place(hosts, debian("c")).error().code, Errc::kUnavailable);
  EXPECT_EQ(place(hosts, debian("nobody")).error().code, Errc::kNotFound);
  EXPECT_THAT(place(hosts, {.image = "windows"}).error().message, HasSubstr("images that are there: debian"));
}

TEST(AuditChain, FindsChangeLossAndReordering) {
  std::vector<AuditRecord> records;
  ChainHead head;
  for (int i = 0; i < 4; ++i) {
    AuditDraft draft;
    draft.actor = "alice";
    draft.action = "act";
    draft.detail = std::string(1, static_cast<char>('a' + i));
    records.push_back(link_record(head, Time{} + std::chrono::seconds(i), draft));
    head = {records.back().sequence, records.back().hash};
  }
  const auto verdict = [](const std::vector<AuditRecord>& chain) {
    ChainHead from;
    return verify_chain(chain, from);
  };
  EXPECT_TRUE(verdict(records).has_value());
  auto changed = records;
  changed[1].draft.outcome = Outcome::kDenied;
  EXPECT_THAT(verdict(changed).error().message, HasSubstr("record 2 was changed"));
  auto lost = records;
  lost.erase(lost.begin() + 1);
  EXPECT_THAT(verdict(lost).error().message, HasSubstr("missing"));
  auto rewritten = records;  // with a hash of its own that is right: the next record gives it away
  rewritten[1].draft.detail = "x";
  rewritten[1].hash = sha256_hex(canonical_text(rewritten[1]));
  EXPECT_THAT(verdict(rewritten).error().message, HasSubstr("record 3 does not continue"));
}

TEST(AuditChain, TheTextThatIsHashedDoesNotDependOnUs) {
  AuditRecord record;
  record.sequence = 7;
  record.draft = {"alice", "login", "alice", "192.0.2.1", Outcome::kAllowed, "", "\"quoted\" ü"};
  record.previous = kFirstPrevious;
  EXPECT_EQ(canonical_text(record),
            R"({"action":"login","actor":"alice","client_address":"192.0.2.1","detail":"\"quoted\" ü",)"
            R"("object":"alice","outcome":"allowed","previous":")" +
                kFirstPrevious + R"(","rule":"","sequence":7,"time":"1970-01-01T00:00:00.000Z"})");
}

TEST(Names, FollowTheInterfaceDescription) {
  EXPECT_TRUE(is_user_name("a.b_c-1"));
  for (const char* bad : {"", "1a", "A", "a b", "a/b", "é"}) EXPECT_FALSE(is_user_name(bad)) << bad;
  EXPECT_FALSE(is_user_name(std::string(33, 'a')));
  EXPECT_FALSE(is_host_label("-a"));
  EXPECT_FALSE(is_host_label("a-"));
  EXPECT_FALSE(is_image_name("../debian"));
  EXPECT_EQ(parse_role("root").error().message, "role must be one of: user, admin");
}

TEST(RdpFile, HasTheTokenNeverTheTicketAndOpensNothing) {
  const std::string file = rdp_file({"2001:db8::1", 3389, "TOKEN", "alice"});
  EXPECT_THAT(file, HasSubstr("full address:s:[2001:db8::1]:3389\r\n"));
  EXPECT_THAT(file, HasSubstr("loadbalanceinfo:s:Cookie: msts=TOKEN\r\n"));
  EXPECT_THAT(file, HasSubstr("username:s:alice\r\n"));
  EXPECT_THAT(file, Not(HasSubstr("password")));
  EXPECT_THAT(file, Not(HasSubstr("redirectclipboard:i:1")));
  EXPECT_THAT(file, HasSubstr("drivestoredirect:s:\r\n"));
}

TEST(RdpFile, SaysWhetherThereIsAClipboard) {
  EXPECT_THAT(rdp_file({"host", 3389, "TOKEN", "alice"}), HasSubstr("redirectclipboard:i:0\r\n"));
  EXPECT_THAT(rdp_file({.address = "host", .user = "alice", .clipboard = true}),
              HasSubstr("redirectclipboard:i:1\r\n"));
}

TEST(RdpFile, SaysWhetherTheDesktopIsHeard) {
  EXPECT_THAT(rdp_file({"host", 3389, "TOKEN", "alice"}), HasSubstr("audiomode:i:2\r\n"));
  const std::string heard = rdp_file({"host", 3389, "TOKEN", "alice", true});
  EXPECT_THAT(heard, HasSubstr("audiomode:i:0\r\n"));
  EXPECT_THAT(heard, HasSubstr("audiocapturemode:i:0\r\n"));
}

TEST(RdpFile, AWallFillsEveryMonitor) {
  EXPECT_THAT(rdp_file({"host", 3389, "TOKEN", "alice"}), Not(HasSubstr("multimon")));
  EXPECT_THAT(rdp_file({"host", 3389, "TOKEN", "alice", false, true}), HasSubstr("use multimon:i:1\r\n"));
}

TEST(Sha256, AgreesWithTheStandard) {  // FIPS 180-4, "abc"
  EXPECT_EQ(sha256_hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

TEST(DesiredStateMessage, CarriesEveryDesktop) {
  Desktop desktop;
  desktop.id = DesktopId::random();
  desktop.epoch = 9;
  desktop.power = Power::kDeleted;
  desktop.machine = Machine::kContainer;
  const auto message = desired_state(std::array{desktop}, 5);
  EXPECT_EQ(message.revision(), 5U);
  ASSERT_EQ(message.desktops_size(), 1);
  EXPECT_EQ(message.desktops(0).epoch(), 9U);
  EXPECT_EQ(message.desktops(0).power(), wire::DesiredDesktop::DELETED);
  EXPECT_EQ(message.desktops(0).machine(), wire::DesiredDesktop::CONTAINER);
  EXPECT_FALSE(message.desktops(0).has_network()) << "nobody says what it may";
}

policy::DesktopNetwork network_of_size(std::size_t entries, const std::string& rule) {
  policy::DesktopNetwork network{.egress = std::vector<policy::NetworkEntry>(entries), .ingress = {}};
  for (policy::NetworkEntry& entry : *network.egress) entry.rule = rule;
  return network;
}

TEST(DesiredStateMessage, CarriesEachNetworkOnce) {
  std::vector<Desktop> desktops(3);
  for (Desktop& each : desktops) each.id = DesktopId::random();
  desktops[1].user_name = "other";
  const auto message = desired_state(desktops, 1, [](const Desktop& desktop) {
    return network_of_size(1, desktop.user_name.empty() ? "web" : "mail");
  });
  ASSERT_EQ(message.networks_size(), 2);
  EXPECT_EQ(message.desktops(0).network(), message.desktops(2).network());
  EXPECT_EQ(message.networks(static_cast<int>(message.desktops(1).network())).egress().entries(0).rule(), "mail");
  EXPECT_FALSE(message.networks(0).has_ingress());
}

TEST(DesiredStateMessage, NetworksBeyondItsRoomAreClosed) {
  std::vector<Desktop> desktops(8);
  for (Desktop& each : desktops) each.id = DesktopId::random();
  const auto message = desired_state(desktops, 1, [](const Desktop& desktop) {
    return network_of_size(1000, desktop.id.str() + std::string(64, 'x'));
  });
  EXPECT_LT(message.ByteSizeLong(), std::size_t{1} << 20);
  EXPECT_TRUE(message.desktops(0).has_network());
  EXPECT_FALSE(message.desktops(7).has_network());
}

}  // namespace
}  // namespace tobari::broker
