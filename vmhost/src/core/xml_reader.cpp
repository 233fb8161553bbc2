// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/xml_reader.h"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace tobari::vmhost {
namespace {

constexpr std::size_t kMaxXmlName = 256;

std::unexpected<Error> xml_error(const char* what) {
  return fail(Errc::kInvalidArgument, std::string("malformed xml: ") + what);
}

bool is_xml_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

bool is_xml_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.' || c == ':';
}

std::string without_prefix(std::string_view name) {
  const std::size_t colon = name.rfind(':');
  return std::string(colon == std::string_view::npos ? name : name.substr(colon + 1));
}

void append_utf8(std::string& out, std::uint32_t code) {
  const auto put = [&out](std::uint32_t byte) { out += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (code < 0x80) return put(code);
  if (code < 0x800) {
    put(0xc0U | (code >> 6U));
  } else if (code < 0x10000) {
    put(0xe0U | (code >> 12U));
    put(0x80U | ((code >> 6U) & 0x3fU));
  } else {
    put(0xf0U | (code >> 18U));
    put(0x80U | ((code >> 12U) & 0x3fU));
    put(0x80U | ((code >> 6U) & 0x3fU));
  }
  put(0x80U | (code & 0x3fU));
}

// What stands between & and ;.
Result<void> append_reference(std::string& out, std::string_view reference) {
  constexpr std::pair<std::string_view, char> kKnown[] = {
      {"lt", '<'}, {"gt", '>'}, {"amp", '&'}, {"quot", '"'}, {"apos", '\''}};
  for (const auto& [word, character] : kKnown) {
    if (reference == word) {
      out += character;
      return {};
    }
  }
  if (!reference.starts_with('#')) return xml_error("an entity of its own");
  reference.remove_prefix(1);
  int base = 10;
  if (reference.starts_with('x')) {
    base = 16;
    reference.remove_prefix(1);
  }
  std::uint32_t code = 0;
  const auto parsed = std::from_chars(reference.data(), reference.data() + reference.size(), code, base);
  const bool whole = parsed.ec == std::errc() && parsed.ptr == reference.data() + reference.size();
  if (!whole || code == 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) return xml_error("a character");
  append_utf8(out, code);
  return {};
}

Result<std::string> plain_text(std::string_view raw) {
  std::string out;
  while (!raw.empty()) {
    const std::size_t mark = std::min(raw.find('&'), raw.size());
    out += raw.substr(0, mark);
    raw.remove_prefix(mark);
    if (raw.empty()) break;
    const std::size_t end = raw.find(';');
    if (end == std::string_view::npos) return xml_error("an & that does not end");
    TOBARI_TRY(append_reference(out, raw.substr(1, end - 1)));
    raw.remove_prefix(end + 1);
  }
  return out;
}

}  // namespace

std::string XmlStep::attribute(std::string_view wanted) const {
  const auto found = std::ranges::find_if(attributes, [wanted](const auto& each) { return each.first == wanted; });
  return found == attributes.end() ? std::string() : found->second;
}

void XmlReader::skip_blanks() noexcept {
  while (!left_.empty() && is_xml_blank(left_.front())) left_.remove_prefix(1);
}

std::string_view XmlReader::name() {
  const auto end = std::ranges::find_if_not(left_, is_xml_name);
  const auto size = std::min(static_cast<std::size_t>(end - left_.begin()), kMaxXmlName + 1);
  const std::string_view found = left_.substr(0, size);
  left_.remove_prefix(size);
  return found.size() > kMaxXmlName ? std::string_view() : found;
}

Result<std::optional<XmlStep>> XmlReader::next() {
  if (whole_ > kMaxXmlBytes) return xml_error("it is larger than a megabyte");
  if (++steps_ > kMaxXmlSteps) return xml_error("it has too many elements");
  if (closed_at_once_) {
    closed_at_once_ = false;
    XmlStep end{.kind = XmlStep::Kind::kEnd, .name = without_prefix(open_.back())};
    open_.pop_back();
    return std::optional(std::move(end));
  }
  for (bool skipped = true; skipped;) {
    TOBARI_ASSIGN(skipped, skip_what_says_nothing());
  }
  if (left_.empty()) {
    if (!open_.empty()) return xml_error("it is cut short");
    return std::optional<XmlStep>();
  }
  auto step = left_.starts_with("</")          ? end_element()
              : left_.starts_with("<![CDATA[") ? text()
              : left_.starts_with('<')         ? begin_element()
                                               : text();
  TOBARI_TRY(step);
  return std::optional(std::move(*step));
}

// Comments, instructions, and blanks around the root.
Result<bool> XmlReader::skip_what_says_nothing() {
  if (open_.empty()) skip_blanks();
  const auto over = [this](std::string_view begin, std::string_view end) -> Result<bool> {
    if (!left_.starts_with(begin)) return false;
    const std::size_t at = left_.find(end, begin.size());
    if (at == std::string_view::npos) return xml_error("it is cut short");
    left_.remove_prefix(at + end.size());
    return true;
  };
  TOBARI_ASSIGN(const bool comment, over("<!--", "-->"));
  if (comment) return true;
  if (left_.starts_with("<!") && !left_.starts_with("<![CDATA[")) return xml_error("it has a document type");
  return over("<?", "?>");
}

Result<XmlStep> XmlReader::begin_element() {
  left_.remove_prefix(1);
  const std::string_view found = name();
  if (found.empty()) return xml_error("an element without a name");
  if (open_.size() >= kMaxXmlDepth) return xml_error("its elements are too deep");
  XmlStep step{.kind = XmlStep::Kind::kBegin, .name = without_prefix(found)};
  open_.emplace_back(found);
  for (;;) {
    skip_blanks();
    if (left_.starts_with('>')) {
      left_.remove_prefix(1);
      return step;
    }
    if (left_.starts_with("/>")) {
      left_.remove_prefix(2);
      closed_at_once_ = true;
      return step;
    }
    TOBARI_TRY(attribute_into(step));
  }
}

Result<void> XmlReader::attribute_into(XmlStep& step) {
  const std::string_view found = name();
  if (found.empty()) return xml_error("an attribute without a name");
  skip_blanks();
  if (!left_.starts_with('=')) return xml_error("an attribute without a value");
  left_.remove_prefix(1);
  skip_blanks();
  const char quote = left_.empty() ? '\0' : left_.front();
  if (quote != '"' && quote != '\'') return xml_error("an attribute without a value");
  const std::size_t end = left_.find(quote, 1);
  if (end == std::string_view::npos) return xml_error("an attribute that does not end");
  if (step.attributes.size() >= kMaxXmlAttributes) return xml_error("too many attributes");
  TOBARI_ASSIGN(std::string value, plain_text(left_.substr(1, end - 1)));
  left_.remove_prefix(end + 1);
  step.attributes.emplace_back(without_prefix(found), std::move(value));
  return {};
}

Result<XmlStep> XmlReader::end_element() {
  left_.remove_prefix(2);
  const std::string_view found = name();
  skip_blanks();
  if (!left_.starts_with('>')) return xml_error("an end that does not end");
  left_.remove_prefix(1);
  if (open_.empty() || open_.back() != found) return xml_error("an end without its beginning");
  open_.pop_back();
  return XmlStep{.kind = XmlStep::Kind::kEnd, .name = without_prefix(found)};
}

Result<XmlStep> XmlReader::text() {
  if (open_.empty()) return xml_error("text outside of the root");
  constexpr std::string_view kRaw = "<![CDATA[";
  if (left_.starts_with(kRaw)) {
    const std::size_t end = left_.find("]]>");
    if (end == std::string_view::npos) return xml_error("it is cut short");
    XmlStep step{.kind = XmlStep::Kind::kText, .name = "", .attributes = {}, .text = {}};
    step.text = std::string(left_.substr(kRaw.size(), end - kRaw.size()));
    left_.remove_prefix(end + 3);
    return step;
  }
  const std::size_t end = std::min(left_.find('<'), left_.size());
  TOBARI_ASSIGN(std::string plain, plain_text(left_.substr(0, end)));
  left_.remove_prefix(end);
  return XmlStep{.kind = XmlStep::Kind::kText, .name = "", .attributes = {}, .text = std::move(plain)};
}

}  // namespace tobari::vmhost
