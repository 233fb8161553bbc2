// SPDX-License-Identifier: GPL-3.0-or-later
// The desktop's clipboard agent is played here, over a socket.
#include "capture/clipboard_port.h"

#include <condition_variable>
#include <map>
#include <mutex>
#include <string_view>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "capture/guest_clipboard.h"

namespace tobari::display {
namespace {

using policy::Format;
using policy::FormatSet;
using Bytes = std::vector<std::byte>;

FormatSet text_only() {
  FormatSet set;
  set.add(Format::kText);
  return set;
}
ClipboardContent content(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

TEST(ClipboardPort, WhatIsWrittenIsRead) {
  Bytes stream;
  port::hello(stream);
  port::offer(text_only(), stream);
  port::ask(7, Format::kImage, 1000, stream);
  port::data(7, content("abc"), true, stream);
  port::none(8, stream);
  port::Reader reader;
  std::vector<port::Message> read;
  for (const std::byte octet : stream) {
    reader.add(std::span(&octet, 1));
    while (true) {
      auto message = reader.next();
      ASSERT_TRUE(message);
      if (!*message) break;
      read.push_back(*std::move(*message));
    }
  }
  ASSERT_EQ(read.size(), 5U);
  EXPECT_EQ(read[0].type, port::Type::kHello);
  EXPECT_EQ(port::offered(read[1]).value(), text_only());
  EXPECT_EQ(read[2].format, Format::kImage);
  EXPECT_EQ(read[2].id, 7U);
  EXPECT_EQ(read[3].payload, content("abc"));
  EXPECT_TRUE(read[3].last);
  EXPECT_EQ(read[4].id, 8U);
}

TEST(ClipboardPort, AGreetingInTheMiddleOfAMessageBeginsAnew) {
  Bytes stream;
  port::data(7, Bytes(1000), false, stream);
  stream.resize(500);
  port::hello(stream);
  port::Reader reader;
  reader.add(std::span(stream).first(510));
  EXPECT_FALSE(reader.next().value());
  reader.add(std::span(stream).subspan(510));
  const auto message = reader.next().value();
  ASSERT_TRUE(message);
  EXPECT_EQ(message->type, port::Type::kHello);
}

TEST(ClipboardPort, WhatIsMalformedIsAnError) {
  const auto refused = [](std::size_t at, unsigned value) {
    Bytes stream;
    port::data(7, content("abc"), true, stream);
    stream[at] = static_cast<std::byte>(value);
    port::Reader reader;
    reader.add(stream);
    return !reader.next();
  };
  EXPECT_TRUE(refused(4, 0));
  EXPECT_TRUE(refused(4, 6));
  EXPECT_TRUE(refused(5, 4));
  EXPECT_TRUE(refused(2, 2)) << "131,075 bytes";
  EXPECT_FALSE(port::offered({.type = port::Type::kOffer, .payload = Bytes{std::byte{16}}}));
  EXPECT_FALSE(port::offered({.type = port::Type::kOffer, .payload = {}}));
}

// What the other end of the session hears of this one.
class Ear final : public ClipboardEvents {
 public:
  void on_offer(FormatSet formats) override {
    change([this, formats] { offers.push_back(formats); });
  }
  void on_ask(TransferId id, Format format) override {
    change([this, id, format] { asks[id] = format; });
  }
  void on_answer(TransferId id, Result<ClipboardContent> what) override {
    change([this, id, &what] { answers.emplace(id, std::move(what)); });
  }
  template <class Predicate>
  bool wait_until(Predicate predicate) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10), predicate);
  }
  std::vector<FormatSet> offers;
  std::map<TransferId, Format> asks;
  std::map<TransferId, Result<ClipboardContent>> answers;

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
};

class GuestClipboardTest : public ::testing::Test {
 protected:
  void SetUp() override {
    int pair[2] = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    agent.reset(pair[0]);
    clipboard = std::make_unique<GuestClipboard>(UniqueFd(pair[1]));
    ASSERT_TRUE(clipboard->start(ear));
    EXPECT_EQ(next().type, port::Type::kHello);
  }
  port::Message next() {
    while (true) {
      auto message = reader.next();
      if (message && *message) return **message;
      std::byte buffer[65536];
      const ssize_t got = ::recv(agent.get(), buffer, sizeof buffer, 0);
      if (got <= 0) return {};
      reader.add(std::span(buffer, static_cast<std::size_t>(got)));
    }
  }
  void say(const Bytes& bytes) {
    std::span<const std::byte> rest(bytes);
    while (!rest.empty()) {
      const ssize_t sent = ::send(agent.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      rest = rest.subspan(static_cast<std::size_t>(sent));
    }
  }
  void greet() {
    Bytes stream;
    port::hello(stream);
    say(stream);
    EXPECT_EQ(next().type, port::Type::kOffer);
  }

  Ear ear;
  UniqueFd agent;
  port::Reader reader;
  std::unique_ptr<GuestClipboard> clipboard;
};

TEST_F(GuestClipboardTest, AnAgentIsToldWhatTheClientHasOnceItIsThere) {
  clipboard->offer(text_only());
  Bytes stream;
  port::hello(stream);
  say(stream);
  const port::Message offer = next();
  EXPECT_EQ(port::offered(offer).value(), text_only());
  say(stream);  // it has begun anew
  EXPECT_EQ(port::offered(next()).value(), text_only());
}

TEST_F(GuestClipboardTest, FetchesInParts) {
  greet();
  clipboard->ask(7, Format::kText, 1000);
  const port::Message ask = next();
  EXPECT_EQ(ask.type, port::Type::kAsk);
  EXPECT_EQ(ask.id, 7U);
  Bytes stream;
  port::data(7, content("one\r\n"), false, stream);
  port::data(7, content("two"), true, stream);
  say(stream);
  ASSERT_TRUE(ear.wait_until([this] { return ear.answers.contains(7); }));
  EXPECT_EQ(ear.answers.at(7).value(), content("one\ntwo"));
}

TEST_F(GuestClipboardTest, GivesALargeContentWhole) {
  greet();
  const ClipboardContent large(1'000'000, std::byte{'x'});
  clipboard->answer(3, large);
  clipboard->answer(4, std::nullopt);
  ClipboardContent got;
  bool refused = false;
  for (bool last = false; !last || !refused;) {
    const port::Message message = next();
    ASSERT_TRUE(message.type == port::Type::kData || message.type == port::Type::kNone);
    if (message.type == port::Type::kNone) {
      refused = true;
      continue;
    }
    got.insert(got.end(), message.payload.begin(), message.payload.end());
    last = last || message.last;
  }
  EXPECT_EQ(got, large);
}

// Whoever copies a picture at the client must not speak the port's language to the agent.
TEST_F(GuestClipboardTest, AContentThatHoldsAHelloIsRefusedWhole) {
  greet();
  Bytes content(port::kMaxPayload + 100, std::byte{7});
  port::hello(content);
  clipboard->answer(9, content);
  EXPECT_EQ(next().type, port::Type::kData);  // what comes before it is void with the next
  const port::Message refused = next();
  EXPECT_EQ(refused.type, port::Type::kNone);
  EXPECT_EQ(refused.id, 9U);
}

TEST_F(GuestClipboardTest, TwoMessagesMakeNoHelloTogether) {
  greet();
  Bytes hello;
  port::hello(hello);
  for (std::size_t begin = 1; begin < hello.size(); ++begin) {  // the next message's length may be the rest
    for (const std::size_t more : {std::size_t{1}, port::kMaxPayload}) {
      Bytes content(port::kMaxPayload - begin, std::byte{7});
      content.insert(content.end(), hello.begin(), hello.begin() + static_cast<std::ptrdiff_t>(begin));
      content.resize(content.size() + more, std::byte{8});
      clipboard->answer(9, content);
      Bytes got;
      for (bool last = false; !last;) {
        const port::Message message = next();
        if (message.type != port::Type::kData) {
          ASSERT_NE(message.type, port::Type::kHello) << begin;
          continue;
        }
        got.insert(got.end(), message.payload.begin(), message.payload.end());
        last = message.last;
      }
      EXPECT_EQ(got, content) << begin;
    }
  }
}

TEST_F(GuestClipboardTest, WhatTheDesktopGivesIsChecked) {
  greet();
  clipboard->ask(1, Format::kText, 1000);
  clipboard->ask(2, Format::kText, 10);
  Bytes stream;
  port::data(1, content("\xFF\xFE binary"), true, stream);
  port::data(2, Bytes(1000, std::byte{'a'}), false, stream);
  port::data(2, Bytes(1000, std::byte{'a'}), true, stream);
  say(stream);
  ASSERT_TRUE(ear.wait_until([this] { return ear.answers.size() == 2; }));
  EXPECT_EQ(ear.answers.at(1).error().code, Errc::kPeerProtocol);
  EXPECT_EQ(ear.answers.at(2).error().code, Errc::kExhausted);
}

TEST_F(GuestClipboardTest, AnAgentThatGoesLeavesNothingOpen) {
  greet();
  clipboard->ask(1, Format::kText, 1000);
  static_cast<void>(next());
  agent.reset();
  ASSERT_TRUE(ear.wait_until([this] { return ear.answers.contains(1); }));
  EXPECT_FALSE(ear.answers.at(1));
  EXPECT_TRUE(ear.wait_until([this] { return !ear.offers.empty() && ear.offers.back().empty(); }));
}

TEST_F(GuestClipboardTest, NonsenseEndsIt) {
  greet();
  say(Bytes(100, std::byte{0xFF}));
  EXPECT_TRUE(ear.wait_until([this] { return ear.offers.size() >= 2; }));
  clipboard->stop();
}

}  // namespace
}  // namespace tobari::display
