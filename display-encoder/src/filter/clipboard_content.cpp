// SPDX-License-Identifier: GPL-3.0-or-later
#include "filter/clipboard_content.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>
#include <utility>

#include "filter/bitmap.h"
#include "filter/html_format.h"
#include "filter/utf.h"

namespace tobari::display {
namespace {

using policy::Format;

constexpr std::size_t kHtmlAround = 8192;  // header and markers
constexpr std::size_t kLittle = 64;        // terminators, headers of fixed length

std::string_view as_text(std::span<const std::byte> data) noexcept {
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

ClipboardContent as_content(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

std::string with_lf(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    out += text[i];
  }
  return out;
}

std::string with_crlf(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    if (c == '\n') out += '\r';
    out += c;
  }
  return out;
}

// Memory that Windows hands out may be longer than the text in it; the text ends at its NUL.
std::string_view up_to_nul(std::string_view text) noexcept { return text.substr(0, text.find('\0')); }

// Both \objdata and \bin carry files in disguise.
bool embeds_something(std::string_view rtf) {
  constexpr std::array<std::string_view, 4> kWords{"\\objdata", "\\object", "\\objocx", "\\bin"};
  return std::ranges::any_of(kWords, [rtf](std::string_view word) {
    for (std::size_t at = rtf.find(word); at != std::string_view::npos; at = rtf.find(word, at + 1)) {
      const std::size_t behind = at + word.size();
      const bool longer = behind < rtf.size() && std::isalpha(static_cast<unsigned char>(rtf[behind])) != 0;
      const bool escaped = at > 0 && rtf[at - 1] == '\\';
      if (!longer && !escaped) return true;
    }
    return false;
  });
}

Result<ClipboardContent> checked_rtf(std::string_view rtf) {
  if (!rtf.starts_with("{\\rtf")) return fail(Errc::kPeerProtocol, "what is said to be RTF is none");
  if (rtf.contains('\0')) return fail(Errc::kPeerProtocol, "RTF with binary data in it");
  if (embeds_something(rtf)) return fail(Errc::kPeerProtocol, "RTF with an object embedded in it");
  return as_content(rtf);
}

Result<ClipboardContent> checked_text(std::string_view text, const char* what) {
  if (!is_utf8(text)) return fail(Errc::kPeerProtocol, std::string(what) + " that is not text");
  if (text.contains('\0')) return fail(Errc::kPeerProtocol, std::string(what) + " with binary data in it");
  return as_content(text);
}

std::unexpected<Error> no_form() { return fail(Errc::kPermissionDenied, "files do not pass the clipboard"); }

}  // namespace

Result<ClipboardContent> content_from_windows(Format format, std::span<const std::byte> data) {
  switch (format) {
    case Format::kText: {
      TOBARI_ASSIGN(const std::string text, utf8_from_utf16(data));
      return as_content(with_lf(text));
    }
    case Format::kHtml: {
      TOBARI_ASSIGN(const std::string html, html_from_html_format(up_to_nul(as_text(data))));
      return checked_text(html, "HTML");
    }
    case Format::kRtf:
      return checked_rtf(up_to_nul(as_text(data)));
    case Format::kImage:
      return bitmap_file_from_dib(data);
    case Format::kFiles:
      break;
  }
  return no_form();
}

ClipboardContent content_to_windows(Format format, const ClipboardContent& content) {
  switch (format) {
    case Format::kText:
      return utf16_from_utf8(with_crlf(as_text(content)));
    case Format::kHtml:
      return as_content(html_format_from_html(as_text(content)));
    case Format::kRtf: {
      ClipboardContent rtf = content;
      rtf.push_back(std::byte{0});
      return rtf;
    }
    case Format::kImage: {
      const auto dib = dib_of_bitmap_file(content);
      return {dib.begin(), dib.end()};
    }
    case Format::kFiles:
      break;
  }
  return {};
}

Result<ClipboardContent> checked_content(Format format, ClipboardContent content) {
  switch (format) {
    case Format::kText: {
      TOBARI_TRY(checked_text(as_text(content), "text"));
      return as_content(with_lf(as_text(content)));
    }
    case Format::kHtml:
      return checked_text(as_text(content), "HTML");
    case Format::kRtf:
      return checked_rtf(as_text(content));
    case Format::kImage:
      return checked_bitmap_file(std::move(content));
    case Format::kFiles:
      break;
  }
  return no_form();
}

bool holds_picture(Format format, const ClipboardContent& content) {
  const std::string_view text = as_text(content);
  if (format == Format::kRtf) return text.contains("\\pict");
  if (format != Format::kHtml) return false;
  constexpr std::string_view kData = "data:";
  const auto same = [](char a, char b) { return std::tolower(static_cast<unsigned char>(a)) == b; };
  return !std::ranges::search(text, kData, same).empty();
}

std::size_t longest_in_windows(Format format, std::size_t most) noexcept {
  // Two bytes for each of UTF-8's at most, and a line's end becomes two.
  if (format == Format::kText) return most * 4 + kLittle;
  return most + (format == Format::kHtml ? kHtmlAround : kLittle);
}

}  // namespace tobari::display
