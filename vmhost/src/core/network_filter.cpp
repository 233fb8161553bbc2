// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/network_filter.h"

#include <format>
#include <string_view>
#include <utility>

#include <tobari/vmhost/domain_xml.h>

#include "core/filter_match.h"

namespace tobari::vmhost {
namespace {

using policy::Effect;
using policy::NetworkEntry;
using Entries = std::optional<std::vector<NetworkEntry>>;

constexpr std::string_view kFromPrefix = "from-";

// To "chaddr" of a DHCP message (RFC 2131, section 2), with UDP's header: a lease is for the MAC that stands there.
constexpr unsigned kBitsBeforeChaddr = 8 * (8 + 28);

std::string is(Mark mark) {
  const auto bits = std::to_underlying(mark);
  return std::format("meta mark & 0x{0:08x} == 0x{0:08x}", bits);
}
std::string set(Mark mark) { return std::format("meta mark set meta mark | 0x{:08x}", std::to_underlying(mark)); }

std::string any_of(Mark a, Mark b) {
  return std::format("meta mark & 0x{:08x} != 0", std::to_underlying(a) | std::to_underlying(b));
}

std::string hex_of(std::string mac) {
  std::erase(mac, ':');
  return mac;
}

class Script {
 public:
  Script(std::string_view family, std::string_view chain) : where_(std::format("{} tobari {}", family, chain)) {}
  void begin(std::string_view hook = {}) {
    text_ += std::format("add chain {}{}\nflush chain {}\n", where_,
                         hook.empty() ? "" : std::format(" {{ type filter hook {}; policy accept; }}", hook), where_);
  }
  void rule(std::string_view rule) { text_ += std::format("add rule {} {}\n", where_, rule); }
  [[nodiscard]] std::string text() && { return std::move(text_); }

 private:
  std::string where_;
  std::string text_;
};

std::string bridge_base() {
  std::string out =
      "add table bridge tobari\n"
      "add map bridge tobari from { type ifname : verdict; }\n"
      "add map bridge tobari to { type ifname : verdict; }\n";
  // After br_netfilter (0): it has put fragments together, and skips what stands at its own place or before it.
  Script from("bridge", "prerouting");
  from.begin("prerouting priority 10");
  from.rule("iifname vmap @from");
  from.rule("iifname \"tb-*\" counter drop");
  Script between("bridge", "forward");
  between.begin("forward priority 10");
  between.rule("iifname \"tb-*\" oifname \"tb-*\" counter drop");
  between.rule(std::format("iifname \"tb-*\" ether type ip meta mark & 0x{:08x} == 0 counter drop",
                           std::to_underlying(Mark::kChecked)));
  Script to("bridge", "postrouting");
  to.begin("postrouting priority 10");
  to.rule("oifname vmap @to");
  to.rule("oifname \"tb-*\" counter drop");
  return out + std::move(from).text() + std::move(between).text() + std::move(to).text();
}

// By address: at this point it is the leased one.
void limit_connections(Script& chain) {
  chain.rule(
      std::format("ct state new add @connections {{ ip saddr ct count over {} }} counter drop", kMaxConnections));
}

// The same in the forward and the input hook: rules let it through, and for the direction that it really has.
void check_direction(Script& chain, std::string_view then) {
  limit_connections(chain);
  chain.rule(std::format("ct direction original {} {}", is(Mark::kMayOpen), then));
  chain.rule(std::format("ct direction reply {} {}", is(Mark::kMayAnswer), then));
  chain.rule("counter drop");
}

std::string inet_base(const Surroundings& around) {
  Script checked("inet", "from-desktop");
  checked.begin();
  check_direction(checked, set(Mark::kChecked) + " accept");

  Script towards("inet", "towards-desktop");
  towards.begin();
  towards.rule(std::format("meta mark set meta mark & 0x{:08x}", ~kAllMarks));
  towards.rule(std::format("ct state related {} return", set(Mark::kRelated)));
  towards.rule(std::format("ct state {{ new, established }} ct direction reply {} return", set(Mark::kAnswering)));
  towards.rule(std::format("ct state {{ new, established }} ct direction original {}", set(Mark::kOpening)));

  Script local("inet", "to-host");
  local.begin();
  limit_connections(local);
  // The host's own addresses, whichever: only what its DHCP and DNS servers are asked, and answers to the host.
  const std::string servers = joined(around.servers);
  if (!servers.empty()) {
    local.rule(
        std::format("ct direction original ip daddr {{ {}, 255.255.255.255 }} udp dport {{ 53, 67 }} accept", servers));
    local.rule(std::format("ct direction original ip daddr {{ {} }} tcp dport 53 accept", servers));
  }
  local.rule(std::format("ct direction reply {} accept", is(Mark::kMayAnswer)));
  local.rule("counter drop");

  Script forward("inet", "forward");
  forward.begin("forward priority 0");
  forward.rule(std::format("{} goto from-desktop", is(Mark::kFromDesktop)));
  forward.rule(std::format("oifname \"{}\" jump towards-desktop", around.bridge));
  Script output("inet", "output");
  output.begin("output priority 0");
  output.rule(std::format("oifname \"{}\" jump towards-desktop", around.bridge));
  Script input("inet", "input");
  input.begin("input priority -10");
  input.rule(std::format("{} goto to-host", is(Mark::kFromDesktop)));
  return "add table inet tobari\nadd set inet tobari connections { type ipv4_addr; size 65536; flags dynamic; }\n" +
         std::move(checked).text() + std::move(towards).text() + std::move(local).text() + std::move(forward).text() +
         std::move(output).text() + std::move(input).text();
}

// One direction of connections as one chain: denials, DNS, what is closed, permissions. `let` is done with what passes.
struct Chain {
  std::string name;
  Side side;          // where the desktop's peer stands in the packet
  std::string let;    // statement and verdict
  bool asks = false;  // connections that the desktop opens, which may go to its DNS servers
};

bool allows_something(const Entries& entries) {
  return !entries || std::ranges::any_of(*entries, [](const NetworkEntry& e) { return e.effect == Effect::kAllow; });
}

std::string rules_of(const Chain& chain, const Entries& entries, const Surroundings& around,
                     const Addresses& addresses) {
  Script script("bridge", chain.name);
  script.begin();
  const auto add = [&](Effect effect, const std::string& verdict) {
    for (const NetworkEntry& entry : *entries) {
      if (entry.effect != effect) continue;
      if (const auto match = match_of(entry, chain.side, addresses)) {
        script.rule(match->empty() ? verdict : std::format("{} {}", *match, verdict));
      }
    }
  };
  if (entries) add(Effect::kDeny, "return");
  const std::string_view address = chain.side.address;
  // Who may connect nowhere has no use for names, and names are a way out too.
  if (chain.asks && allows_something(entries) && !around.servers.empty()) {
    script.rule(std::format("ip {} {{ {} }} meta l4proto {{ tcp, udp }} th {} 53 {}", address, joined(around.servers),
                            chain.side.port, chain.let));
  }
  script.rule(std::format("ip {} {{ {} }} return", address, closed_places(around)));
  if (entries) {
    add(Effect::kAllow, chain.let);
  } else {
    script.rule(chain.let);
  }
  return std::move(script).text();
}

std::string from_rules(const DesktopId& id, const Surroundings& around) {
  Script from("bridge", chain_of(id));
  from.begin();
  from.rule(std::format("ether saddr != {} counter drop", guest_mac(id)));
  from.rule("ether type arp accept");          // what it says is the nwfilter's matter
  from.rule("ether type != ip counter drop");  // IPv6 and VLAN tags among them
  from.rule(std::format("meta mark set 0x{:08x}", std::to_underlying(Mark::kFromDesktop)));
  const std::string servers = joined(around.servers);
  from.rule(std::format("ip daddr {{ {}255.255.255.255 }} udp sport 68 udp dport 67 @th,{},48 0x{} {} accept",
                        servers.empty() ? "" : servers + ", ", kBitsBeforeChaddr, hex_of(guest_mac(id)),
                        set(Mark::kMayOpen)));
  from.rule(std::format("jump egress-{}", id.str()));
  from.rule(std::format("jump answers-{}", id.str()));
  from.rule(std::format("{} accept", any_of(Mark::kMayOpen, Mark::kMayAnswer)));
  from.rule("counter drop");
  return std::move(from).text();
}

std::string to_rules(const DesktopId& id, const Surroundings& around) {
  Script to("bridge", "to-" + id.str());
  to.begin();
  to.rule("ether type arp accept");
  to.rule("ether type != ip counter drop");
  if (!around.servers.empty()) {
    to.rule(std::format("ip saddr {{ {} }} udp sport 67 udp dport 68 accept", joined(around.servers)));
  }
  to.rule(std::format("{} ip protocol icmp accept", is(Mark::kRelated)));
  // Later parts of a packet that the host itself has cut, after its connection was looked up: they have no ports.
  to.rule(std::format("ip frag-off & 0x1fff != 0 {} accept", any_of(Mark::kAnswering, Mark::kOpening)));
  to.rule(std::format("{} jump replies-{}", is(Mark::kAnswering), id.str()));
  to.rule(std::format("{} jump ingress-{}", is(Mark::kOpening), id.str()));
  to.rule("counter drop");
  return std::move(to).text();
}

}  // namespace

policy::DesktopNetwork closed_network() {
  return {.egress = std::vector<NetworkEntry>(), .ingress = std::vector<NetworkEntry>()};
}

std::string host_rules(const Surroundings& around) { return bridge_base() + inet_base(around); }

Result<std::string> desktop_rules(const DesktopId& id, const policy::DesktopNetwork& network,
                                  const Surroundings& around, const Addresses& addresses) {
  const std::size_t items = items_of(network.egress, addresses) + items_of(network.ingress, addresses);
  if (items > kMaxFilterItems) {
    return fail(Errc::kExhausted, std::format("the network rules of this desktop name {} places and ports; at most {} "
                                              "can be kept: write larger networks, or fewer rules",
                                              items, kMaxFilterItems));
  }
  const std::string chain = id.str();
  const std::string open = set(Mark::kMayOpen) + " return";
  const std::string answer = set(Mark::kMayAnswer) + " return";
  std::string out;
  out += rules_of({"egress-" + chain, kDestination, open, true}, network.egress, around, addresses);
  out += rules_of({"answers-" + chain, kDestinationOfAnswer, answer, false}, network.ingress, around, addresses);
  out += rules_of({"replies-" + chain, kSourceOfAnswer, "accept", true}, network.egress, around, addresses);
  out += rules_of({"ingress-" + chain, kSource, "accept", false}, network.ingress, around, addresses);
  out += from_rules(id, around) + to_rules(id, around);
  const std::string tap = tap_name(id);
  out += std::format("add element bridge tobari from {{ \"{}\" : goto {} }}\n", tap, chain_of(id));
  out += std::format("add element bridge tobari to {{ \"{}\" : goto to-{} }}\n", tap, chain);
  return out;
}

std::string removed_rules(const DesktopId& id) {
  const std::string tap = tap_name(id);
  std::string out = std::format(
      "destroy element bridge tobari from {{ \"{0}\" }}\ndestroy element bridge tobari to {{ \"{0}\" }}\n", tap);
  for (const std::string_view kind : {"from", "to", "egress", "answers", "replies", "ingress"}) {
    out += std::format("destroy chain bridge tobari {}-{}\n", kind, id.str());
  }
  return out;
}

std::string chain_of(const DesktopId& id) { return std::string(kFromPrefix) + id.str(); }

DesktopId desktop_of_chain(std::string_view chain) {
  if (!chain.starts_with(kFromPrefix)) return {};
  return DesktopId::parse(chain.substr(kFromPrefix.size())).value_or(DesktopId());
}

}  // namespace tobari::vmhost
