// SPDX-License-Identifier: GPL-3.0-or-later
#include "audit_lines.h"

#include <algorithm>
#include <array>
#include <format>

namespace tobari::cli {
namespace {

constexpr int kFacilityAudit = 13;
constexpr int kWarning = 4;
constexpr int kNotice = 5;
constexpr std::size_t kMaxHost = 255;   // RFC 5424 section 6
constexpr std::size_t kMaxAction = 32;  // MSGID

// HOSTNAME and MSGID are of printable ASCII without blanks.
std::string word(std::string text, std::size_t most) {
  std::ranges::replace_if(text, [](unsigned char c) { return c <= ' ' || c > '~'; }, '_');
  return text.empty() ? "-" : text.substr(0, most);
}

// RFC 5424 section 6.3.3. Control characters would end the line in receivers that read lines.
std::string value(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\' || c == ']') out += '\\';
    out += static_cast<unsigned char>(c) < ' ' ? ' ' : c;
  }
  return out;
}

std::string member(const Json& record, const char* name) {
  if (!record.contains(name)) return "";
  const Json& found = record.at(name);
  return found.is_string() ? found.get<std::string>() : found.dump();
}

}  // namespace

std::string json_line(const Json& record) {
  return record.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string syslog_line(const Json& record, const std::string& host) {
  const std::string outcome = member(record, "outcome");
  const int severity = outcome == "done" || outcome == "allowed" ? kNotice : kWarning;
  // 32473 is the enterprise number that RFC 5612 keeps for whoever has none.
  std::string line =
      std::format("<{}>1 {} {} tobari-broker - {} [audit@32473", kFacilityAudit * 8 + severity, member(record, "time"),
                  word(host, kMaxHost), word(member(record, "action"), kMaxAction));
  for (const char* name : {"sequence", "actor", "object", "client_address", "outcome", "rule", "previous", "hash"}) {
    line += std::format(" {}=\"{}\"", name, value(member(record, name)));
  }
  constexpr const char* kUtf8 = "\xEF\xBB\xBF";
  return line + "] " + kUtf8 + value(member(record, "detail"));
}

}  // namespace tobari::cli
