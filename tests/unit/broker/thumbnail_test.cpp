// SPDX-License-Identifier: GPL-3.0-or-later
// GET /desktops/{id}/thumbnail: who may see, how often, what is written down, and what a host answers.
#include <algorithm>
#include <format>

#include <gmock/gmock.h>

#include "core/thumbnail_limits.h"
#include "harness.h"

namespace tobari::broker {
namespace {

using namespace std::chrono_literals;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kJpeg = "\xFF\xD8\xFF a desktop \xFF\xD9";

class Thumbnails : public ::testing::Test, protected Harness {
 protected:
  void SetUp() override {
    ASSERT_NE(link, nullptr);
    const Response made = call("POST", "/api/v1/desktops", admin, R"({"user":"alice","image":"debian"})");
    ASSERT_EQ(made.status, 201) << made.body;
    id = body_of(made).value("id", "");
    ASSERT_EQ(call("POST", "/api/v1/desktops/" + id + "/start", alice).status, 202);
    report(node, id, wire::DESKTOP_STATE_RUNNING);
    answer(TakenThumbnail{kJpeg});
    allowed = {"connect", "thumbnail", "thumbnail.others"};
  }
  void answer(Result<HostAnswer> with) {
    link->on_message = [this, with](const wire::ToHost& message) {
      if (!message.has_take_thumbnail()) return;
      ++asked;
      EXPECT_EQ(message.take_thumbnail().desktop_id(), id);
      EXPECT_EQ(message.take_thumbnail().epoch(), 1U);
      hosts.complete(node.id, message.take_thumbnail().request_id(), with);
    };
  }
  Response look(const std::string& token, const std::string& tag = "") {
    return call("GET", "/api/v1/desktops/" + id + "/thumbnail", token, "", "", tag);
  }
  std::ptrdiff_t looks_on_record(const std::string& who) {
    return std::ranges::count(audited(), "desktop.thumbnail " + who);
  }

  const User admin_user = add_user("root", Role::kAdmin);
  const User alice_user = add_user("alice");
  const User bob_user = add_user("bob");
  const std::string admin = sign_in("root");
  const std::string alice = sign_in("alice");
  const std::string bob = sign_in("bob");
  const Node node = add_host("host-1");
  const std::shared_ptr<FakeHostLink> link = attach(node);
  std::string id;
  int asked = 0;
};

TEST_F(Thumbnails, TheOwnerSeesTheDesktop) {
  const Response seen = look(alice);
  ASSERT_EQ(seen.status, 200) << seen.body;
  EXPECT_EQ(seen.content_type, "image/jpeg");
  EXPECT_EQ(seen.body, kJpeg);
  EXPECT_EQ(looks_on_record("alice"), 1);
}

TEST_F(Thumbnails, WithoutARuleNobodyDoesAndThatIsOnRecord) {
  allowed = {"connect"};
  const Response denied = look(alice);
  EXPECT_EQ(denied.status, 403);
  EXPECT_EQ(code_of(denied), "policy_denied");
  EXPECT_THAT(denied.body, HasSubstr("nobody works at night"));
  EXPECT_EQ(look(admin).status, 403);
  EXPECT_EQ(asked, 0) << "no host is asked for what nobody may see";
  EXPECT_EQ(looks_on_record("alice"), 1);
  EXPECT_EQ(looks_on_record("root"), 1);
}

TEST_F(Thumbnails, OnesOwnIsNotOtherPeoples) {
  allowed = {"connect", "thumbnail"};
  EXPECT_EQ(look(admin).status, 403);
  EXPECT_EQ(look(alice).status, 200);
  allowed = {"connect", "thumbnail.others"};
  clock.advance(1s);
  EXPECT_EQ(look(admin).status, 200);
  EXPECT_EQ(look(alice).status, 403);
}

TEST_F(Thumbnails, ADesktopOfSomebodyElseIsNotThere) {
  EXPECT_EQ(look(bob).status, 404);
  EXPECT_EQ(look("").status, 401);
  EXPECT_EQ(asked, 0);
}

TEST_F(Thumbnails, OnceASecondAndSaysWhenToComeBack) {
  EXPECT_EQ(look(alice).status, 200);
  const Response again = look(alice);
  EXPECT_EQ(again.status, 429);
  EXPECT_THAT(again.headers, Contains(::testing::Pair("Retry-After", "1")));
  EXPECT_EQ(look(admin).status, 200) << "another viewer is another matter";
  clock.advance(1s);
  EXPECT_EQ(look(alice).status, 200);
  EXPECT_EQ(asked, 3);
}

TEST_F(Thumbnails, OnesOwnLooksAreWrittenDownOnceInAWhileOthersEveryTime) {
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(look(alice).status, 200);
    EXPECT_EQ(look(admin).status, 200);
    clock.advance(1s);
  }
  EXPECT_EQ(looks_on_record("alice"), 1);
  EXPECT_EQ(looks_on_record("root"), 5);
  clock.advance(ThumbnailLimits::kRecordEvery);
  EXPECT_EQ(look(alice).status, 200);
  EXPECT_EQ(looks_on_record("alice"), 2);
}

TEST_F(Thumbnails, WhatCannotBeWrittenDownIsNotShown) {
  store.set_full(true);
  const Response refused = look(alice);
  EXPECT_EQ(refused.status, 503);
  EXPECT_THAT(refused.body, Not(HasSubstr("a desktop ")));
  store.set_full(false);
  clock.advance(1s);
  EXPECT_EQ(look(alice).status, 200);
  EXPECT_EQ(looks_on_record("alice"), 1);
}

TEST_F(Thumbnails, ThePictureThatOneHasIsNotSentAgain) {
  const Response first = look(alice);
  const auto tag = std::ranges::find(first.headers, "ETag", [](const auto& header) { return header.first; });
  ASSERT_NE(tag, first.headers.end());
  clock.advance(1s);
  const Response same = look(alice, tag->second);
  EXPECT_EQ(same.status, 304);
  EXPECT_TRUE(same.body.empty());
  clock.advance(1s);
  answer(TakenThumbnail{"\xFF\xD8\xFF another \xFF\xD9"});
  EXPECT_EQ(look(alice, tag->second).status, 200);
}

TEST_F(Thumbnails, SaysWhyThereIsNone) {
  const auto code_after = [this] {
    clock.advance(1s);
    const Response response = look(alice);
    const std::string code = code_of(response);
    EXPECT_EQ(response.status, code == "host_timeout" ? 504 : 503) << response.body;
    return code;
  };
  answer(fail(Errc::kUnavailable, "there is no picture yet"));
  EXPECT_EQ(code_after(), "no_picture");
  answer(fail(Errc::kTimeout, "the host did not answer in time"));
  EXPECT_EQ(code_after(), "host_timeout");
  answer(OpenedDisplay{std::string(64, 'a')});
  EXPECT_EQ(code_after(), "no_picture") << "the answer to another question";
  report(node, id, wire::DESKTOP_STATE_STARTING);
  EXPECT_EQ(code_after(), "desktop_starting");
  report(node, id, wire::DESKTOP_STATE_FAILED);
  EXPECT_EQ(code_after(), "no_picture");
  hosts.detach(node.id, link.get());
  EXPECT_EQ(code_after(), "host_away");
}

// ---- the limits alone

TEST(ThumbnailLimitsTest, AViewerHasSoManyASecondOverAllDesktops) {
  ThumbnailLimits limits;
  ManualClock clock;
  for (int i = 0; i < ThumbnailLimits::kPerViewer; ++i) {
    EXPECT_FALSE(limits.take("root", std::to_string(i), clock.now()));
  }
  EXPECT_EQ(limits.take("root", "one more", clock.now()), 1s);
  EXPECT_FALSE(limits.take("alice", "one more", clock.now()));
  clock.advance(1s);
  EXPECT_FALSE(limits.take("root", "one more", clock.now()));
}

TEST(ThumbnailLimitsTest, RemembersNoMoreThanItMay) {
  ThumbnailLimits limits;
  ManualClock clock;
  for (std::size_t i = 0; i < 2 * ThumbnailLimits::kMaxLooks; ++i) {
    EXPECT_FALSE(limits.take(std::format("v{}", i), "d", clock.now()));
  }
  EXPECT_TRUE(limits.take(std::format("v{}", 2 * ThumbnailLimits::kMaxLooks - 1), "d", clock.now()))
      << "the newest is kept";
  EXPECT_LE(limits.remembered(), ThumbnailLimits::kMaxLooks);
}

}  // namespace
}  // namespace tobari::broker
