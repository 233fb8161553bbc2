// SPDX-License-Identifier: GPL-3.0-or-later
// The catalogue over REST, with hosts that are played: from an order to a desktop.
#include <algorithm>
#include <future>
#include <vector>

#include <gmock/gmock.h>

#include "control/core.h"
#include "harness.h"
#include "image_lines.h"

namespace tobari::broker {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ImagesRestTest : public ::testing::Test, protected Harness {
 protected:
  ImagesRestTest() {
    add_user("anna", Role::kAdmin);
    add_user("carl");
    one = add_host("host-1");
    two = add_host("host-2");
    link_one = attach(one);
    link_two = attach(two);
    token = sign_in("anna");
  }
  Response import_one(const std::string& more = "", const std::string& key = "") {
    return call("POST", "/api/v1/images/desk/versions", token,
                R"({"host":"host-1","file":"win.vmdk","format":"vmdk")" + more + "}", key);
  }
  Response post(const std::string& path, const std::string& body = "") {
    return call("POST", "/api/v1/images/desk" + path, token, body);
  }
  nlohmann::json show(const std::string& path) { return body_of(call("GET", "/api/v1/images/desk" + path, token)); }
  // What a host says of its images.
  bool say(const Node& host, const std::vector<wire::ActualImage>& all) {
    wire::ActualState actual;
    for (const wire::ActualImage& each : all) *actual.add_images() = each;
    return hosts.set_actual(host.id, lines[host.id], actual).has_value();
  }
  static wire::ActualImage image(const std::string& ref, wire::ActualImage::State state,
                                 const std::string& detail = "") {
    wire::ActualImage made;
    made.set_image(ref);
    made.set_state(state);
    made.set_detail(detail);
    if (state == wire::ActualImage::READY) made.set_digest(std::string(64, 'a'));
    made.mutable_facts()->set_virtual_bytes(std::uint64_t{8} << 30U);
    made.mutable_facts()->set_firmware("uefi");
    return made;
  }
  // The newest desired state that a host was sent.
  static std::vector<wire::DesiredImage> told(const FakeHostLink& link) {
    std::vector<wire::DesiredImage> newest;
    for (const wire::ToHost& message : link.sent()) {
      if (!message.has_desired()) continue;
      newest.assign(message.desired().images().images().begin(), message.desired().images().images().end());
    }
    return newest;
  }
  void ready(const std::string& ref) {
    ready_on_one.push_back(image(ref, wire::ActualImage::READY));
    ASSERT_TRUE(say(one, ready_on_one));
  }
  Pool add_pool(const std::string& image) {
    Pool pool;
    pool.id = PoolId::random();
    pool.name = "desks";
    pool.image = image;
    pool.max = 3;
    act([&pool](Writer& writer) { return writer.add_pool(pool); });
    return pool;
  }

  Node one, two;
  std::shared_ptr<FakeHostLink> link_one, link_two;
  std::string token;
  std::vector<wire::ActualImage> ready_on_one;
};

TEST_F(ImagesRestTest, AnImportIsOrderedShownAndSigned) {
  const Response begun = import_one(R"(,"devices":"full","notes":"from the old house")");
  ASSERT_EQ(begun.status, 202) << begun.body;
  EXPECT_EQ(body_of(begun).at("version"), 1);
  ASSERT_EQ(told(*link_one).size(), 1U);
  EXPECT_EQ(told(*link_one)[0].image(), "desk@1");
  EXPECT_EQ(told(*link_one)[0].order().file(), "win.vmdk");
  EXPECT_EQ(told(*link_one)[0].order().devices(), "full");
  EXPECT_THAT(told(*link_two), IsEmpty()) << "the others get it when it is ready";

  wire::ActualImage under_way = image("desk@1", wire::ActualImage::IMPORTING, "the disk is being converted");
  under_way.set_permille(452);
  ASSERT_TRUE(say(one, {under_way}));
  EXPECT_EQ(show("/versions/1").at("progress"), 45.2);
  EXPECT_EQ(show("/versions/1").at("hosts")[0].at("detail"), "the disk is being converted");

  ready("desk@1");
  const nlohmann::json version = show("/versions/1");
  EXPECT_EQ(version.at("state"), "ready");
  EXPECT_EQ(version.at("digest"), std::string(64, 'a'));
  EXPECT_EQ(version.at("signature_holds"), true);
  EXPECT_EQ(version.at("facts").at("firmware"), "uefi");
  EXPECT_EQ(version.at("made_by"), "anna");
  ASSERT_EQ(told(*link_two).size(), 1U);
  EXPECT_EQ(told(*link_two)[0].digest(), std::string(64, 'a'));
  EXPECT_FALSE(told(*link_two)[0].has_order());
  EXPECT_THAT(audited(), Contains("image.import anna"));
  EXPECT_THAT(audited(), Contains("image.imported host/host-1"));
}

TEST_F(ImagesRestTest, AFailedImportSaysWhyAndIsTakenFromTheHost) {
  ASSERT_EQ(import_one().status, 202);
  ASSERT_TRUE(say(one, {image("desk@1", wire::ActualImage::FAILED, "the disk stands on another file")}));
  EXPECT_EQ(show("/versions/1").at("state"), "failed");
  EXPECT_EQ(show("/versions/1").at("detail"), "the disk stands on another file");
  ASSERT_EQ(told(*link_one).size(), 1U);
  EXPECT_TRUE(told(*link_one)[0].retired());
  ASSERT_TRUE(say(one, {image("desk@1", wire::ActualImage::GONE)}));
  hosts.desired_changed(one.id);
  EXPECT_THAT(told(*link_one), IsEmpty());
  EXPECT_EQ(post("/versions/1/publish").status, 409);
}

TEST_F(ImagesRestTest, OrdersAreCheckedAndForAdministratorsOnly) {
  const std::string user = sign_in("carl");
  EXPECT_EQ(call("GET", "/api/v1/images", user).status, 403);
  EXPECT_EQ(call("POST", "/api/v1/images/desk/versions", user, "{}").status, 403);
  for (const char* body :
       {R"({})", R"({"host":"host-1","file":"a/b","format":"raw"})", R"({"host":"host-1","file":"..","format":"raw"})",
        R"({"host":"host-1","file":"f","format":"exe"})", R"({"host":"host-1","file":"f","format":"iso"})",
        R"({"host":"host-1","file":"f","format":"raw","disk_gib":8})",
        R"({"host":"host-1","file":"f","format":"raw","agent":"yes"})",
        R"({"host":"host-1","file":"f","format":"raw","firmware":"coreboot"})",
        R"({"host":"host-1","file":"f","format":"raw","colour":"blue"})"}) {
    EXPECT_EQ(post("/versions", body).status, 400) << body;
  }
  EXPECT_EQ(post("/versions", R"({"host":"nowhere","file":"f","format":"raw"})").status, 404);
  EXPECT_EQ(call("GET", "/api/v1/images/desk", token).status, 404) << "nothing was made by any of these";
  EXPECT_EQ(call("GET", "/api/v1/images/UPPER", token).status, 404);
  ASSERT_EQ(import_one().status, 202);
  for (const char* number : {"0", "01", "x", "9999999999", "-1", "2"}) {
    EXPECT_EQ(call("GET", std::string("/api/v1/images/desk/versions/") + number, token).status, 404) << number;
  }
}

TEST_F(ImagesRestTest, TheSameOrderAgainIsOneVersion) {
  const std::string key = random_uuid();
  const Response first = import_one("", key);
  const Response second = import_one("", key);
  EXPECT_EQ(first.body, second.body);
  EXPECT_EQ(show("").at("versions").size(), 1U);
}

TEST_F(ImagesRestTest, AHostThatIsAwayImportsNothing) {
  hosts.detach(one.id, link_one.get());
  EXPECT_EQ(import_one().status, 503);
}

TEST_F(ImagesRestTest, PublishingWaitsForTheCopiesUnlessToldOtherwise) {
  ASSERT_EQ(import_one().status, 202);
  ready("desk@1");
  const Response early = post("/versions/1/publish");
  EXPECT_EQ(early.status, 409);
  EXPECT_THAT(early.body, HasSubstr("desk@1 is not on 1 hosts yet, host-2 among them"));
  ASSERT_EQ(post("/versions/1/publish", R"({"now":true})").status, 200);
  EXPECT_EQ(show("").at("published"), 1);
  ASSERT_EQ(import_one().status, 202);
  ready("desk@2");
  ASSERT_TRUE(say(two, {image("desk@1", wire::ActualImage::READY), image("desk@2", wire::ActualImage::READY)}));
  ASSERT_EQ(post("/versions/2/publish").status, 200);
  EXPECT_EQ(show("/versions/2").at("state"), "published");
  EXPECT_EQ(show("/versions/1").at("state"), "ready");
  const Response back = post("/roll-back");
  ASSERT_EQ(back.status, 200) << back.body;
  EXPECT_EQ(body_of(back).at("version"), 1);
  EXPECT_EQ(post("/roll-back").status, 404);
  EXPECT_THAT(audited(), Contains("image.publish anna"));
  EXPECT_THAT(audited(), Contains("image.roll-back anna"));
}

TEST_F(ImagesRestTest, DesktopsAreMadeFromWhatIsPublished) {
  ASSERT_EQ(import_one().status, 202);
  ready("desk@1");
  const std::string body = R"({"user":"carl","image":"desk"})";
  EXPECT_EQ(call("POST", "/api/v1/desktops", token, body).status, 404) << "nothing is published";
  ASSERT_EQ(post("/versions/1/publish", R"({"now":true})").status, 200);
  const Response made = call("POST", "/api/v1/desktops", token, body);
  ASSERT_EQ(made.status, 201) << made.body;
  EXPECT_EQ(body_of(made).at("image"), "desk@1");
  EXPECT_EQ(body_of(made).at("host"), "host-1") << "which has it";
  EXPECT_EQ(show("/versions/1").at("desktops"), 1);
}

TEST_F(ImagesRestTest, PoolsArePinnedAndFollowAgain) {
  ASSERT_EQ(import_one().status, 202);
  ready("desk@1");
  ASSERT_EQ(post("/versions/1/publish", R"({"now":true})").status, 200);
  const Pool pool = add_pool("desk");
  const std::string path = "/api/v1/images/desk/versions/1/pools/" + pool.id.str();
  EXPECT_EQ(call("PUT", path, token).status, 204);
  EXPECT_EQ(show("/versions/1").at("pinned_pools"), nlohmann::json::array({"desks"}));
  EXPECT_EQ(store.get([&pool](const Reader& r) { return r.pool(pool.id); })->image, "desk@1");
  EXPECT_EQ(call("PUT", "/api/v1/images/desk/versions/7/pools/" + pool.id.str(), token).status, 404);
  EXPECT_EQ(call("PUT", "/api/v1/images/desk/versions/1/pools/" + random_uuid(), token).status, 404);
  EXPECT_EQ(call("DELETE", "/api/v1/images/disk/pools/" + pool.id.str(), token).status, 404) << "of another image";
  EXPECT_EQ(call("DELETE", "/api/v1/images/desk/pools/" + pool.id.str(), token).status, 204);
  EXPECT_EQ(store.get([&pool](const Reader& r) { return r.pool(pool.id); })->image, "desk");
  EXPECT_THAT(audited(), Contains("pool.change anna"));
}

TEST_F(ImagesRestTest, WhatIsRetiredIsTakenFromHostsThatHaveIt) {
  ASSERT_EQ(import_one().status, 202);
  ready("desk@1");
  ASSERT_EQ(post("/versions/1/retire").status, 200);
  ASSERT_EQ(told(*link_one).size(), 1U);
  EXPECT_TRUE(told(*link_one)[0].retired());
  EXPECT_THAT(told(*link_two), IsEmpty()) << "which never had it";
  EXPECT_EQ(post("/versions/1/retire").status, 409);
  EXPECT_EQ(post("/versions/1/verify").status, 409);
}

TEST_F(ImagesRestTest, VerifyingIsToldToHostsAndShown) {
  ASSERT_EQ(import_one().status, 202);
  ready("desk@1");
  ASSERT_EQ(post("/versions/1/verify").status, 200);
  EXPECT_EQ(told(*link_one)[0].verify(), 1U);
  wire::ActualImage spoiled = image("desk@1", wire::ActualImage::FAILED, "disk.qcow2 was changed on disk");
  spoiled.set_verified(1);
  ASSERT_TRUE(say(one, {spoiled}));
  EXPECT_EQ(show("/versions/1").at("state"), "ready") << "the image is what it was; that host's files are not";
  EXPECT_EQ(show("/versions/1").at("hosts")[0].at("state"), "failed");
  EXPECT_EQ(show("/versions/1").at("hosts")[0].at("verified"), 1);
  EXPECT_FALSE(std::ranges::contains(hosts.info(one.id)->images, "desk@1")) << "nothing is placed there";
}

TEST_F(ImagesRestTest, WhatTheDeploymentDidNotSignIsGivenToNobody) {
  ASSERT_EQ(import_one().status, 202);
  ready("desk@1");
  act([](Writer& writer) -> Result<void> {
    TOBARI_ASSIGN(ImageVersion version, writer.image_version("desk", 1));
    version.digest = std::string(64, 'b');  // as somebody with the database would
    return writer.change_image_version(version);
  });
  hosts.desired_changed(two.id);
  EXPECT_THAT(told(*link_two), IsEmpty());
  EXPECT_EQ(show("/versions/1").at("signature_holds"), false);
  EXPECT_EQ(post("/versions/1/publish", R"({"now":true})").status, 403);
}

TEST_F(ImagesRestTest, AHostThatOnlyKeepsAVersionGetsNoDesktopsOfIt) {
  ASSERT_EQ(import_one().status, 202);
  ready("desk@1");
  wire::ActualImage kept = image("desk@1", wire::ActualImage::READY);
  kept.set_elsewhere(true);
  ASSERT_TRUE(say(two, {kept}));
  EXPECT_EQ(post("/versions/1/publish").status, 200) << "every host has it";
  EXPECT_THAT(hosts.facts()->connected.at(one.id).images, Contains("desk@1"));
  EXPECT_THAT(hosts.facts()->connected.at(two.id).images, Not(Contains("desk@1")));

  std::size_t asked = 0;
  link_two->on_message = [&asked](const wire::ToHost& message) { asked += message.has_read_image_part() ? 1 : 0; };
  wire::ReadImagePart message;
  message.set_request_id(random_uuid());
  message.set_image("desk@1");
  message.set_file("disk.qcow2");
  hosts.fetch_image_part(one.id, message, [](const Result<TakenImagePart>&) {});
  EXPECT_EQ(asked, 1U) << "others copy it from there";
  link_two->on_message = {};
}

TEST_F(ImagesRestTest, ADatabaseThatIsAwayEndsNoLine) {
  ASSERT_EQ(import_one().status, 202);
  store.set_away(true);
  static_cast<void>(images.reported(one.id, [] {
    wire::ActualState actual;
    *actual.add_images() = image("desk@1", wire::ActualImage::READY);
    return actual;
  }()));
  EXPECT_FALSE(images.look_again()) << "it is away still";
  store.set_away(false);
  EXPECT_TRUE(images.look_again());
  EXPECT_FALSE(images.look_again()) << "once";
  EXPECT_EQ(show("/versions/1").at("state"), "ready");
}

TEST_F(ImagesRestTest, TemplatesStayWhenAHostAttachesAgain) {
  ASSERT_EQ(import_one().status, 202);
  ready("desk@1");
  ASSERT_EQ(post("/versions/1/publish", R"({"now":true})").status, 200);
  add_pool("desk");
  wire::HostHello hello;
  hello.set_name("host-1");
  hello.set_front_address("192.0.2.50");
  hello.set_front_port(3390);
  hello.add_images()->set_name("desk@1");
  const auto link = std::make_shared<FakeHostLink>();
  ASSERT_TRUE(hosts.attach(one.id, link, hello).has_value());
  ASSERT_FALSE(link->sent().empty());
  ASSERT_EQ(link->sent().front().desired().templates_size(), 1);
  EXPECT_EQ(link->sent().front().desired().templates(0).image(), "desk@1");
  EXPECT_THAT(hosts.info(one.id)->images, IsEmpty()) << "nothing is placed there before it says that it is ready";
}

TEST_F(ImagesRestTest, ReportsThatCannotBeEndTheLine) {
  EXPECT_FALSE(say(one, {image("../etc@1", wire::ActualImage::READY)}));
  wire::ActualImage no_digest = image("desk@1", wire::ActualImage::READY);
  no_digest.set_digest("x");
  EXPECT_FALSE(say(one, {no_digest}));
  EXPECT_FALSE(say(one, std::vector<wire::ActualImage>(257, image("desk@1", wire::ActualImage::WAITING))));
}

// ---- from one host to another

TEST_F(ImagesRestTest, APieceIsFetchedFromAHostThatHasIt) {
  ASSERT_EQ(import_one().status, 202);
  ready("desk@1");
  link_one->on_message = [this](const wire::ToHost& message) {
    if (!message.has_read_image_part()) return;
    EXPECT_EQ(message.read_image_part().file(), "disk.qcow2");
    hosts.complete(one.id, message.read_image_part().request_id(), TakenImagePart{"bytes", 5});
  };
  const auto fetch = [this](const HostId& whom_for, const std::string& ref) {
    wire::ReadImagePart message;
    message.set_request_id(random_uuid());
    message.set_image(ref);
    message.set_file("disk.qcow2");
    std::promise<Result<TakenImagePart>> promise;
    hosts.fetch_image_part(whom_for, message,
                           [&promise](Result<TakenImagePart> part) { promise.set_value(std::move(part)); });
    return promise.get_future().get();
  };
  EXPECT_EQ(fetch(two.id, "desk@1")->bytes, "bytes");
  EXPECT_EQ(fetch(one.id, "desk@1").error().code, Errc::kUnavailable) << "not from itself";
  EXPECT_EQ(fetch(two.id, "desk@2").error().code, Errc::kUnavailable);
}

TEST_F(ImagesRestTest, ASourceIsAskedForAFewPiecesAtOnce) {
  ASSERT_EQ(import_one().status, 202);
  ready("desk@1");
  std::vector<std::string> asked;
  link_one->on_message = [&asked](const wire::ToHost& message) {
    if (message.has_read_image_part()) asked.push_back(message.read_image_part().request_id());
  };
  std::vector<Errc> refused;
  std::size_t answered = 0;
  const auto fetch = [&] {
    wire::ReadImagePart message;
    message.set_request_id(random_uuid());
    message.set_image("desk@1");
    message.set_file("disk.qcow2");
    hosts.fetch_image_part(two.id, message, [&refused, &answered](Result<TakenImagePart> part) {
      if (part.has_value()) ++answered;
      if (!part.has_value()) refused.push_back(part.error().code);
    });
  };
  for (std::uint32_t i = 0; i <= kMaxPartsOfASource; ++i) fetch();
  EXPECT_EQ(asked.size(), kMaxPartsOfASource);
  EXPECT_THAT(refused, ElementsAre(Errc::kExhausted)) << "its leases go over the same line";
  hosts.complete(one.id, asked.front(), TakenImagePart{"bytes", 5});
  EXPECT_EQ(answered, 1U);
  fetch();
  EXPECT_EQ(asked.size(), kMaxPartsOfASource + 1);
  link_one->on_message = {};
  hosts.detach(one.id, link_one.get());
  EXPECT_EQ(refused.size(), kMaxPartsOfASource + 1) << "what was under way is not waited for";
}

// ---- for people

TEST_F(ImagesRestTest, LinesSayWhatMatters) {
  ASSERT_EQ(import_one(R"(,"notes":"old house")").status, 202);
  using cli::Json;
  const Json importing = Json::parse(call("GET", "/api/v1/images/desk/versions/1", token).body);
  EXPECT_EQ(cli::progress_line(importing), "desk@1 importing");
  ready("desk@1");
  const Json all = Json::parse(call("GET", "/api/v1/images", token).body);
  ASSERT_EQ(cli::version_lines(all).size(), 1U);
  EXPECT_EQ(cli::version_lines(all)[0].value("disk", ""), "8.0 GiB");
  const std::string text = cli::version_text(Json::parse(call("GET", "/api/v1/images/desk/versions/1", token).body));
  EXPECT_THAT(text, HasSubstr("desk@1 ready"));
  EXPECT_THAT(text, HasSubstr("win.vmdk (vmdk) on host-1"));
  EXPECT_THAT(text, HasSubstr("signature    holds"));
  EXPECT_THAT(text, HasSubstr("host-1"));
}

}  // namespace
}  // namespace tobari::broker
