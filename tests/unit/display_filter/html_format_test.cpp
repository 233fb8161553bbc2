// SPDX-License-Identifier: GPL-3.0-or-later
#include "filter/html_format.h"

#include <format>

#include <gtest/gtest.h>

namespace tobari::display {
namespace {

std::string said(long start, long end, long fragment, long fragment_end, std::string_view rest) {
  return std::format(
      "Version:0.9\r\nStartHTML:{:08}\r\nEndHTML:{:08}\r\nStartFragment:{:08}\r\nEndFragment:{:08}\r\n"
      "SourceURL:https://secret.example/\r\n{}",
      start, end, fragment, fragment_end, rest);
}

TEST(HtmlFormat, AFragmentComesBackInsideItsDocument) {
  for (const char* html : {"<b>bold</b>", "", "text only", "<p>one\n<p>two"}) {
    std::string clipboard = html_format_from_html(html);
    ASSERT_EQ(clipboard.back(), '\0');
    clipboard.pop_back();
    const auto document = html_from_html_format(clipboard);
    ASSERT_TRUE(document);
    EXPECT_EQ(*document,
              std::format("<html><body>\r\n<!--StartFragment-->{}<!--EndFragment-->\r\n</body></html>", html));
  }
}

TEST(HtmlFormat, ADocumentStaysAsItIs) {
  for (const char* html : {"<html><body>x</body></html>", "<!DOCTYPE html><html></html>", "  <HTML></HTML>"}) {
    std::string clipboard = html_format_from_html(html);
    clipboard.pop_back();
    EXPECT_EQ(html_from_html_format(clipboard).value(), html);
  }
}

TEST(HtmlFormat, OffsetsAreBelievedOnlyWithinTheData) {
  const std::string empty = said(0, 0, 0, 0, "");
  const auto begin = static_cast<long>(empty.size());
  EXPECT_EQ(html_from_html_format(said(begin, begin + 4, 0, 0, "<i/>behind")).value(), "<i/>");
  EXPECT_FALSE(html_from_html_format(said(begin, begin + 11, 0, 0, "<i/>behind"))) << "beyond the end";
  EXPECT_FALSE(html_from_html_format(said(begin + 4, begin, 0, 0, "<i/>behind"))) << "backwards";
  EXPECT_FALSE(html_from_html_format("Version:0.9\r\nStartHTML:99999999999999999999\r\nEndHTML:1\r\n<i/>"));
  EXPECT_FALSE(html_from_html_format("<i/>")) << "no header";
  EXPECT_FALSE(html_from_html_format("Version:0.9\r\n<i/>")) << "no offsets";
  EXPECT_FALSE(html_from_html_format(""));
}

TEST(HtmlFormat, WithoutADocumentTheFragmentCounts) {
  const std::string head =
      "Version:1.0\r\nStartHTML:-1\r\nEndHTML:-1\r\nStartFragment:00000085\r\nEndFragment:00000089\r\n";
  ASSERT_EQ(head.size(), 85U);
  EXPECT_EQ(html_from_html_format(head + "<u/>behind").value(), "<u/>");
}

// The address of the page that something was copied from stays behind.
TEST(HtmlFormat, NothingOfTheHeaderPasses) {
  const auto begin = static_cast<long>(said(0, 0, 0, 0, "").size());
  const auto html = html_from_html_format(said(begin, begin + 4, begin, begin + 4, "<i/>"));
  ASSERT_TRUE(html);
  EXPECT_FALSE(html->contains("secret"));
}

}  // namespace
}  // namespace tobari::display
