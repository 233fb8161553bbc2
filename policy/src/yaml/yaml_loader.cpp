// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/yaml_loader.h>

#include <utility>

#include "document.h"
#include "file_text.h"
#include "not_yet.h"
#include "sections.h"

namespace tobari::policy {
namespace {

using Kind = YamlNode::Kind;

void read_version(Reader& reader, const YamlNode& root) {
  const YamlNode* version = root.find("version");
  if (version == nullptr) return reader.error(root.line, "'version:' is missing; write 'version: 1' first");
  if (version->kind != Kind::kScalar || version->scalar != "1") {
    reader.error(version->line, "this program reads version 1 only; write 'version: 1'");
  }
}

PolicySet read_file(Reader& reader, const YamlNode& root) {
  if (root.kind != Kind::kMap) {
    reader.error(root.line, "a policy is 'version: 1' and a list 'rules:'");
    return {};
  }
  Shared shared;
  if (!reader.is_section(root, "file", "the file")) return {};
  read_version(reader, root);
  warn_of_what_is_not_yet(reader, root, "the file");
  std::vector<Group> groups;
  if (const YamlNode* node = root.find("groups")) groups = read_groups(reader, *node);
  if (const YamlNode* node = root.find("calendars")) read_calendars(reader, *node, shared);
  std::vector<Rule> rules;
  if (const YamlNode* node = root.find("rules")) {
    rules = read_rules(reader, *node, shared);
  } else {
    reader.error(root.line, "'rules:' is missing; without it nobody may do anything, so write at least 'rules: []'");
  }
  NetworkRules network;
  if (const YamlNode* node = root.find("egress")) {
    network.egress = read_network_rules(reader, *node, Direction::kEgress, shared);
  }
  if (const YamlNode* node = root.find("ingress")) {
    network.ingress = read_network_rules(reader, *node, Direction::kIngress, shared);
  }
  warn_of_unknown_groups(reader, groups, shared);
  return PolicySet(std::move(rules), std::move(groups), std::move(network));
}

}  // namespace

Loaded load_text(std::string_view yaml) {
  if (auto good = check_size(yaml); !good) return {.policy = std::nullopt, .findings = {std::move(good).error()}};
  Findings findings;
  const YamlNode root = parse_yaml(yaml, findings);
  Reader reader(findings);
  PolicySet policy;
  if (!findings.has_error()) policy = read_file(reader, root);
  Loaded out;
  if (!findings.has_error()) out.policy = std::move(policy);
  out.findings = findings.take();
  return out;
}

Loaded load_file(const std::filesystem::path& file) {
  auto text = read_file_text(file);
  if (text.has_value()) return load_text(*text);
  return {.policy = std::nullopt, .findings = {std::move(text).error()}};
}

std::string describe(const Finding& finding, std::string_view file) {
  std::string out(file);
  if (finding.line > 0) out += ":" + std::to_string(finding.line);
  return out + (finding.severity == Severity::kError ? ": error: " : ": warning: ") + finding.message;
}

}  // namespace tobari::policy
