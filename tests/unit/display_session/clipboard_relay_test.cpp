// SPDX-License-Identifier: GPL-3.0-or-later
#include "session/clipboard_relay.h"

#include <map>
#include <memory>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <tobari/display/fake_display_transport.h>

namespace tobari::display {
namespace {

using namespace std::chrono_literals;
using policy::Format;
using policy::FormatSet;

FormatSet set_of(std::initializer_list<Format> formats) {
  FormatSet set;
  for (const Format format : formats) set.add(format);
  return set;
}

ClipboardContent relayed(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

class Guest final : public ClipboardEnd {
 public:
  void offer(FormatSet formats) override { offered = formats; }
  void ask(TransferId id, Format format, std::size_t most) override { asked.emplace(id, std::pair(format, most)); }
  void answer(TransferId id, std::optional<ClipboardContent> what) override { given[id] = std::move(what); }
  FormatSet offered;
  std::map<TransferId, std::pair<Format, std::size_t>> asked;
  std::map<TransferId, std::optional<ClipboardContent>> given;
};

class Ledger final : public TransferLedger {
 public:
  void enter(const Transfer& transfer, std::function<void(Result<void>)> done) override {
    entered.push_back(transfer);
    if (answers) done(verdict);
    open.push_back(std::move(done));
  }
  std::vector<Transfer> entered;
  std::vector<std::function<void(Result<void>)>> open;
  bool answers = true;
  Result<void> verdict;
};

class ClipboardRelayTest : public ::testing::Test {
 protected:
  static policy::Grant both(policy::Limits limits = {}) {
    policy::Grant grant;
    grant.channels.push_back({"clipboard.to_guest", "in", limits});
    grant.channels.push_back({"clipboard.from_guest", "out", limits});
    return grant;
  }
  void connect(const policy::Grant& grant) {
    relay.set_guest(&guest);
    relay.set_client(client, "s1", grant);
  }
  bool client_open() {
    return client->wait_until([](const auto& c) { return c.clipboard_open(); }, 0ms);
  }
  FormatSet client_offered() {
    FormatSet offered;
    client->wait_until([&offered](const auto& c) { return offered = c.clipboard_offered(), true; });
    return offered;
  }
  std::optional<std::optional<ClipboardContent>> client_given(TransferId id) {
    std::optional<std::optional<ClipboardContent>> given;
    client->wait_until([&given, id](const auto& c) {
      const auto found = c.clipboard_given().find(id);
      if (found != c.clipboard_given().end()) given = found->second;
      return true;
    });
    return given;
  }
  TransferId client_asked() {
    TransferId last = 0;
    client->wait_until([&last](const auto& c) {
      if (!c.clipboard_asked().empty()) last = c.clipboard_asked().rbegin()->first;
      return true;
    });
    return last;
  }

  Ledger ledger;
  Guest guest;
  std::vector<ClipboardRelay::Denial> denials;
  int alarms = 0;
  std::shared_ptr<FakeDisplayTransport> client = std::make_shared<FakeDisplayTransport>();
  ClipboardRelay relay{ledger, [this] { ++alarms; },
                       [this](const ClipboardRelay::Denial& denial) { denials.push_back(denial); }};
};

TEST_F(ClipboardRelayTest, WhatTheClientCopiesIsPastedInTheGuest) {
  connect(both());
  ASSERT_TRUE(client_open());
  relay.client_offers(*client, FormatSet::all());
  EXPECT_EQ(guest.offered, set_of({Format::kText, Format::kRtf, Format::kHtml, Format::kImage})) << "no files";
  EXPECT_EQ(client_asked(), 0U) << "nothing before somebody pastes";
  relay.guest_events().on_ask(5, Format::kText);
  const TransferId asked = client_asked();
  ASSERT_NE(asked, 0U);
  relay.client_answers(*client, asked, relayed("hello"));
  EXPECT_EQ(guest.given.at(5), relayed("hello"));
  ASSERT_EQ(ledger.entered.size(), 1U);
  EXPECT_EQ(ledger.entered[0].session_id, "s1");
  EXPECT_EQ(ledger.entered[0].channel, "clipboard.to_guest");
  EXPECT_EQ(ledger.entered[0].bytes, 5U);
  EXPECT_TRUE(denials.empty());
}

TEST_F(ClipboardRelayTest, WhatTheGuestCopiesIsPastedAtTheClient) {
  connect(both());
  relay.guest_events().on_offer(set_of({Format::kHtml}));
  EXPECT_EQ(client_offered(), set_of({Format::kHtml}));
  relay.client_asks(*client, 3, Format::kHtml);
  ASSERT_EQ(guest.asked.size(), 1U);
  const TransferId asked = guest.asked.begin()->first;
  EXPECT_EQ(guest.asked.begin()->second.second, kMaxClipboardText);
  relay.guest_events().on_answer(asked, relayed("<i>x</i>"));
  EXPECT_EQ(client_given(3).value().value(), relayed("<i>x</i>"));
}

TEST_F(ClipboardRelayTest, WithoutTheGrantThereIsNothing) {
  connect({});
  EXPECT_FALSE(client_open());
  relay.client_offers(*client, FormatSet::all());
  EXPECT_TRUE(guest.offered.empty());
  relay.guest_events().on_ask(5, Format::kText);
  EXPECT_EQ(guest.given.size(), 1U);
  EXPECT_FALSE(guest.given.at(5));
  EXPECT_EQ(client_asked(), 0U);
}

TEST_F(ClipboardRelayTest, OneDirectionIsOneDirection) {
  policy::Grant grant;
  grant.channels.push_back({"clipboard.to_guest", "in", {}});
  connect(grant);
  relay.guest_events().on_offer(FormatSet::all());
  EXPECT_TRUE(client_offered().empty());
  relay.client_asks(*client, 3, Format::kText);
  EXPECT_TRUE(guest.asked.empty());
  EXPECT_FALSE(client_given(3).value());
  ASSERT_EQ(denials.size(), 1U);
  EXPECT_EQ(denials[0].channel, "clipboard.from_guest");
}

TEST_F(ClipboardRelayTest, AFormatThatIsNotGrantedIsRefusedWhoeverAsks) {
  connect(both({.formats = set_of({Format::kText})}));
  relay.client_offers(*client, FormatSet::all());
  EXPECT_EQ(guest.offered, set_of({Format::kText}));
  relay.guest_events().on_ask(5, Format::kImage);
  EXPECT_FALSE(guest.given.at(5));
  ASSERT_EQ(denials.size(), 1U);
  EXPECT_EQ(denials[0].reason, "clipboard.to_guest does not pass image");
  EXPECT_EQ(client_asked(), 0U);
}

TEST_F(ClipboardRelayTest, TooMuchIsRefusedWhole) {
  connect(both({.bytes_per_transfer = 4}));
  relay.client_offers(*client, FormatSet::all());
  relay.guest_events().on_ask(5, Format::kText);
  relay.client_answers(*client, client_asked(), relayed("hello"));
  ASSERT_TRUE(guest.given.contains(5));
  EXPECT_FALSE(guest.given.at(5));
  EXPECT_TRUE(ledger.entered.empty());
  EXPECT_EQ(denials.size(), 1U);
  relay.guest_events().on_ask(6, Format::kText);
  relay.client_answers(*client, client_asked(), relayed("four"));
  EXPECT_EQ(guest.given.at(6), relayed("four"));
}

TEST_F(ClipboardRelayTest, APictureDoesNotPassInsideOfHtml) {
  for (const bool pictures : {false, true}) {
    FormatSet formats = set_of({Format::kHtml});
    if (pictures) formats.add(Format::kImage);
    client = std::make_shared<FakeDisplayTransport>();
    connect(both({.formats = formats}));
    relay.client_offers(*client, FormatSet::all());
    relay.guest_events().on_ask(5, Format::kHtml);
    relay.client_answers(*client, client_asked(), relayed("<img src='data:image/png;base64,AAAA'>"));
    EXPECT_EQ(guest.given.at(5).has_value(), pictures);
    EXPECT_EQ(denials.size(), 1U);
  }
}

TEST_F(ClipboardRelayTest, WhatLiesIsRefusedAndTold) {
  connect(both());
  relay.client_offers(*client, FormatSet::all());
  relay.guest_events().on_ask(5, Format::kImage);
  relay.client_answers(*client, client_asked(), fail(Errc::kPeerProtocol, "a compressed picture"));
  EXPECT_FALSE(guest.given.at(5));
  ASSERT_EQ(denials.size(), 1U);
  EXPECT_EQ(denials[0].reason, "a compressed picture");
  relay.guest_events().on_ask(6, Format::kText);
  relay.client_answers(*client, client_asked(), fail(Errc::kNotFound, "the client does not give it"));
  EXPECT_FALSE(guest.given.at(6));
  EXPECT_EQ(denials.size(), 1U) << "that is the client's own affair";
}

TEST_F(ClipboardRelayTest, NothingPassesBeforeItIsWrittenDown) {
  ledger.answers = false;
  connect(both());
  relay.guest_events().on_offer(FormatSet::all());
  relay.client_asks(*client, 3, Format::kText);
  relay.guest_events().on_answer(guest.asked.begin()->first, relayed("x"));
  EXPECT_FALSE(client_given(3));
  ASSERT_EQ(ledger.open.size(), 1U);
  ledger.open[0]({});
  EXPECT_EQ(client_given(3).value().value(), relayed("x"));
}

TEST_F(ClipboardRelayTest, WhatTheLedgerRefusesDoesNotPass) {
  ledger.verdict = fail(Errc::kPermissionDenied, "more than a day's bytes");
  connect(both());
  relay.guest_events().on_offer(FormatSet::all());
  relay.client_asks(*client, 3, Format::kText);
  relay.guest_events().on_answer(guest.asked.begin()->first, relayed("x"));
  EXPECT_FALSE(client_given(3).value());
  EXPECT_TRUE(denials.empty()) << "who keeps it has written that down";
}

TEST_F(ClipboardRelayTest, ALedgerThatDoesNotAnswerIsANo) {
  ledger.answers = false;
  connect(both());
  relay.guest_events().on_offer(FormatSet::all());
  relay.client_asks(*client, 3, Format::kText);
  relay.guest_events().on_answer(guest.asked.begin()->first, relayed("x"));
  const auto due = relay.next_alarm();
  ASSERT_TRUE(due);
  relay.tick(*due);
  EXPECT_FALSE(client_given(3).value());
  EXPECT_EQ(denials.size(), 1U);
  ledger.open[0]({});  // too late
  EXPECT_FALSE(client_given(3).value());
  EXPECT_FALSE(relay.next_alarm());
}

TEST_F(ClipboardRelayTest, AnEndThatDoesNotAnswerIsGivenUp) {
  connect(both());
  relay.client_offers(*client, FormatSet::all());
  relay.guest_events().on_ask(5, Format::kText);
  const TransferId asked = client_asked();
  relay.tick(relay.next_alarm().value());
  EXPECT_FALSE(guest.given.at(5));
  relay.client_answers(*client, asked, relayed("late"));
  EXPECT_FALSE(guest.given.at(5));
  EXPECT_TRUE(ledger.entered.empty());
}

TEST_F(ClipboardRelayTest, TheRateHoldsBack) {
  connect(both({.bytes_per_second = 10}));
  relay.client_offers(*client, FormatSet::all());
  relay.guest_events().on_ask(5, Format::kText);
  relay.client_answers(*client, client_asked(), relayed("ten bytes."));
  EXPECT_TRUE(guest.given.contains(5));
  relay.guest_events().on_ask(6, Format::kText);
  relay.client_answers(*client, client_asked(), relayed("five."));
  EXPECT_FALSE(guest.given.contains(6));
  const auto due = relay.next_alarm();
  ASSERT_TRUE(due);
  relay.tick(*due);
  EXPECT_EQ(guest.given.at(6), relayed("five."));
}

TEST_F(ClipboardRelayTest, TighteningClosesAtOnce) {
  ledger.answers = false;
  connect(both());
  relay.guest_events().on_offer(FormatSet::all());
  relay.client_asks(*client, 3, Format::kText);
  relay.guest_events().on_answer(guest.asked.begin()->first, relayed("x"));
  relay.client_asks(*client, 4, Format::kText);
  relay.set_client(client, "s1", {});
  EXPECT_FALSE(client_open());
  EXPECT_TRUE(client_offered().empty()) << "the offer is taken back";
  EXPECT_FALSE(client_given(3).value()) << "what waited for the ledger";
  EXPECT_FALSE(client_given(4).value()) << "what waited for the guest";
  ledger.open[0]({});
  EXPECT_FALSE(client_given(3).value());
  relay.guest_events().on_offer(FormatSet::all());
  EXPECT_TRUE(client_offered().empty());
}

TEST_F(ClipboardRelayTest, TighteningAFormatTakesItOutOfTheOffer) {
  connect(both());
  relay.client_offers(*client, FormatSet::all());
  relay.set_client(client, "s1", both({.formats = set_of({Format::kText})}));
  EXPECT_EQ(guest.offered, set_of({Format::kText}));
  EXPECT_TRUE(client_open());
  relay.set_client(client, "s1", {});
  EXPECT_TRUE(guest.offered.empty());
}

TEST_F(ClipboardRelayTest, TheEndThatCopiedLastHasTheClipboard) {
  connect(both());
  relay.client_offers(*client, set_of({Format::kText}));
  relay.guest_events().on_offer(set_of({Format::kHtml}));
  relay.guest_events().on_ask(5, Format::kText);
  EXPECT_FALSE(guest.given.at(5)) << "the client's is not on it any more";
  relay.client_offers(*client, set_of({Format::kText}));
  relay.client_asks(*client, 3, Format::kHtml);
  EXPECT_FALSE(client_given(3).value());
  EXPECT_TRUE(denials.empty());
}

TEST_F(ClipboardRelayTest, AnotherClientKnowsNothingOfTheFormer) {
  connect(both());
  relay.client_offers(*client, set_of({Format::kText}));
  relay.guest_events().on_ask(5, Format::kText);
  const auto former = client;
  const TransferId asked = client_asked();
  client = std::make_shared<FakeDisplayTransport>();
  relay.set_client(client, "s2", both());
  EXPECT_TRUE(guest.offered.empty());
  EXPECT_FALSE(guest.given.at(5));
  relay.client_offers(*former, FormatSet::all());
  EXPECT_TRUE(guest.offered.empty());
  relay.client_answers(*former, asked, relayed("late"));
  EXPECT_TRUE(ledger.entered.empty());
}

TEST_F(ClipboardRelayTest, AGuestThatComesLaterIsToldWhatTheClientHas) {
  relay.set_client(client, "s1", both());
  relay.client_offers(*client, set_of({Format::kText}));
  relay.set_guest(&guest);
  EXPECT_EQ(guest.offered, set_of({Format::kText}));
  relay.guest_events().on_offer(set_of({Format::kImage}));
  relay.set_guest(nullptr);
  EXPECT_TRUE(client_offered().empty());
}

TEST_F(ClipboardRelayTest, SoManyAtATime) {
  connect(both());
  relay.client_offers(*client, FormatSet::all());
  for (TransferId id = 1; id <= kMaxClipboardAsks + 1; ++id) relay.guest_events().on_ask(id, Format::kText);
  EXPECT_EQ(guest.given.size(), 1U);
  EXPECT_TRUE(guest.given.contains(kMaxClipboardAsks + 1));
}

}  // namespace
}  // namespace tobari::display
