// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <array>
#include <optional>
#include <string_view>

#include "sections.h"

namespace tobari::policy {
namespace {

using Kind = YamlNode::Kind;
constexpr std::size_t kMaxDomainLength = 253;  // RFC 1035
constexpr std::size_t kMaxLabelLength = 63;
constexpr std::array<std::string_view, 4> kProtocols{"any", "tcp", "udp", "icmp"};

bool is_label(std::string_view label) {
  return !label.empty() && label.size() <= kMaxLabelLength && label.front() != '-' && label.back() != '-' &&
         std::ranges::all_of(label,
                             [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

// Host names in lower case with at least one dot. The last label is no number, so that a mistyped address is not taken
// for a name.
bool is_domain(std::string_view text) {
  if (text.size() > kMaxDomainLength || !text.contains('.')) return false;
  std::string_view last;
  for (;;) {
    const std::size_t dot = text.find('.');
    last = text.substr(0, dot);
    if (!is_label(last)) return false;
    if (dot == std::string_view::npos) break;
    text.remove_prefix(dot + 1);
  }
  return !parse_number(last).has_value();
}

// "443", "8000-8100".
std::optional<PortRange> parse_ports(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = parse_number(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_number(text.substr(dash + 1));
  if (!first || !last || *first < 1 || *last > 65'535 || *first > *last) return std::nullopt;
  return PortRange{.first = static_cast<std::uint16_t>(*first), .last = static_cast<std::uint16_t>(*last)};
}

void read_peers(Reader& reader, const YamlNode& node, Direction direction, const std::string& where, Traffic& out) {
  const bool names = direction == Direction::kEgress;
  reader.each_text(
      node, std::string(names ? "'to'" : "'from'") + " of " + where, [&](int line, const std::string& text) {
        if (const auto network = IpNetwork::parse(text)) {
          out.networks.push_back(*network);
        } else if (names && is_domain(text)) {
          out.domains.push_back(text);
        } else if (names && text.starts_with("*.")) {
          reader.error(line, in_quotes(text) +
                                 " cannot be kept: packets have addresses, and the names below a domain "
                                 "cannot be listed; write the names themselves, or networks");
        } else {
          reader.error(line, in_quotes(text) + " is no place" +
                                 (names ? "; write '192.0.2.0/24' or 'www.example.com', in lower case"
                                        : "; write a network like '192.0.2.0/24': who comes in has no name"));
        }
      });
}

Traffic read_traffic(Reader& reader, const YamlNode& node, Direction direction, const std::string& where) {
  Traffic out;
  if (const YamlNode* peers = node.find(direction == Direction::kEgress ? "to" : "from")) {
    read_peers(reader, *peers, direction, where, out);
  }
  if (const YamlNode* protocol = node.find("protocol")) {
    const auto* const known =
        protocol->kind == Kind::kScalar ? std::ranges::find(kProtocols, protocol->scalar) : kProtocols.end();
    if (known != kProtocols.end()) {
      out.protocol = static_cast<Protocol>(known - kProtocols.begin());
    } else {
      reader.error(protocol->line, "'protocol' of " + where + " is one of " + joined(kProtocols));
    }
  }
  if (const YamlNode* ports = node.find("ports")) {
    reader.each_text(*ports, "'ports' of " + where, [&](int line, const std::string& text) {
      if (const auto range = parse_ports(text)) {
        out.ports.push_back(*range);
      } else {
        reader.error(line, in_quotes(text) + " is no port; write '443' or '8000-8100', from 1 to 65535");
      }
    });
    if (out.protocol != Protocol::kTcp && out.protocol != Protocol::kUdp) {
      reader.error(ports->line, "only TCP and UDP have ports; write 'protocol: tcp' or 'protocol: udp' in " + where);
    }
  }
  return out;
}

}  // namespace

std::vector<NetworkRule> read_network_rules(Reader& reader, const YamlNode& node, Direction direction, Shared& shared) {
  std::vector<NetworkRule> rules;
  const std::string_view section = direction == Direction::kEgress ? "egress" : "ingress";
  if (node.kind != Kind::kList) {
    reader.error(node.line, "'" + std::string(section) + ":' is a list; begin each rule with '- name: …', or write []");
    return rules;
  }
  if (!count_rules(reader, node, shared)) return rules;
  for (const YamlNode& item : node.items) {
    if (!reader.is_section(item, section, "a rule of '" + std::string(section) + "'")) continue;
    NetworkRule& rule = rules.emplace_back();
    rule.line = item.line;
    rule.name = read_rule_name(reader, item, shared);
    const std::string where = rule.name.empty() ? "this rule" : "rule " + in_quotes(rule.name);
    rule.effect = read_effect(reader, item, where);
    if (const YamlNode* who = item.find("who")) rule.who = read_who(reader, *who, where, shared);
    rule.traffic = read_traffic(reader, item, direction, where);
  }
  return rules;
}

}  // namespace tobari::policy
