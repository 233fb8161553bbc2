// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/clipboard_channel.h"

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "filter/clipboard_content.h"
#include "rdp/wire.h"
#include "support/bitmaps.h"
#include "wire_bytes.h"

namespace tobari::display {
namespace {

using policy::Format;
using policy::FormatSet;
using testing::Bytes;

Bytes message(clip::Type type, std::uint16_t flags, const Bytes& body, std::uint32_t padding = 0) {
  Bytes out;
  WireWriter w(out);
  w.u16(std::to_underlying(type));
  w.u16(flags);
  w.u32(body.size());
  w.bytes(body);
  w.zeros(padding);
  return out;
}

Bytes wide(std::string_view text) {
  Bytes out;
  WireWriter w(out);
  for (const char c : text) w.u16(static_cast<unsigned char>(c));
  w.u16(0U);
  return out;
}

Bytes long_list(const std::vector<std::pair<std::uint32_t, std::string>>& formats) {
  Bytes body;
  for (const auto& [id, name] : formats) {
    WireWriter(body).u32(id);
    testing::append(body, wide(name));
  }
  return message(clip::Type::kFormatList, 0, body);
}

Bytes caps(std::uint32_t flags = 2) {
  Bytes body = testing::bytes({1, 0, 0, 0, 1, 0, 12, 0, 2, 0, 0, 0});
  WireWriter(body).u32(flags);
  return message(clip::Type::kCapabilities, 0, body);
}

ClipboardContent content(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

class ClipboardChannelTest : public ::testing::Test, protected ClipboardEvents {
 protected:
  void on_offer(FormatSet formats) override { offers.push_back(formats); }
  void on_ask(TransferId id, Format format) override { asks.emplace_back(id, format); }
  void on_answer(TransferId id, Result<ClipboardContent> answer) override { answers.emplace(id, std::move(answer)); }

  Result<void> give(const Bytes& whole, std::size_t piece = 1600) {
    std::span<const std::byte> rest(whole);
    for (bool first = true; first || !rest.empty(); first = false) {
      const auto part = rest.first(std::min(piece, rest.size()));
      rest = rest.subspan(part.size());
      TOBARI_TRY(channel.receive(part, whole.size(), first, rest.empty()));
    }
    return {};
  }
  // What it sends, whole messages.
  std::vector<Bytes> sent() {
    std::vector<Bytes> messages;
    while (const auto piece = channel.next()) {
      EXPECT_LE(piece->data.size(), ClipboardChannel::kPiece);
      if (piece->first) messages.emplace_back();
      messages.back().insert(messages.back().end(), piece->data.begin(), piece->data.end());
      if (piece->last) {
        EXPECT_EQ(messages.back().size(), piece->total);
      }
    }
    return messages;
  }
  void greet(bool long_names = true) {
    channel.open();
    EXPECT_EQ(sent().size(), 2U);
    ASSERT_TRUE(give(caps(long_names ? 2 : 0)));
    ASSERT_TRUE(give(message(clip::Type::kFormatList, 0, {})));
    EXPECT_EQ(sent().size(), 1U);
    offers.clear();
  }
  static clip::Type type_of(const Bytes& whole) { return clip::read_header(whole).type; }

  ClipboardChannel channel{static_cast<ClipboardEvents&>(*this)};
  std::vector<FormatSet> offers;
  std::vector<std::pair<TransferId, Format>> asks;
  std::map<TransferId, Result<ClipboardContent>> answers;
};

TEST_F(ClipboardChannelTest, GreetsWithLongNamesAndWithoutFiles) {
  channel.open();
  const auto messages = sent();
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[0], testing::bytes({7, 0, 0, 0, 16, 0, 0, 0, 1, 0, 0, 0, 1, 0, 12, 0, 2, 0, 0, 0, 2, 0, 0, 0}));
  EXPECT_EQ(messages[1], testing::bytes({1, 0, 0, 0, 0, 0, 0, 0}));
}

TEST_F(ClipboardChannelTest, KnowsWhatAClientHas) {
  greet();
  ASSERT_TRUE(give(long_list({{13, ""},
                              {1, ""},
                              {0xC011, "HTML Format"},
                              {0xC012, "Rich Text Format"},
                              {8, ""},
                              {0xC013, "FileGroupDescriptorW"},
                              {0xC014, "Something Else"}})));
  ASSERT_EQ(offers.size(), 1U);
  EXPECT_EQ(offers[0], FormatSet::all());
  const auto answer = sent();
  ASSERT_EQ(answer.size(), 1U);
  EXPECT_EQ(answer[0], testing::bytes({3, 0, 1, 0, 0, 0, 0, 0}));
  ASSERT_TRUE(give(long_list({{1, ""}, {7, ""}})));
  EXPECT_TRUE(offers.at(1).empty()) << "none that we know";
}

TEST_F(ClipboardChannelTest, KnowsShortNamesToo) {
  greet(false);
  Bytes body;
  WireWriter w(body);
  w.u32(13U);
  w.zeros(32);
  w.u32(0xC0FFU);
  Bytes name = wide("HTML Format");
  name.resize(32);
  w.bytes(name);
  ASSERT_TRUE(give(message(clip::Type::kFormatList, 0, body, 4)));  // with rdesktop's padding
  FormatSet expected;
  expected.add(Format::kText);
  expected.add(Format::kHtml);
  EXPECT_EQ(offers.at(0), expected);
  Bytes ascii;
  WireWriter a(ascii);
  a.u32(0xC0FFU);
  Bytes plain = content("Rich Text Format");
  plain.resize(32);
  a.bytes(plain);
  ASSERT_TRUE(give(message(clip::Type::kFormatList, clip::kAsciiNames, ascii)));
  EXPECT_TRUE(offers.at(1).has(Format::kRtf));
}

// The client says first how it writes names; one that has nothing takes nothing away.
TEST_F(ClipboardChannelTest, AnOfferWaitsForTheClientsFirstList) {
  channel.open();
  static_cast<void>(sent());
  FormatSet formats;
  formats.add(Format::kText);
  channel.offer(formats);
  EXPECT_TRUE(sent().empty());
  ASSERT_TRUE(give(caps()));
  ASSERT_TRUE(give(message(clip::Type::kFormatList, 0, {})));
  const auto messages = sent();
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(messages[1], testing::bytes({2, 0, 0, 0, 6, 0, 0, 0, 13, 0, 0, 0, 0, 0})) << "with long names";
  ASSERT_TRUE(give(message(clip::Type::kFormatList, 0, {})));
  Bytes body;
  WireWriter(body).u32(13U);
  ASSERT_TRUE(give(message(clip::Type::kDataRequest, 0, body)));
  EXPECT_EQ(asks.size(), 1U);
}

TEST_F(ClipboardChannelTest, FetchesWhatItIsAskedFor) {
  greet();
  ASSERT_TRUE(give(long_list({{13, ""}, {0xC011, "HTML Format"}})));
  static_cast<void>(sent());
  channel.ask(7, Format::kHtml, 1000);
  const auto request = sent();
  ASSERT_EQ(request.size(), 1U);
  EXPECT_EQ(request[0], testing::bytes({4, 0, 0, 0, 4, 0, 0, 0, 0x11, 0xC0, 0, 0}));
  const auto html = content_to_windows(Format::kHtml, content("<html><b>x</b></html>"));
  ASSERT_TRUE(give(message(clip::Type::kDataResponse, clip::kOk, html), 16));
  EXPECT_EQ(answers.at(7).value(), content("<html><b>x</b></html>"));
}

TEST_F(ClipboardChannelTest, AsksOneAfterTheOther) {
  greet();
  ASSERT_TRUE(give(long_list({{13, ""}})));
  static_cast<void>(sent());
  channel.ask(1, Format::kText, 1000);
  channel.ask(2, Format::kText, 1000);
  channel.ask(3, Format::kHtml, 1000);
  EXPECT_EQ(sent().size(), 1U);
  ASSERT_TRUE(give(message(clip::Type::kDataResponse, clip::kFailed, {})));
  EXPECT_EQ(answers.at(1).error().code, Errc::kNotFound);
  EXPECT_EQ(sent().size(), 1U);
  ASSERT_TRUE(give(message(clip::Type::kDataResponse, clip::kOk, wide("hello"))));
  EXPECT_EQ(answers.at(2).value(), content("hello"));
  EXPECT_EQ(answers.at(3).error().code, Errc::kNotFound) << "it never had that";
}

TEST_F(ClipboardChannelTest, WhatLiesIsRefusedAndTheSessionGoesOn) {
  greet();
  ASSERT_TRUE(give(long_list({{13, ""}, {8, ""}})));
  Bytes cut = wide("hello");
  cut.pop_back();
  channel.ask(1, Format::kText, 1000);
  ASSERT_TRUE(give(message(clip::Type::kDataResponse, clip::kOk, cut)));
  EXPECT_EQ(answers.at(1).error().code, Errc::kPeerProtocol);
  channel.ask(2, Format::kImage, 1000);
  ASSERT_TRUE(give(message(clip::Type::kDataResponse, clip::kOk, content("MZ no picture"))));
  EXPECT_EQ(answers.at(2).error().code, Errc::kPeerProtocol);
  channel.ask(3, Format::kText, 1000);
  ASSERT_TRUE(give(message(clip::Type::kDataResponse, clip::kOk, wide("still here"))));
  EXPECT_EQ(answers.at(3).value(), content("still here"));
}

// Two gigabytes are refused when they are announced, and nothing of them is kept.
TEST_F(ClipboardChannelTest, TwoGigabytesAreRefusedByTheirAnnouncement) {
  greet();
  ASSERT_TRUE(give(long_list({{13, ""}})));
  channel.ask(1, Format::kText, 1000);
  channel.ask(2, Format::kText, 1000);
  Bytes begin;
  WireWriter w(begin);
  w.u16(5U);
  w.u16(clip::kOk);
  w.u32(0x80000000U - 8);
  w.zeros(1592);
  std::size_t left = std::size_t{0x80000000};
  ASSERT_TRUE(channel.receive(begin, std::size_t{0x80000000}, true, false));
  left -= begin.size();
  EXPECT_EQ(answers.at(1).error().code, Errc::kExhausted);
  const Bytes more(1600);
  for (int i = 0; i < 1000; ++i) {
    ASSERT_TRUE(channel.receive(more, std::size_t{0x80000000}, false, false));
    left -= more.size();
  }
  // It may even finish (told in one piece here), and the next answer is heard.
  const Bytes rest(left);
  ASSERT_TRUE(channel.receive(rest, std::size_t{0x80000000}, false, true));
  ASSERT_TRUE(give(message(clip::Type::kDataResponse, clip::kOk, wide("small"))));
  EXPECT_EQ(answers.at(2).value(), content("small"));
}

TEST_F(ClipboardChannelTest, GivesWhatItHasOfferedAndNothingElse) {
  greet();
  FormatSet formats;
  formats.add(Format::kText);
  channel.offer(formats);
  const auto list = sent();
  ASSERT_EQ(list.size(), 1U);
  EXPECT_EQ(list[0], testing::bytes({2, 0, 0, 0, 6, 0, 0, 0, 13, 0, 0, 0, 0, 0}));
  const auto request = [](unsigned id) {
    Bytes body;
    WireWriter(body).u32(id);
    return message(clip::Type::kDataRequest, 0, body);
  };
  ASSERT_TRUE(give(request(13)));
  ASSERT_EQ(asks.size(), 1U);
  EXPECT_EQ(asks[0].second, Format::kText);
  ASSERT_TRUE(give(request(8)));  // never offered; answered when its turn comes
  EXPECT_TRUE(sent().empty());
  channel.answer(asks[0].first, content("a\nb"));
  const auto answered = sent();
  ASSERT_EQ(answered.size(), 2U);
  EXPECT_EQ(answered[0], message(clip::Type::kDataResponse, clip::kOk, wide("a\r\nb")));
  EXPECT_EQ(answered[1], message(clip::Type::kDataResponse, clip::kFailed, {}));
  EXPECT_EQ(asks.size(), 1U);
}

TEST_F(ClipboardChannelTest, ALargeAnswerGoesInPieces) {
  greet();
  FormatSet formats;
  formats.add(Format::kImage);
  channel.offer(formats);
  static_cast<void>(sent());
  Bytes body;
  WireWriter(body).u32(8U);
  ASSERT_TRUE(give(message(clip::Type::kDataRequest, 0, body)));
  const auto dib = testing::Dib{.width = 200, .height = 100}.bytes();
  channel.answer(asks.at(0).first, content_from_windows(Format::kImage, dib).value());
  const auto answered = sent();
  ASSERT_EQ(answered.size(), 1U);
  EXPECT_EQ(answered[0], message(clip::Type::kDataResponse, clip::kOk, dib));
}

TEST_F(ClipboardChannelTest, AnswersKeepTheClientsOrder) {
  greet();
  FormatSet formats;
  formats.add(Format::kText);
  channel.offer(formats);
  static_cast<void>(sent());
  Bytes body;
  WireWriter(body).u32(13U);
  ASSERT_TRUE(give(message(clip::Type::kDataRequest, 0, body)));
  ASSERT_TRUE(give(message(clip::Type::kDataRequest, 0, body)));
  channel.answer(asks.at(1).first, content("second"));
  EXPECT_TRUE(sent().empty());
  channel.answer(asks.at(0).first, std::nullopt);
  const auto answered = sent();
  ASSERT_EQ(answered.size(), 2U);
  EXPECT_EQ(clip::read_header(answered[0]).flags, clip::kFailed);
  EXPECT_EQ(answered[1], message(clip::Type::kDataResponse, clip::kOk, wide("second")));
}

TEST_F(ClipboardChannelTest, ClosedItTakesBackItsOfferAndGivesNothing) {
  greet();
  ASSERT_TRUE(give(long_list({{13, ""}})));
  FormatSet formats;
  formats.add(Format::kText);
  channel.offer(formats);
  Bytes body;
  WireWriter(body).u32(13U);
  ASSERT_TRUE(give(message(clip::Type::kDataRequest, 0, body)));
  static_cast<void>(sent());
  channel.close();
  const auto last = sent();
  ASSERT_EQ(last.size(), 2U);
  EXPECT_EQ(last[0], testing::bytes({2, 0, 0, 0, 0, 0, 0, 0})) << "an empty list";
  EXPECT_EQ(clip::read_header(last[1]).flags, clip::kFailed);
  channel.answer(asks.at(0).first, content("late"));
  channel.offer(formats);
  channel.ask(9, Format::kText, 10);
  EXPECT_TRUE(sent().empty());
  EXPECT_FALSE(answers.at(9));
  ASSERT_TRUE(give(long_list({{13, ""}})));
  EXPECT_EQ(sent().at(0), testing::bytes({3, 0, 2, 0, 0, 0, 0, 0})) << "not taken";
  EXPECT_EQ(offers.size(), 1U);
  ASSERT_TRUE(give(message(clip::Type::kDataRequest, 0, body)));
  EXPECT_EQ(clip::read_header(sent().at(0)).flags, clip::kFailed);
}

TEST_F(ClipboardChannelTest, ClosedItSwallowsTheOneAnswerThatWasUnderWay) {
  greet();
  ASSERT_TRUE(give(long_list({{13, ""}})));
  channel.ask(1, Format::kText, 100);
  channel.close();
  EXPECT_TRUE(give(message(clip::Type::kDataResponse, clip::kOk, wide("late"))));
  EXPECT_TRUE(answers.empty());
  const auto pushed = give(message(clip::Type::kDataResponse, clip::kOk, wide("pushed")));
  ASSERT_FALSE(pushed);
  EXPECT_EQ(pushed.error().code, Errc::kPermissionDenied);
}

TEST_F(ClipboardChannelTest, WhatNobodyAskedForEndsTheSession) {
  EXPECT_EQ(channel.receive(Bytes(8), 8, true, true).error().code, Errc::kPermissionDenied) << "before it was opened";
  greet();
  EXPECT_EQ(give(message(clip::Type::kDataResponse, clip::kOk, wide("pushed"))).error().code, Errc::kPermissionDenied);
  EXPECT_EQ(give(message(clip::Type::kFileContentsRequest, 0, Bytes(24))).error().code, Errc::kPermissionDenied);
  EXPECT_EQ(give(message(clip::Type::kFileContentsResponse, 1, Bytes(24))).error().code, Errc::kPermissionDenied);
}

TEST_F(ClipboardChannelTest, MalformedMessagesEndTheSession) {
  greet();
  const auto bad = [this](const Bytes& whole) {
    return !give(whole) && give(whole).error().code == Errc::kPeerProtocol;
  };
  EXPECT_TRUE(bad(message(clip::Type::kMonitorReady, 0, {})));
  EXPECT_TRUE(bad(message(static_cast<clip::Type>(0x77), 0, {})));
  EXPECT_TRUE(bad(message(clip::Type::kFormatList, 0, Bytes(5))));
  EXPECT_TRUE(bad(message(clip::Type::kDataRequest, 0, Bytes(3))));
  EXPECT_TRUE(bad(message(clip::Type::kFormatList, 0, Bytes(clip::kMaxMessage))));
  EXPECT_TRUE(bad(message(clip::Type::kTempDirectory, 0, Bytes(520), 5))) << "more behind than it says";
  Bytes lying = message(clip::Type::kTempDirectory, 0, Bytes(520));
  lying[4] = std::byte{0xFF};
  EXPECT_TRUE(bad(lying));
  EXPECT_EQ(channel.receive(Bytes(4), 4, true, true).error().code, Errc::kPeerProtocol);
}

TEST_F(ClipboardChannelTest, PiecesThatDoNotFitTogetherEndTheSession) {
  greet();
  const Bytes whole = message(clip::Type::kTempDirectory, 0, Bytes(520));
  const std::span<const std::byte> all(whole);
  ASSERT_TRUE(channel.receive(all.first(100), whole.size(), true, false));
  EXPECT_FALSE(channel.receive(all.first(100), whole.size() + 1, false, false)) << "another total";
  ASSERT_TRUE(channel.receive(all.first(100), whole.size(), true, false));
  EXPECT_FALSE(channel.receive(all.first(500), whole.size(), false, false)) << "more than that";
  ASSERT_TRUE(channel.receive(all.first(100), whole.size(), true, false));
  EXPECT_FALSE(channel.receive(all.first(100), whole.size(), false, true)) << "less";
}

TEST_F(ClipboardChannelTest, APieceOfNothingEndsTheSession) {
  greet();
  EXPECT_FALSE(channel.receive({}, 0, false, true)) << "after a whole message, none has begun";
}

TEST_F(ClipboardChannelTest, WhoAsksAndDoesNotReadIsNotHeardForEver) {
  greet();
  Result<void> done;
  for (int i = 0; i < 100'000 && done; ++i) done = give(long_list({{13, ""}}));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Errc::kPeerProtocol);
}

}  // namespace
}  // namespace tobari::display
