// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/policy/expectations.h>

#include <algorithm>
#include <set>
#include <utility>

#include <tobari/policy/timestamp.h>

#include "file_text.h"
#include "sections.h"

namespace tobari::policy {
namespace {

using Kind = YamlNode::Kind;

class ExpectationReader {
 public:
  explicit ExpectationReader(Reader& reader) : reader_(reader) {}

  [[nodiscard]] std::vector<Expectation> read(const YamlNode& root) {
    std::vector<Expectation> out;
    const YamlNode* tests = root.find("tests");
    if (tests == nullptr || tests->kind != Kind::kList || tests->items.empty()) {
      reader_.error(root.line, "a table of expected decisions is a list 'tests:'; begin each with '- name: …'");
      return out;
    }
    if (!reader_.is_section(root, "tests-file", "the file")) return out;
    for (const YamlNode& item : tests->items) {
      if (reader_.is_section(item, "test", "a test")) out.push_back(read_test(item));
    }
    return out;
  }

 private:
  // The value of a key that must be there; null after an error.
  const YamlNode* needed(const YamlNode& node, const char* key, const std::string& where) {
    const YamlNode* value = node.find(key);
    if (value == nullptr) reader_.error(node.line, where + " needs '" + key + ": …'");
    return value;
  }

  Expectation read_test(const YamlNode& node) {
    Expectation out;
    out.line = node.line;
    if (const YamlNode* name = needed(node, "name", "a test")) {
      out.name = reader_.word(*name, "a test's name", "who may do what").value_or("");
      if (!out.name.empty() && !names_.insert(out.name).second) {
        reader_.error(name->line, "a test named " + in_quotes(out.name) + " exists already");
      }
    }
    const std::string where = "test " + in_quotes(out.name);
    if (const YamlNode* what = needed(node, "what", where)) {
      const auto channel = what->kind == Kind::kScalar ? find_channel(what->scalar) : std::nullopt;
      if (!channel) reader_.error(what->line, "there is no channel " + in_quotes(what->scalar) + " for " + where);
      out.what = channel.value_or(0);
    }
    if (const YamlNode* expect = needed(node, "expect", where)) {
      out.allowed = expect->scalar == "allow";
      if (!out.allowed && expect->scalar != "deny") {
        reader_.error(expect->line, where + " expects 'allow' or 'deny'");
      }
    }
    if (const YamlNode* rule = node.find("rule")) out.rule = reader_.word(*rule, "'rule' of " + where, "a-rule");
    if (const YamlNode* limits = node.find("limits")) out.limits = read_limits(reader_, *limits, where);
    if (const YamlNode* require = node.find("require")) {
      Shared shared;
      out.require = read_require(reader_, *require, where, shared);
    }
    if (const YamlNode* request = needed(node, "request", where)) read_request(*request, where, out);
    return out;
  }

  void read_request(const YamlNode& node, const std::string& where, Expectation& out) {
    if (!reader_.is_section(node, "test-request", "'request' of " + where)) return;
    Request& request = out.request;
    if (const YamlNode* user = needed(node, "user", "'request' of " + where)) {
      request.user = reader_.word(*user, "'user' of " + where, "alice").value_or("");
    }
    if (const YamlNode* groups = node.find("groups")) request.groups = list(*groups, "'groups' of " + where);
    if (const YamlNode* labels = node.find("labels")) request.labels = list(*labels, "'labels' of " + where);
    if (const YamlNode* pool = node.find("pool")) request.pool = pool->scalar;
    if (const YamlNode* address = node.find("address")) {
      request.address = IpAddress::parse(address->scalar);
      if (!request.address) reader_.error(address->line, in_quotes(address->scalar) + " is no IP address");
    }
    if (const YamlNode* client = node.find("client")) {
      request.client_kind = reader_.word(*client, "'client' of " + where, "tobari-client");
    }
    if (const YamlNode* version = node.find("client_version")) {
      request.client_version = ClientVersion::parse(version->scalar);
      if (!request.client_version)
        reader_.error(version->line, in_quotes(version->scalar) + " is no version; write '3.32.1'");
    }
    read_certificate(node, where, request);
    if (const YamlNode* at = node.find("at")) {
      request.time = parse_timestamp(at->scalar);
      if (!request.time) {
        reader_.error(at->line, in_quotes(at->scalar) + " is no time; write it as '2026-11-27T22:00:00+09:00'");
      }
    }
    request.mfa_level = number(node, "mfa", where);
    request.sessions = number(node, "sessions", where);
    if (const YamlNode* usb = node.find("usb")) out.device = read_device(*usb, where);
  }

  void read_certificate(const YamlNode& node, const std::string& where, Request& request) {
    const YamlNode* sha256 = node.find("certificate_sha256");
    const YamlNode* issuer = node.find("certificate_issuer");
    if (sha256 == nullptr && issuer == nullptr) return;
    request.certificate.emplace();
    if (sha256 != nullptr) {
      request.certificate->sha256 = parse_sha256(sha256->scalar);
      if (!request.certificate->sha256) {
        reader_.error(sha256->line, "'certificate_sha256' of " + where + " is 64 hexadecimal digits");
      }
    }
    if (issuer != nullptr) request.certificate->issuer = issuer->scalar;
  }

  DeviceDescription read_device(const YamlNode& node, const std::string& where) {
    DeviceDescription device;
    if (!reader_.is_section(node, "test-usb", "'usb' of " + where)) return device;
    device.vendor = read_usb_id(reader_, node.find("vendor"), where).value_or(0);
    device.product = read_usb_id(reader_, node.find("product"), where).value_or(0);
    if (const YamlNode* serial = node.find("serial")) device.serial = serial->scalar;
    if (const YamlNode* classes = needed(node, "classes", "'usb' of " + where)) {
      reader_.each_text(*classes, "'classes' of " + where, [&](int line, const std::string& text) {
        const auto code = parse_usb_class(text);
        if (!code) reader_.error(line, in_quotes(text) + " is no class of USB devices");
        device.interface_classes.push_back(code.value_or(0));
      });
    }
    return device;
  }

  // Unlike in a rule, an empty list means something: none.
  std::vector<std::string> list(const YamlNode& node, const std::string& what) {
    if (node.kind == Kind::kList && node.items.empty()) return {};
    return reader_.names(node, what);
  }

  std::optional<std::uint32_t> number(const YamlNode& node, const char* key, const std::string& where) {
    const YamlNode* value = node.find(key);
    if (value == nullptr) return std::nullopt;
    const auto read = reader_.number(*value, "'" + std::string(key) + "' of " + where, 0, 1000);
    return read ? std::optional(static_cast<std::uint32_t>(*read)) : std::nullopt;
  }

  Reader& reader_;
  std::set<std::string> names_;
};

Obligations sorted(Obligations require) {
  std::ranges::sort(require.notices);
  return require;
}

std::string worded(const Decision& decision) {
  return std::string(decision.allowed ? "allowed" : "denied") + " (" + decision.reason + ")";
}

std::optional<std::string> check_decision(const Decision& decision, const Expectation& expected) {
  if (decision.allowed != expected.allowed) {
    return "expected to be " + std::string(expected.allowed ? "allowed" : "denied") + ", is " + worded(decision);
  }
  if (expected.rule && decision.rule != *expected.rule) {
    return "expected of rule " + in_quotes(*expected.rule) + ", is " + worded(decision);
  }
  if (expected.limits && decision.limits != *expected.limits) return "has other limits than expected";
  if (expected.require && sorted(decision.require) != sorted(*expected.require)) {
    return "requires other things than expected";
  }
  return std::nullopt;
}

}  // namespace

LoadedExpectations load_expectations_text(std::string_view yaml) {
  if (auto good = check_size(yaml); !good) return {.expectations = {}, .findings = {std::move(good).error()}};
  LoadedExpectations out;
  Findings findings;
  const YamlNode root = parse_yaml(yaml, findings);
  Reader reader(findings);
  if (!findings.has_error()) out.expectations = ExpectationReader(reader).read(root);
  if (findings.has_error()) out.expectations.clear();
  out.findings = findings.take();
  // What this version does not do yet was said of the policy.
  std::erase_if(out.findings, [](const Finding& finding) { return finding.severity == Severity::kWarning; });
  return out;
}

LoadedExpectations load_expectations(const std::filesystem::path& file) {
  auto text = read_file_text(file);
  if (text.has_value()) return load_expectations_text(*text);
  return {.expectations = {}, .findings = {std::move(text).error()}};
}

std::optional<std::string> check_expectation(const PolicySet& policy, const Expectation& expectation) {
  if (!expectation.device) return check_decision(policy.decide(expectation.request, expectation.what), expectation);
  const std::vector<Decision> parts = decide_device(policy, expectation.request, *expectation.device);
  if (parts.empty()) return "is about a device without interfaces";
  // Of a device that is expected to be denied, one interface is enough; of one to be allowed, all are asked.
  const auto denied = std::ranges::find(parts, false, &Decision::allowed);
  return check_decision(denied != parts.end() ? *denied : parts.front(), expectation);
}

}  // namespace tobari::policy
