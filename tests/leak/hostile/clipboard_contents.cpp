// SPDX-License-Identifier: GPL-3.0-or-later
#include "clipboard_contents.h"

#include <algorithm>
#include <charconv>
#include <format>
#include <string_view>
#include <utility>

#include "attack.h"

namespace tobari::leak {
namespace {

using policy::Format;

constexpr std::size_t kFileHeader = 14, kInfoHeader = 40;
constexpr std::string_view kRtfBegin = "{\\rtf1 ", kRtfEnd = "}";
constexpr std::string_view kHtmlBegin = "<html><body>", kHtmlEnd = "</body></html>";

Bytes bytes_of(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Bytes joined(Bytes first, const Bytes& second) {
  first.insert(first.end(), second.begin(), second.end());
  return first;
}

Bytes around(std::string_view begin, const std::string& canary, std::string_view end, std::size_t size) {
  Bytes middle = filled(canary, size - begin.size() - end.size());
  return joined(joined(bytes_of(begin), middle), bytes_of(end));
}

Bytes with_nul(Bytes bytes) {
  bytes.push_back(std::byte{0});
  return bytes;
}

Bytes widened(const Bytes& ascii) {
  Bytes out;
  for (const std::byte each : ascii) {
    out.push_back(each);
    out.push_back(std::byte{0});
  }
  return out;
}

// CF_DIB of one row.
Bytes dib(const Bytes& pixels, unsigned compression = 0, std::size_t wider = 0) {
  return Message()
      .u32(kInfoHeader)
      .u32(pixels.size() / 4 + wider)
      .u32(1)
      .u16(1)
      .u16(32)
      .u32(compression)
      .zeros(20)
      .bytes(pixels)
      .done();
}

Bytes bitmap_file(const Bytes& dib) {
  return Message().text("BM").u32(kFileHeader + dib.size()).u32(0).u32(kFileHeader + kInfoHeader).bytes(dib).done();
}

constexpr const char* kHtmlHeader = "Version:0.9\r\nStartHTML:{:010}\r\nEndHTML:{:010}\r\n";

Bytes html_format(const Bytes& document) {
  const std::size_t start = std::format(kHtmlHeader, 0, 0).size();
  return with_nul(joined(bytes_of(std::format(kHtmlHeader, start, start + document.size())), document));
}

}  // namespace

Content content_of(Format format, const std::string& canary, std::size_t size) {
  switch (format) {
    case Format::kText: {
      Bytes text = filled(canary, size);
      return {widened(with_nul(text)), std::move(text)};
    }
    case Format::kRtf: {
      Bytes rtf = around(kRtfBegin, canary, kRtfEnd, size);
      return {with_nul(rtf), std::move(rtf)};
    }
    case Format::kHtml: {
      Bytes html = around(kHtmlBegin, canary, kHtmlEnd, size);
      return {html_format(html), std::move(html)};
    }
    case Format::kImage: {
      const Bytes picture = dib(filled(canary, (size - kFileHeader - kInfoHeader + 3) / 4 * 4));
      return {picture, bitmap_file(picture)};
    }
    case Format::kFiles:
      break;
  }
  return {filled(canary, size), filled(canary, size)};
}

std::vector<Lie> lies(const std::string& canary) {
  const Bytes text = filled(canary, 96);
  Bytes half = widened(text);
  half.pop_back();
  Bytes surrogate = widened(text);
  surrogate[40] = std::byte{0x00};
  surrogate[41] = std::byte{0xD8};  // its other half does not follow
  Bytes longer = dib(text);
  longer = joined(std::move(longer), filled(canary, 64));
  const std::size_t beyond = std::format(kHtmlHeader, 0, 0).size();
  return {
      {"UTF-16 that is cut in half", Format::kText, std::move(half)},
      {"half a surrogate pair", Format::kText, std::move(surrogate)},
      {"a program under the name of RTF", Format::kRtf, joined(bytes_of("MZ"), text)},
      {"RTF with an object", Format::kRtf, bytes_of("{\\rtf1 {\\object\\objemb " + canary + "}}")},
      {"RTF with binary data", Format::kRtf, bytes_of("{\\rtf1 \\bin32 " + canary + "}")},
      {"HTML without a header", Format::kHtml, around(kHtmlBegin, canary, kHtmlEnd, 96)},
      {"HTML whose header leads nowhere", Format::kHtml,
       joined(bytes_of(std::format(kHtmlHeader, beyond, beyond + 1'000'000)), text)},
      {"HTML whose header leads backwards", Format::kHtml,
       joined(bytes_of(std::format(kHtmlHeader, beyond + 90, beyond)), text)},
      {"HTML that is no UTF-8", Format::kHtml, html_format(joined(Bytes{std::byte{0xFF}, std::byte{0xFE}}, text))},
      {"a PNG under the name of a bitmap", Format::kImage, joined(bytes_of("\x89PNG\r\n\x1a\n"), text)},
      {"a bitmap that is compressed", Format::kImage, dib(text, 4)},
      {"a bitmap larger than its data", Format::kImage, dib(text, 0, 1000)},
      {"a bitmap of 2 GB", Format::kImage, dib(text, 0, 0x1FFF'FFFF)},
      {"something behind a bitmap", Format::kImage, std::move(longer)},
  };
}

std::vector<Lie> hidden_pictures(const std::string& canary) {
  return {{"a picture within RTF", Format::kRtf, bytes_of("{\\rtf1 {\\pict\\pngblip " + canary + "}}")},
          {"a picture within HTML", Format::kHtml,
           html_format(bytes_of("<html><img src='data:image/png;base64," + canary + "'></html>"))}};
}

Bytes document_of(const Bytes& windows) {
  const std::string_view text(reinterpret_cast<const char*>(windows.data()), windows.size());
  const auto offset = [text](std::string_view key) -> std::size_t {
    const std::size_t at = text.find(key);
    std::size_t value = text.size() + 1;
    if (at != std::string_view::npos) std::from_chars(text.data() + at + key.size(), text.data() + text.size(), value);
    return value;
  };
  const std::size_t begin = offset("StartHTML:");
  const std::size_t end = offset("EndHTML:");
  if (begin > end || end > windows.size()) return {};
  return {windows.begin() + static_cast<std::ptrdiff_t>(begin), windows.begin() + static_cast<std::ptrdiff_t>(end)};
}

}  // namespace tobari::leak
