// SPDX-License-Identifier: GPL-3.0-or-later
#include "filter/clipboard_content.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "filter/utf.h"
#include "support/bitmaps.h"

namespace tobari::display {
namespace {

using policy::Format;
using testing::Dib;
using namespace std::string_literals;

ClipboardContent content(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}
std::string text(const ClipboardContent& bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

TEST(ClipboardContent, TextLosesItsTerminatorAndWindowsLines) {
  EXPECT_EQ(text(content_from_windows(Format::kText, utf16_from_utf8("one\r\ntwo\nthree\rfour")).value()),
            "one\ntwo\nthree\rfour");
  EXPECT_EQ(content_to_windows(Format::kText, content("one\ntwo")), utf16_from_utf8("one\r\ntwo"));
}

TEST(ClipboardContent, RtfAndHtmlAreUpToTheirNul) {
  EXPECT_EQ(text(content_from_windows(Format::kRtf, content("{\\rtf1 x}\0rest of the memory"s)).value()), "{\\rtf1 x}");
  EXPECT_EQ(text(content_to_windows(Format::kRtf, content("{\\rtf1 x}"))), "{\\rtf1 x}\0"s);
  const auto html = content_to_windows(Format::kHtml, content("<html><i>x</i></html>"));
  EXPECT_EQ(text(content_from_windows(Format::kHtml, html).value()), "<html><i>x</i></html>");
}

TEST(ClipboardContent, AnImageIsABitmapFile) {
  const auto dib = Dib{}.bytes();
  const auto file = content_from_windows(Format::kImage, dib).value();
  EXPECT_EQ(content_to_windows(Format::kImage, file), dib);
}

TEST(ClipboardContent, WhatIsNotWhatItSaysIsRefused) {
  const auto picture = Dib{}.bytes();
  EXPECT_FALSE(content_from_windows(Format::kRtf, content("MZ\x90 a program"s)));
  EXPECT_FALSE(content_from_windows(Format::kHtml, content("Version:0.9\r\n\xFF\xFE")));
  EXPECT_FALSE(content_from_windows(Format::kImage, content("\x89PNG and so on")));
  EXPECT_FALSE(content_from_windows(Format::kText, std::span(picture).first(1)));
  EXPECT_FALSE(checked_content(Format::kText, content("\xFF\xFE binary")));
  EXPECT_FALSE(checked_content(Format::kText, content("a\0b"s)));
  EXPECT_FALSE(checked_content(Format::kHtml, content("<i>\0</i>"s)));
  EXPECT_FALSE(checked_content(Format::kRtf, content("text")));
  EXPECT_FALSE(checked_content(Format::kRtf, content("{\\rtf1 \0}"s)));
  EXPECT_FALSE(checked_content(Format::kImage, content("BM but nothing else")));
}

TEST(ClipboardContent, FilesDoNotHideInRtf) {
  for (const char* rtf :
       {"{\\rtf1 {\\object\\objemb{\\*\\objdata 0105}}}", "{\\rtf1 \\bin4 abcd}", "{\\rtf1\\objocx}"}) {
    EXPECT_FALSE(checked_content(Format::kRtf, content(rtf))) << rtf;
  }
  for (const char* rtf : {"{\\rtf1 \\binary}", "{\\rtf1 a \\\\bin is a folder}", "{\\rtf1 objects}"}) {
    EXPECT_TRUE(checked_content(Format::kRtf, content(rtf))) << rtf;
  }
}

TEST(ClipboardContent, KnowsPicturesInOtherFormats) {
  EXPECT_TRUE(holds_picture(Format::kHtml, content("<img src='DATA:image/png;base64,AAAA'>")));
  EXPECT_TRUE(holds_picture(Format::kRtf, content("{\\rtf1 {\\pict\\pngblip 00}}")));
  EXPECT_FALSE(holds_picture(Format::kHtml, content("<img src='https://example.com/a.png'>")));
  EXPECT_FALSE(holds_picture(Format::kText, content("data: \\pict")));
}

TEST(ClipboardContent, FilesHaveNoForm) {
  EXPECT_FALSE(content_from_windows(Format::kFiles, content("..\\..\\autoexec.bat")));
  EXPECT_FALSE(checked_content(Format::kFiles, content("file:///etc/passwd")));
}

TEST(ClipboardContent, NothingIsLongerInWindowsThanItIsSaid) {
  const std::string lines(1000, '\n');
  EXPECT_LE(content_to_windows(Format::kText, content(lines)).size(), longest_in_windows(Format::kText, lines.size()));
  EXPECT_LE(content_to_windows(Format::kHtml, content("x")).size(), longest_in_windows(Format::kHtml, 1));
  EXPECT_LE(content_to_windows(Format::kRtf, content("{\\rtf}")).size(), longest_in_windows(Format::kRtf, 6));
}

}  // namespace
}  // namespace tobari::display
