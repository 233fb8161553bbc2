// SPDX-License-Identifier: GPL-3.0-or-later
// The clipboard of a program that a host agent drives: what it asks the host, and what the host may take away.
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <tobari/net/tcp_socket.h>

#include "capture/clipboard_port.h"
#include "daemon/agent_watch.h"
#include "headless_client.h"
#include "headless_clipboard.h"
#include "managed.h"

namespace tobari::display::testing {
namespace {

using namespace std::chrono_literals;

// A whole clipboard but for the broker: the guest's agent and the host agent are played here.
class ManagedClipboard : public Managed {
 protected:
  void connect(const std::string& session) {
    set_up();
    const Sha256 hash = sha256(std::as_bytes(std::span(std::string_view("ticket"))));
    wire::ToDisplay arm;
    arm.mutable_arm()->set_ticket_sha256(hash.data(), hash.size());
    arm.mutable_arm()->set_session_id(session);
    arm.mutable_arm()->set_valid_seconds(60);
    wire::ChannelGrant& open = *arm.mutable_arm()->mutable_grant()->add_channels();
    open.set_channel("clipboard.from_guest");
    open.add_formats("text");
    ASSERT_TRUE(agent->send(arm));
    int pair[2] = {-1, -1};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    guest.reset(pair[0]);
    const UniqueFd port(pair[1]);
    wire::ToDisplay hand;
    hand.mutable_clipboard();
    ASSERT_TRUE(agent->send(hand, port.get()));
    const UniqueFd listener = net::listen_tcp({"127.0.0.1", 0}).value();
    client.emplace(net::local_endpoint(listener.get()).value().port,
                   HeadlessClient::Arguments{"/u:x", "/p:ticket", "/size:640x480", "/gfx:RFX", kClipboardArgument});
    hand_over(listener.get(), session);
    EXPECT_EQ(receive().session().kind(), wire::Session::CONNECTED);
    ASSERT_TRUE(clipboard.wait_ready());
    std::vector<std::byte> said;
    port::hello(said);
    FormatSet formats;
    formats.add(policy::Format::kText);
    formats.add(policy::Format::kHtml);
    port::offer(formats, said);
    say(said);
    ASSERT_TRUE(clipboard.wait_offer(1)) << "text, and not HTML, which is not granted";
  }
  void say(const std::vector<std::byte>& bytes) const {
    ASSERT_EQ(::send(guest.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  // The next thing that the guest is asked for is given.
  void give(std::string_view text) {
    port::Reader reader;
    for (;;) {
      std::byte buffer[4096];
      const ssize_t got = ::recv(guest.get(), buffer, sizeof buffer, 0);
      ASSERT_GT(got, 0);
      reader.add(std::span(buffer, static_cast<std::size_t>(got)));
      while (auto message = reader.next().value()) {
        if (message->type != port::Type::kAsk) continue;
        std::vector<std::byte> said;
        port::data(message->id, std::as_bytes(std::span(text)), true, said);
        return say(said);
      }
    }
  }
  using FormatSet = policy::FormatSet;
  static constexpr std::uint32_t kText = 13;

  HeadlessClipboard clipboard;
  UniqueFd guest;
  std::optional<HeadlessClient> client;
};

TEST_F(ManagedClipboard, PassesWhatTheBrokerHasWrittenDown) {
  connect("s1");
  for (const bool allowed : {true, false}) {
    std::jthread host([this, allowed] {
      give("text");
      const auto asked = receive();
      EXPECT_EQ(asked.transfer().session_id(), "s1");
      EXPECT_EQ(asked.transfer().channel(), "clipboard.from_guest");
      EXPECT_EQ(asked.transfer().format(), "text");
      EXPECT_EQ(asked.transfer().bytes(), 4U);
      wire::ToDisplay answer;
      answer.mutable_transfer_answer()->set_id(asked.transfer().id());
      answer.mutable_transfer_answer()->set_allowed(allowed);
      EXPECT_TRUE(agent->send(answer));
    });
    const auto pasted = clipboard.paste(kText);
    ASSERT_TRUE(pasted);
    EXPECT_EQ(pasted->has_value(), allowed);
  }
}

TEST_F(ManagedClipboard, NothingPassesWhileTheAgentIsAway) {
  hold = 60;
  connect("s1");
  std::this_thread::sleep_for(AgentWatch::kAwayAfter + 500ms);  // nobody pings
  {
    const std::jthread machine([this] { give("text"); });
    const auto began = std::chrono::steady_clock::now();
    const auto pasted = clipboard.paste(kText);
    ASSERT_TRUE(pasted);
    EXPECT_FALSE(pasted->has_value());
    EXPECT_LT(std::chrono::steady_clock::now() - began, 5s) << "at once, not when nobody has answered";
  }
  const auto told = receive();
  EXPECT_EQ(told.session().kind(), wire::Session::DENIED);
  EXPECT_NE(told.session().detail().find("away"), std::string::npos) << told.session().detail();
  ping(1);
  const std::jthread host([this] {
    give("text");
    const auto asked = receive();
    wire::ToDisplay answer;
    answer.mutable_transfer_answer()->set_id(asked.transfer().id());
    answer.mutable_transfer_answer()->set_allowed(true);
    EXPECT_TRUE(agent->send(answer));
  });
  const auto pasted = clipboard.paste(kText);
  ASSERT_TRUE(pasted);
  EXPECT_TRUE(pasted->has_value()) << "an agent is there again";
}

TEST_F(ManagedClipboard, IsClosedByAWordOfTheHost) {
  connect("s1");
  wire::ToDisplay narrow;
  narrow.mutable_narrow()->set_session_id("s1");
  narrow.mutable_narrow()->mutable_grant();
  ASSERT_TRUE(agent->send(narrow));
  ASSERT_TRUE(clipboard.wait_offer(0));
  EXPECT_FALSE(clipboard.paste(kText).value().has_value());
  wire::ToDisplay drop;
  drop.mutable_drop()->set_session_id("s1");
  drop.mutable_drop()->set_denied(true);
  ASSERT_TRUE(agent->send(drop));
  const auto outcome = client->wait_ended();
  ASSERT_TRUE(outcome);
  EXPECT_EQ(outcome->error_info, 0x09U);  // ERRINFO_SERVER_INSUFFICIENT_PRIVILEGES
  EXPECT_EQ(receive().session().detail(), "the policy does not allow it any more");
}

}  // namespace
}  // namespace tobari::display::testing
