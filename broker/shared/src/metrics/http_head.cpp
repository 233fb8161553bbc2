// SPDX-License-Identifier: GPL-3.0-or-later
#include <tobari/metrics/http_head.h>

#include <algorithm>
#include <cctype>

namespace tobari::metrics {
namespace {

constexpr std::string_view kEndOfLine = "\r\n";

// RFC 9110, 5.6.2
bool is_token(std::string_view text) {
  static constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || kMarks.contains(c);
  });
}

bool is_visible(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

bool is_field_value(std::string_view text) {
  return std::ranges::all_of(text, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte == '\t' || (byte >= ' ' && byte != 0x7f);
  });
}

std::string_view take_until(std::string_view& rest, std::string_view mark) {
  const auto end = std::min(rest.find(mark), rest.size());
  const std::string_view taken = rest.substr(0, end);
  rest.remove_prefix(std::min(end + mark.size(), rest.size()));
  return taken;
}

std::unexpected<Error> malformed(const char* what) { return fail(Errc::kPeerProtocol, what); }

Result<RequestHead> parse_request_line(std::string_view line) {
  const std::string_view method = take_until(line, " ");
  std::string_view target = take_until(line, " ");
  if (!is_token(method)) return malformed("no method");
  if (!target.starts_with('/') || !is_visible(target)) return malformed("no path");
  if (target.size() > kMaxTargetBytes) return malformed("the path is too long");
  if (line != "HTTP/1.1" && line != "HTTP/1.0") return malformed("not HTTP/1");
  return RequestHead{std::string(method), std::string(target.substr(0, target.find('?')))};
}

bool is_named(std::string_view name, std::string_view wanted) {
  return std::ranges::equal(name, wanted, [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + 32 : a) == b; });
}

Result<void> check_field(std::string_view line) {
  const auto colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return malformed("a line that is no field");
  const std::string_view value = line.substr(colon + 1);
  if (!is_field_value(value)) return malformed("a field with control characters");
  const std::string_view name = line.substr(0, colon);
  if (is_named(name, "transfer-encoding")) return malformed("a body");
  if (is_named(name, "content-length") && value.find_first_not_of(" 0") != std::string_view::npos) {
    return malformed("a body");
  }
  return {};
}

}  // namespace

Result<std::optional<RequestHead>> parse_request_head(std::string_view bytes) {
  const auto end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) {
    if (bytes.size() >= kMaxHeadBytes) return malformed("the head is too long");
    return std::optional<RequestHead>();
  }
  if (end + 4 > kMaxHeadBytes) return malformed("the head is too long");
  if (bytes.size() > end + 4) return malformed("more than one request");
  std::string_view rest = bytes.substr(0, end);
  TOBARI_ASSIGN(RequestHead head, parse_request_line(take_until(rest, kEndOfLine)));
  for (std::size_t lines = 0; !rest.empty(); ++lines) {
    if (lines == kMaxHeadLines) return malformed("too many fields");
    TOBARI_TRY(check_field(take_until(rest, kEndOfLine)));
  }
  return std::optional(std::move(head));
}

}  // namespace tobari::metrics
