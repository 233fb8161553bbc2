// SPDX-License-Identifier: GPL-3.0-or-later
// A real client's clipboard through the whole display. The desktop's end is played.
#include <condition_variable>
#include <mutex>
#include <string_view>

#include <gtest/gtest.h>

#include "filter/clipboard_content.h"
#include "filter/utf.h"
#include "headless_client.h"
#include "headless_clipboard.h"
#include "rdp_server.h"
#include "support/bitmaps.h"

namespace tobari::display::testing {
namespace {

using namespace std::chrono_literals;
using policy::Format;
using policy::FormatSet;
using Bytes = std::vector<std::byte>;

constexpr std::uint32_t kText = 13, kDib = 8, kHtml = 0xC0F0, kRtf = 0xC0F1, kFileList = 0xC0F2;

Bytes content(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

FormatSet set_of(std::initializer_list<Format> formats) {
  FormatSet set;
  for (const Format format : formats) set.add(format);
  return set;
}

// The desktop's end.
class Desktop final : public ClipboardSource {
 public:
  Result<void> start(ClipboardEvents& events) override {
    change([this, &events] { events_ = &events; });
    return {};
  }
  void stop() noexcept override {}
  void offer(FormatSet formats) override {
    change([this, formats] { offered = formats; });
  }
  void ask(TransferId id, Format format, std::size_t) override {
    ClipboardEvents* events = nullptr;
    std::optional<ClipboardContent> what;
    change([&] {
      if (const auto found = has.find(format); found != has.end()) what = found->second;
      events = events_;
    });
    // As contracts have it: not from within.
    answering_.emplace_back([events, id, what = std::move(what)] {
      if (what) {
        events->on_answer(id, *what);
      } else {
        events->on_answer(id, fail(Errc::kNotFound, "it has none"));
      }
    });
  }
  void answer(TransferId id, std::optional<ClipboardContent> what) override {
    change([this, id, &what] { given[id] = std::move(what); });
  }

  void copies(std::map<Format, Bytes> items) {
    FormatSet formats;
    for (const auto& [format, bytes] : items) formats.add(format);
    change([this, &items] { has = std::move(items); });
    events_->on_offer(formats);
  }
  // What it gets when it pastes; none: refused.
  std::optional<ClipboardContent> pastes(Format format) {
    const TransferId id = ++last_;
    events_->on_ask(id, format);
    EXPECT_TRUE(wait([this, id] { return given.contains(id); }));
    return given[id];
  }
  template <class Predicate>
  bool wait(Predicate predicate) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 10s, predicate);
  }

  FormatSet offered;
  std::map<Format, Bytes> has;
  std::map<TransferId, std::optional<ClipboardContent>> given;

 private:
  template <class Body>
  void change(Body body) {
    {
      const std::scoped_lock lock(mutex_);
      body();
    }
    changed_.notify_all();
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  ClipboardEvents* events_ = nullptr;
  TransferId last_ = 0;
  std::vector<std::jthread> answering_;
};

class RealClipboard : public ::testing::Test {
 protected:
  static policy::Grant both(policy::Limits limits = {}) {
    policy::Grant grant;
    grant.channels.push_back({"clipboard.to_guest", "in", limits});
    grant.channels.push_back({"clipboard.from_guest", "out", limits});
    return grant;
  }
  void connect(const policy::Grant& grant) {
    auto made = std::make_unique<Desktop>();
    desktop = made.get();
    server.session().set_clipboard(std::move(made));
    server.arm("t", 60s, grant);
    server.foresee("t");
    client.emplace(server.port(),
                   HeadlessClient::Arguments{"/u:x", "/p:t", "/size:640x480", "/gfx:RFX", kClipboardArgument});
    ASSERT_TRUE(client->wait_picture([](const FrameView&) { return true; }));
  }

  HeadlessClipboard clipboard;
  RdpServer server{"card", {640, 480}};
  Desktop* desktop = nullptr;
  std::optional<HeadlessClient> client;
};

TEST_F(RealClipboard, CopyAtTheClientPasteInTheDesktop) {
  const Bytes dib = Dib{.width = 300, .height = 200}.bytes();
  clipboard.copy({{kText, {"", utf16_from_utf8("Grüße,\r\n東京 😀")}},
                  {kDib, {"", dib}},
                  {kHtml, {"HTML Format", content_to_windows(Format::kHtml, content("<html><b>bold</b></html>"))}},
                  {kRtf, {"Rich Text Format", content_to_windows(Format::kRtf, content("{\\rtf1 x}"))}},
                  {kFileList, {"FileGroupDescriptorW", content("..\\..\\CON")}}});
  connect(both());
  const FormatSet all = set_of({Format::kText, Format::kImage, Format::kHtml, Format::kRtf});
  ASSERT_TRUE(desktop->wait([this, all] { return desktop->offered == all; }));
  EXPECT_EQ(clipboard.asked(), 0U);
  EXPECT_EQ(desktop->pastes(Format::kText), content("Grüße,\n東京 😀"));
  EXPECT_EQ(desktop->pastes(Format::kHtml), content("<html><b>bold</b></html>"));
  EXPECT_EQ(desktop->pastes(Format::kRtf), content("{\\rtf1 x}"));
  EXPECT_EQ(desktop->pastes(Format::kImage), content_from_windows(Format::kImage, dib).value());
  EXPECT_FALSE(desktop->pastes(Format::kFiles));
  EXPECT_EQ(clipboard.asked(), 4U);
}

TEST_F(RealClipboard, CopyInTheDesktopPasteAtTheClient) {
  connect(both());
  ASSERT_TRUE(clipboard.wait_ready());
  const Bytes dib = Dib{.width = 700, .height = 600}.bytes();  // 1.7 MB
  desktop->copies({{Format::kText, content("Grüße,\n東京 😀")},
                   {Format::kImage, content_from_windows(Format::kImage, dib).value()}});
  const auto offer = clipboard.wait_offer(2);
  ASSERT_TRUE(offer);
  EXPECT_EQ(clipboard.paste(kText).value().value(), utf16_from_utf8("Grüße,\r\n東京 😀"));
  EXPECT_EQ(clipboard.paste(kDib).value().value(), dib);
}

TEST_F(RealClipboard, OneByteTooManyIsRefusedWhole) {
  clipboard.copy({{kText, {"", utf16_from_utf8(std::string(1001, 'a'))}}});
  connect(both({.bytes_per_transfer = 1000}));
  ASSERT_TRUE(desktop->wait([this] { return desktop->offered.has(Format::kText); }));
  EXPECT_FALSE(desktop->pastes(Format::kText));
  clipboard.copy({{kText, {"", utf16_from_utf8(std::string(1000, 'a'))}}});
  ASSERT_TRUE(desktop->wait([this] { return desktop->offered.has(Format::kText); }));
  for (int tries = 0; tries < 100; ++tries) {  // the newer list may still be under way
    if (desktop->pastes(Format::kText) == content(std::string(1000, 'a'))) return;
  }
  ADD_FAILURE() << "a thousand bytes do not pass";
}

TEST_F(RealClipboard, AFormatThatIsNotGrantedIsInNoOffer) {
  clipboard.copy({{kText, {"", utf16_from_utf8("x")}}, {kDib, {"", Dib{}.bytes()}}});
  connect(both({.formats = set_of({Format::kText})}));
  ASSERT_TRUE(desktop->wait([this] { return desktop->offered == set_of({Format::kText}); }));
  EXPECT_FALSE(desktop->pastes(Format::kImage));
  EXPECT_EQ(clipboard.asked(), 0U);
  desktop->copies({{Format::kText, content("x")}, {Format::kHtml, content("<i>x</i>")}});
  EXPECT_TRUE(clipboard.wait_offer(1));
}

TEST_F(RealClipboard, WithoutTheGrantThereIsNoChannel) {
  connect({});
  EXPECT_FALSE(client->wait_ended(300ms));
  EXPECT_FALSE(clipboard.paste(kText)) << "the server has not even greeted";
}

TEST_F(RealClipboard, WhatLiesIsRefusedAndTheSessionLives) {
  Bytes half = utf16_from_utf8("x");
  half.pop_back();
  clipboard.copy({{kText, {"", half}}, {kDib, {"", content("MZ\x90 a program")}}});
  connect(both());
  ASSERT_TRUE(desktop->wait([this] { return desktop->offered.has(Format::kText); }));
  EXPECT_FALSE(desktop->pastes(Format::kText));
  EXPECT_FALSE(desktop->pastes(Format::kImage));
  const auto denials = server.wait_denials(2);
  ASSERT_EQ(denials.size(), 2U);
  EXPECT_EQ(denials[0].reason, "text that is cut in the middle of a character");
  EXPECT_FALSE(client->wait_ended(100ms));
}

TEST_F(RealClipboard, TakenAwayItIsGoneAtOnce) {
  connect(both());
  ASSERT_TRUE(clipboard.wait_ready());
  desktop->copies({{Format::kText, content("secret")}});
  ASSERT_TRUE(clipboard.wait_offer(1));
  ASSERT_TRUE(clipboard.paste(kText).value().has_value());
  server.session().narrow("session-of-t", {});
  ASSERT_TRUE(clipboard.wait_offer(0)) << "the offer is withdrawn";
  EXPECT_FALSE(clipboard.paste(kText).value().has_value());
  clipboard.copy({{kText, {"", utf16_from_utf8("x")}}});
  EXPECT_FALSE(desktop->pastes(Format::kText));
  EXPECT_FALSE(client->wait_ended(100ms)) << "a client that goes on as it did is no enemy";
}

TEST_F(RealClipboard, WhoPushesIntoItIsCutOff) {
  connect(both());
  ASSERT_TRUE(clipboard.wait_ready());
  const Bytes pushed = {std::byte{5}, std::byte{0}, std::byte{1}, std::byte{0},   std::byte{2},
                        std::byte{0}, std::byte{0}, std::byte{0}, std::byte{'x'}, std::byte{0}};
  ASSERT_TRUE(client->send_on_static_channel("cliprdr", pushed));
  ASSERT_TRUE(client->wait_ended());
  const auto closed = server.wait_closed(0);
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->reason.code, Errc::kPermissionDenied) << describe(closed->reason);
}

// Whoever asks for a channel that the session was not granted gets a name that nobody opens, and is cut off when he
// pushes into it all the same (PushedChannels in hostile_test.cpp).

}  // namespace
}  // namespace tobari::display::testing
