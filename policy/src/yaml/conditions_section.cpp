// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <optional>
#include <string_view>

#include "sections.h"

namespace tobari::policy {
namespace {

using Kind = YamlNode::Kind;
constexpr std::uint64_t kMaxMfaLevel = 9;
constexpr std::uint64_t kMaxSessions = 1000;

std::optional<ClientVersion> read_version(Reader& reader, const YamlNode* node, const std::string& where) {
  if (node == nullptr) return std::nullopt;
  const auto version = node->kind == Kind::kScalar ? ClientVersion::parse(node->scalar) : std::nullopt;
  if (!version) reader.error(node->line, "a version in " + where + " is one to four numbers; write '3.10' or '3.32.1'");
  return version;
}

ClientMatch read_client(Reader& reader, const YamlNode& node, const std::string& where) {
  ClientMatch match;
  if (const YamlNode* kind = node.find("kind")) {
    match.kind = reader.word(*kind, "'kind' of a client in " + where, "tobari-client").value_or("");
  } else {
    reader.error(node.line, "a client in " + where + " needs 'kind: …'; write its program's name, like tobari-client");
  }
  const Range<ClientVersion> versions{.at_least = read_version(reader, node.find("at_least"), where),
                                      .below = read_version(reader, node.find("below"), where)};
  if (versions.at_least && versions.below && *versions.at_least >= *versions.below) {
    reader.error(node.line, "no version is in the range of " + where + "; 'at_least' must be smaller than 'below'");
  }
  if (versions.at_least || versions.below) match.versions = versions;
  return match;
}

CertificateMatch read_certificate(Reader& reader, const YamlNode& node, const std::string& where) {
  CertificateMatch match;
  const YamlNode* sha256 = node.find("sha256");
  const YamlNode* issuer = node.find("issuer");
  if ((sha256 == nullptr) == (issuer == nullptr)) {
    reader.error(node.line, "a certificate in " + where + " is known by 'sha256' or by 'issuer'; write one of them");
  }
  if (sha256 != nullptr) {
    match.sha256 = sha256->kind == Kind::kScalar ? parse_sha256(sha256->scalar) : std::nullopt;
    if (!match.sha256) reader.error(sha256->line, "'sha256' of " + where + " is 64 hexadecimal digits");
  }
  if (issuer != nullptr) match.issuer = reader.word(*issuer, "'issuer' of " + where, "device-ca").value_or("");
  return match;
}

std::optional<Range<std::uint32_t>> read_range(Reader& reader, const YamlNode* node, const std::string& what,
                                               std::uint64_t max) {
  if (node == nullptr || !reader.is_section(*node, "range", what)) return std::nullopt;
  Range<std::uint32_t> range;
  const auto bound = [&](const char* key, std::optional<std::uint32_t>& out) {
    const YamlNode* value = node->find(key);
    if (value == nullptr) return;
    if (const auto number = reader.number(*value, "'" + std::string(key) + "' in " + what, 0, max)) {
      out = static_cast<std::uint32_t>(*number);
    }
  };
  bound("at_least", range.at_least);
  bound("below", range.below);
  if (range.below && range.at_least.value_or(0) >= *range.below) {
    reader.error(node->line, "no number is in " + what + "; 'at_least' must be smaller than 'below'");
  }
  return range;
}

std::optional<std::uint8_t> read_usb_class(Reader& reader, const YamlNode& node, const std::string& where) {
  const auto code = node.kind == Kind::kScalar ? parse_usb_class(node.scalar) : std::nullopt;
  if (code) return code;
  std::string names;
  for (const UsbClass& known : kUsbClasses) names += ", " + std::string(known.name);
  reader.error(node.line, "'class' of " + where + " is none; write '0x03' or one of" + names.substr(1));
  return std::nullopt;
}

UsbMatch read_usb(Reader& reader, const YamlNode& node, const std::string& where) {
  UsbMatch match;
  if (const YamlNode* device_class = node.find("class"))
    match.device_class = read_usb_class(reader, *device_class, where);
  match.vendor = read_usb_id(reader, node.find("vendor"), where);
  match.product = read_usb_id(reader, node.find("product"), where);
  if (match.product && !match.vendor) {
    reader.error(node.line, "a product in " + where + " means nothing without its 'vendor'; write both");
  }
  if (const YamlNode* serial = node.find("serial"))
    match.serial = reader.word(*serial, "'serial' of " + where, "0123AB");
  return match;
}

}  // namespace

std::optional<std::uint16_t> read_usb_id(Reader& reader, const YamlNode* node, const std::string& where) {
  if (node == nullptr) return std::nullopt;
  const auto id = node->kind == Kind::kScalar ? parse_usb_id(node->scalar) : std::nullopt;
  if (!id) reader.error(node->line, "a number of a device in " + where + " is four hexadecimal digits; write '1050'");
  return id;
}

std::vector<IpNetwork> read_networks(Reader& reader, const YamlNode& node, const std::string& what) {
  std::vector<IpNetwork> out;
  reader.each_text(node, what, [&](int line, const std::string& text) {
    if (const auto network = IpNetwork::parse(text)) {
      out.push_back(*network);
    } else {
      reader.error(line, in_quotes(text) +
                             " is not a network; write '192.0.2.0/24' or '2001:db8::/32', with zeros behind the "
                             "prefix");
    }
  });
  return out;
}

Conditions read_conditions(Reader& reader, const YamlNode& rule, const std::string& where, Shared& shared) {
  Conditions out;
  if (const YamlNode* node = rule.find("network")) out.networks = read_networks(reader, *node, "'network' of " + where);
  if (const YamlNode* node = rule.find("client")) {
    reader.each_map(*node, "client", "'client' of " + where,
                    [&](const YamlNode& item) { out.clients.push_back(read_client(reader, item, where)); });
  }
  if (const YamlNode* node = rule.find("certificate")) {
    reader.each_map(*node, "certificate", "'certificate' of " + where,
                    [&](const YamlNode& item) { out.certificates.push_back(read_certificate(reader, item, where)); });
  }
  if (const YamlNode* node = rule.find("when")) out.windows = read_windows(reader, *node, where, shared);
  out.mfa = read_range(reader, rule.find("mfa"), "'mfa' of " + where, kMaxMfaLevel);
  out.sessions = read_range(reader, rule.find("sessions"), "'sessions' of " + where, kMaxSessions);
  if (const YamlNode* node = rule.find("usb")) {
    reader.each_map(*node, "usb", "'usb' of " + where,
                    [&](const YamlNode& item) { out.usb.push_back(read_usb(reader, item, where)); });
  }
  return out;
}

}  // namespace tobari::policy
