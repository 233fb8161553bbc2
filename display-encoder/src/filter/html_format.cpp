// SPDX-License-Identifier: GPL-3.0-or-later
#include "filter/html_format.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstddef>
#include <format>
#include <optional>

namespace tobari::display {
namespace {

constexpr std::size_t kMaxHeader = 4096;  // with the address of a page in it

struct Offsets {
  std::optional<std::size_t> start_html, end_html, start_fragment, end_fragment;
};

// -1 stands for "there is none".
std::optional<std::size_t> offset(std::string_view text) noexcept {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// Lines of KEY:VALUE up to the first that is none.
Offsets read_header(std::string_view text) noexcept {
  Offsets offsets;
  const std::array targets{std::pair{std::string_view("StartHTML"), &offsets.start_html},
                           std::pair{std::string_view("EndHTML"), &offsets.end_html},
                           std::pair{std::string_view("StartFragment"), &offsets.start_fragment},
                           std::pair{std::string_view("EndFragment"), &offsets.end_fragment}};
  text = text.substr(0, kMaxHeader);
  while (!text.empty() && text.front() != '<') {
    const std::size_t end = text.find_first_of("\r\n");
    if (end == std::string_view::npos) break;
    const std::string_view line = text.substr(0, end);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) break;
    for (const auto& [key, target] : targets) {
      if (line.substr(0, colon) == key) *target = offset(line.substr(colon + 1));
    }
    text.remove_prefix(std::min(text.find_first_not_of("\r\n", end), text.size()));
  }
  return offsets;
}

bool is_document(std::string_view html) {
  const std::size_t first = html.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return false;
  const auto begins = [text = html.substr(first)](std::string_view with) {
    return text.size() >= with.size() && std::ranges::equal(text.substr(0, with.size()), with, [](char a, char b) {
             return std::tolower(static_cast<unsigned char>(a)) == b;
           });
  };
  return begins("<html") || begins("<!doctype");
}

}  // namespace

Result<std::string> html_from_html_format(std::string_view clipboard) {
  if (!clipboard.starts_with("Version:")) return fail(Errc::kPeerProtocol, "what is said to be HTML has no header");
  const Offsets offsets = read_header(clipboard);
  const bool document = offsets.start_html && offsets.end_html;
  const auto begin = document ? offsets.start_html : offsets.start_fragment;
  const auto end = document ? offsets.end_html : offsets.end_fragment;
  if (!begin || !end || *begin > *end || *end > clipboard.size()) {
    return fail(Errc::kPeerProtocol, "HTML whose header leads nowhere");
  }
  return std::string(clipboard.substr(*begin, *end - *begin));
}

std::string html_format_from_html(std::string_view html) {
  constexpr std::string_view kHeader =
      "Version:0.9\r\nStartHTML:{:010}\r\nEndHTML:{:010}\r\nStartFragment:{:010}\r\nEndFragment:{:010}\r\n";
  const bool whole = is_document(html);
  const std::string_view before = whole ? "" : "<html><body>\r\n<!--StartFragment-->";
  const std::string_view behind = whole ? "" : "<!--EndFragment-->\r\n</body></html>";
  const std::size_t start = std::format(kHeader, 0, 0, 0, 0).size();
  const std::size_t fragment = start + before.size();
  std::string out =
      std::format(kHeader, start, fragment + html.size() + behind.size(), fragment, fragment + html.size());
  out.append(before).append(html).append(behind);
  out += '\0';
  return out;
}

}  // namespace tobari::display
