// SPDX-License-Identifier: GPL-3.0-or-later
#include "document.h"

#include <algorithm>
#include <sstream>

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

namespace tobari::policy {
namespace {

constexpr const char* kNoAliases = "anchors and aliases are not allowed; write the value out";

// Builds the tree from yaml-cpp's events. An alias is one event here and is never expanded, so a few lines cannot
// become gigabytes.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(Findings& findings) : findings_(findings) { open_.push_back(&root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    check_anchor(mark, anchor);
    add({.kind = YamlNode::Kind::kNull, .line = line_of(mark), .scalar = {}, .items = {}});
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override {
    findings_.error(line_of(mark), kNoAliases);
    add({.kind = YamlNode::Kind::kNull, .line = line_of(mark), .scalar = {}, .items = {}});
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    check_anchor(mark, anchor);
    check_tag(mark, tag);
    add({.kind = YamlNode::Kind::kScalar, .line = line_of(mark), .scalar = value, .items = {}});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kList);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, YamlNode::Kind::kMap);
  }
  void OnMapEnd() override { close(); }

  [[nodiscard]] YamlNode take() {
    if (root_.items.empty()) return {};
    return std::move(root_.items.front());
  }

 private:
  static int line_of(const YAML::Mark& mark) { return mark.line + 1; }

  void check_anchor(const YAML::Mark& mark, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) findings_.error(line_of(mark), kNoAliases);
  }
  // "?" and "!" are yaml-cpp's words for plain and quoted values without a tag.
  void check_tag(const YAML::Mark& mark, const std::string& tag) {
    if (!tag.empty() && tag != "?" && tag != "!") findings_.error(line_of(mark), "tags are not allowed; leave it out");
  }

  // The place of the new node; null when it lies beyond a limit, which is reported once.
  YamlNode* add(YamlNode node) {
    if (open_.back() == nullptr) return nullptr;
    if (++values_ > kMaxYamlValues) {
      if (values_ == kMaxYamlValues + 1)
        findings_.error(node.line, "more than 2000000 values; use groups to have fewer");
      return nullptr;
    }
    YamlNode& parent = *open_.back();
    // yaml-cpp places a value that is missing at the next token; people look for it behind its key.
    const bool is_value = parent.kind == YamlNode::Kind::kMap && parent.items.size() % 2 == 1;
    if (is_value && node.kind == YamlNode::Kind::kNull) node.line = parent.items.back().line;
    return &parent.items.emplace_back(std::move(node));
  }
  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, YamlNode::Kind kind) {
    check_anchor(mark, anchor);
    check_tag(mark, tag);
    if (open_.size() == kMaxYamlDepth + 1) findings_.error(line_of(mark), "nested more than 8 levels deep; flatten it");
    const bool too_deep = open_.size() > kMaxYamlDepth;
    open_.push_back(too_deep ? nullptr : add({.kind = kind, .line = line_of(mark), .scalar = {}, .items = {}}));
  }
  void close() { open_.pop_back(); }

  Findings& findings_;
  YamlNode root_;
  // From the root to the innermost open list or map. A parent's items do not grow while a child is open, so the
  // pointers hold.
  std::vector<YamlNode*> open_;
  std::size_t values_ = 0;
};

}  // namespace

const YamlNode* YamlNode::find(std::string_view key) const {
  if (kind != Kind::kMap) return nullptr;
  for (std::size_t i = 0; i + 1 < items.size(); i += 2) {
    if (items[i].scalar == key) return &items[i + 1];
  }
  return nullptr;
}

void Findings::add(Severity severity, int line, std::string message) {
  if (severity == Severity::kError) ++errors_;
  if (list_.size() >= kMaxFindings) {
    ++left_out_;
    return;
  }
  list_.push_back({.severity = severity, .line = line, .message = std::move(message)});
}

std::vector<Finding> Findings::take() {
  std::ranges::stable_sort(list_, {}, &Finding::line);
  if (left_out_ > 0) {
    list_.push_back({.severity = has_error() ? Severity::kError : Severity::kWarning,
                     .line = 0,
                     .message = std::to_string(left_out_) + " more are not shown; mend these first"});
  }
  return std::move(list_);
}

YamlNode parse_yaml(std::string_view text, Findings& findings) {
  TreeBuilder builder(findings);
  // yaml-cpp throws on malformed text; nothing of that leaves here.
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    if (!parser.HandleNextDocument(builder)) return {};
    TreeBuilder second(findings);
    if (parser.HandleNextDocument(second))
      findings.error(0, "more than one document; write one, without '---' between");
  } catch (const YAML::Exception& e) {
    findings.error(e.mark.is_null() ? 0 : e.mark.line + 1, "not YAML: " + e.msg);
    return {};
  }
  return builder.take();
}

}  // namespace tobari::policy
