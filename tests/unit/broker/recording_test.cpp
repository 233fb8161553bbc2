// SPDX-License-Identifier: GPL-3.0-or-later
// A policy that asks for a recording, with and without a key for it.
#include <gmock/gmock.h>

#include "harness.h"

namespace tobari::broker {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

class RecordingTest : public ::testing::Test, protected Harness {
 protected:
  RecordingTest() {
    link->on_message = [this](const wire::ToHost& message) {
      if (!message.has_open_display()) return;
      opened = message.open_display();
      hosts.complete(node.id, opened.request_id(), OpenedDisplay{std::string(64, 'a')});
    };
    const Response made = call("POST", "/api/v1/desktops", admin, R"({"user":"alice","image":"debian","name":"d"})");
    id = body_of(made).value("id", "");
    EXPECT_EQ(call("POST", "/api/v1/desktops/" + id + "/start", admin).status, 202);
    report(node, id, wire::DESKTOP_STATE_RUNNING);
  }
  Response connect(policy::Recording recording) {
    adjust = [recording](const AccessQuestion&, AccessAnswer& answer) { answer.grant.recording = recording; };
    return call("POST", "/api/v1/desktops/" + id + "/connect", alice);
  }

  const User admin_user = add_user("root", Role::kAdmin);
  const User alice_user = add_user("alice");
  const std::string admin = sign_in("root");
  const std::string alice = sign_in("alice");
  const Node node = add_host("host-1");
  std::shared_ptr<FakeHostLink> link = attach(node);
  wire::OpenDisplay opened;
  std::string id;
};

TEST_F(RecordingTest, TheHostGetsThePublicKey) {
  api.recording_key = recording::make_key_pair().public_key;
  for (const auto recording : {policy::Recording::kOptional, policy::Recording::kRequired}) {
    ASSERT_EQ(connect(recording).status, 200);
    const auto key = std::as_bytes(std::span(opened.recording_key()));
    EXPECT_TRUE(std::ranges::equal(key, api.recording_key->bytes));
    EXPECT_NE(opened.grant().recording(), wire::Grant::NONE);
  }
  ASSERT_EQ(connect(policy::Recording::kNone).status, 200);
  EXPECT_TRUE(opened.recording_key().empty());
}

TEST_F(RecordingTest, WithoutAKeyWhatMustBeRecordedIsDenied) {
  const Response denied = connect(policy::Recording::kRequired);
  EXPECT_EQ(denied.status, 403);
  EXPECT_EQ(code_of(denied), "policy_denied");
  EXPECT_THAT(body_of(denied).value("detail", ""), HasSubstr("no recording key"));
  EXPECT_TRUE(opened.request_id().empty()) << "no display was opened";
  EXPECT_THAT(audited(), Contains("session.open alice"));
}

TEST_F(RecordingTest, WithoutAKeyWhatShouldBeRecordedIsOnRecordAsNot) {
  EXPECT_EQ(connect(policy::Recording::kOptional).status, 200);
  EXPECT_EQ(opened.grant().recording(), wire::Grant::NONE);
  EXPECT_THAT(audited(), Contains("recording.failed broker"));
}

}  // namespace
}  // namespace tobari::broker
