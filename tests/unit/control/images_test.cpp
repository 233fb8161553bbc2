// SPDX-License-Identifier: GPL-3.0-or-later
// The catalogue's decisions, and what pools make of them.
#include <functional>
#include <map>
#include <string>

#include "control/catalogue.h"
#include "control/pool_image.h"
#include "control/renewal.h"
#include "core/image_signature.h"
#include "world.h"

namespace tobari::broker::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ImagesTest : public World {
 protected:
  template <class T>
  Result<T> act(const std::function<Result<T>(Writer&)>& body) {
    Result<T> result = fail(Errc::kInternal, "not run");
    const auto done = store_.transact([&](Writer& w) -> Result<void> {
      result = body(w);
      TOBARI_TRY(result);
      return {};
    });
    static_cast<void>(done);
    return result;
  }
  // A version that is ready and that both hosts have.
  std::string ready(const std::string& name) {
    const auto begun = act<ImageVersion>([&](Writer& w) {
      return begin_import(
          w, {.image = name, .host = one_, .order = {.file = "f", .format = "raw"}, .notes = "", .by = "admin"},
          clock_.wall());
    });
    EXPECT_TRUE(begun) << begun.error().message;
    const auto finished = act<bool>([&](Writer& w) {
      return finish_import(w, {one_.id, name, begun->version, std::string(64, 'a'), {}, ""}, [](ImageVersion&) {});
    });
    EXPECT_TRUE(finished && *finished);
    for (Node* node : {&one_, &two_}) facts_.connected[node->id].images.push_back(begun->ref());
    clock_.advance(std::chrono::seconds(1));
    return begun->ref();
  }
  Result<ImageVersion> publish_it(std::uint32_t version, const std::string& name = "desk") {
    clock_.advance(std::chrono::seconds(1));
    return act<ImageVersion>([&](Writer& w) { return publish(w, name, version, clock_.wall()); });
  }
  Result<ImageVersion> back(const std::string& name = "desk") {
    return act<ImageVersion>([&](Writer& w) { return roll_back(w, name); });
  }
  Result<ImageVersion> retire_it(std::uint32_t version) {
    return act<ImageVersion>([&](Writer& w) { return retire_version(w, "desk", version); });
  }
  ImageVersion version(std::uint32_t number) {
    return get([&](const Reader& r) { return r.image_version("desk", number); });
  }
  Result<std::string> resolved(const std::string& wanted) {
    return store_.get([&](const Reader& r) { return image_of(r, wanted); });
  }
  Pool pool_of(const std::string& image, PoolKind kind = PoolKind::kFloating, std::uint32_t spares = 0) {
    Pool pool = add_pool("desks", kind, spares, 5);
    pool.image = image;
    EXPECT_TRUE(run(ChangePool{pool, admin_}).has_value());
    return pool;
  }
  Desktop desktop(const DesktopId& id) {
    return get([&](const Reader& r) { return r.desktop(id); });
  }
};

// ---- versions

TEST_F(ImagesTest, VersionsAreCountedAndBecomeReadyByTheirHostsWord) {
  EXPECT_EQ(ready("desk"), "desk@1");
  EXPECT_EQ(ready("desk"), "desk@2");
  EXPECT_EQ(version(2).state, ImageState::kReady);
  const auto again = act<bool>([&](Writer& w) {
    return finish_import(w, {one_.id, "desk", 2, std::string(64, 'b'), {}, ""}, [](ImageVersion&) {});
  });
  EXPECT_FALSE(*again) << "once";
  EXPECT_EQ(version(2).digest, std::string(64, 'a')) << "and never another one";
}

TEST_F(ImagesTest, AnotherHostsWordDoesNotCount) {
  const auto begun = act<ImageVersion>([&](Writer& w) {
    return begin_import(
        w, {.image = "desk", .host = one_, .order = {.file = "f", .format = "raw"}, .notes = "", .by = "a"},
        clock_.wall());
  });
  ASSERT_TRUE(begun);
  const auto from = [&](const HostId& host, const std::string& digest) {
    return *act<bool>(
        [&](Writer& w) { return finish_import(w, {host, "desk", 1, digest, {}, "why"}, [](ImageVersion&) {}); });
  };
  EXPECT_FALSE(from(two_.id, std::string(64, 'a')));
  EXPECT_TRUE(from(one_.id, ""));
  EXPECT_EQ(version(1).state, ImageState::kFailed);
  EXPECT_EQ(version(1).detail, "why");
  EXPECT_THAT(publish_it(1).error().message, HasSubstr("desk@1 is failed"));
}

TEST_F(ImagesTest, OneVersionIsPublishedAndRollingBackGoesFurtherEachTime) {
  for (int i = 0; i < 3; ++i) ready("desk");
  EXPECT_THAT(resolved("desk").error().message, HasSubstr("no version of image desk is published"));
  for (const std::uint32_t number : {1U, 2U, 3U}) ASSERT_TRUE(publish_it(number));
  EXPECT_EQ(publish_it(3).error().code, Errc::kAlreadyExists);
  EXPECT_EQ(*resolved("desk"), "desk@3");
  EXPECT_EQ(back()->version, 2U);
  EXPECT_EQ(*resolved("desk"), "desk@2");
  EXPECT_EQ(back()->version, 1U);
  EXPECT_THAT(back().error().message, HasSubstr("no version of desk was published before desk@1"));
  EXPECT_EQ(*resolved("desk"), "desk@1");
  ASSERT_TRUE(publish_it(3)) << "what was rolled back can be published again";
  EXPECT_EQ(back()->version, 1U);
}

TEST_F(ImagesTest, WhatIsInUseIsNotRetired) {
  ready("desk");
  ready("desk");
  ASSERT_TRUE(publish_it(1));
  EXPECT_THAT(retire_it(1).error().message, HasSubstr("is published"));
  const Pool pool = pool_of("desk@2");
  EXPECT_THAT(retire_it(2).error().message, HasSubstr("pool desks is pinned to desk@2"));
  const auto follows = act<Pool>([&](Writer& w) { return unpinned(w, pool); });
  ASSERT_TRUE(run(ChangePool{*follows, admin_}).has_value());
  ASSERT_TRUE(retire_it(2));
  EXPECT_THAT(resolved("desk@2").error().message, HasSubstr("nothing is made from image desk@2: it is retired"));
  EXPECT_FALSE(publish_it(2));
  EXPECT_EQ(retire_it(2).error().code, Errc::kAlreadyExists);
  EXPECT_EQ(act<Pool>([&](Writer& w) { return pinned(w, pool, "desk", 2); }).error().code, Errc::kInvalidArgument);
}

TEST_F(ImagesTest, ThereIsAMostOfThem) {
  for (std::size_t i = 0; i < kMaxLiveVersions; ++i) ready("desk");
  const auto more = act<ImageVersion>([&](Writer& w) {
    return begin_import(
        w, {.image = "desk", .host = one_, .order = {.file = "f", .format = "raw"}, .notes = "", .by = "a"},
        clock_.wall());
  });
  EXPECT_EQ(more.error().code, Errc::kExhausted);
  ASSERT_TRUE(retire_it(1));
  EXPECT_EQ(ready("desk"), "desk@201");
}

TEST_F(ImagesTest, EveryChangeOfTheCatalogueIsNewToEveryHost) {
  const auto before = host(two_).revision;
  ready("desk");
  EXPECT_GT(host(two_).revision, before);
}

TEST_F(ImagesTest, ASignatureIsOfNameNumberAndDigest) {
  const HeadSigner signer = std::move(HeadSigner::create(std::string(64, '7'))).value();
  ImageVersion version{.image = "desk", .version = 3, .digest = std::string(64, 'a')};
  sign_image(signer, version);
  EXPECT_TRUE(verify_image(version, signer.public_key()));
  for (const auto& spoil : std::vector<std::function<void(ImageVersion&)>>{
           [](ImageVersion& v) { v.digest.back() = 'b'; }, [](ImageVersion& v) { v.version = 4; },
           [](ImageVersion& v) { v.image = "disk"; }, [](ImageVersion& v) { v.signature.clear(); }}) {
    ImageVersion other = version;
    spoil(other);
    EXPECT_THAT(verify_image(other, signer.public_key()).error().message, HasSubstr("was changed"));
  }
  EXPECT_THAT(verify_image(version, std::string(64, '0')).error().message, HasSubstr("another key"));
}

// ---- pools

TEST_F(ImagesTest, NewDesktopsAreMadeFromWhatIsPublishedAndOthersKeepTheirs) {
  ready("desk");
  ASSERT_TRUE(publish_it(1));
  const Pool pool = pool_of("desk");
  const Desktop first = assigned(alice_, pool);
  EXPECT_EQ(first.image, "desk@1");
  ready("desk");
  ASSERT_TRUE(publish_it(2));
  EXPECT_EQ(assigned(bob_, pool).image, "desk@2");
  sweep();
  EXPECT_EQ(desktop(first.id).image, "desk@1") << "never under a user";
  EXPECT_EQ(assigned(alice_, pool).id, first.id);
  ASSERT_TRUE(run(GiveBack{first.id, alice_.id, "logged off", {}}).has_value());
  EXPECT_EQ(assigned(alice_, pool).image, "desk@2") << "after log-off";
}

TEST_F(ImagesTest, SparesAreMadeAnewWhenSomeHostHasTheNewVersionAndNotBefore) {
  ready("desk");
  ASSERT_TRUE(publish_it(1));
  const Pool pool = pool_of("desk", PoolKind::kFloating, 1);
  sweep();
  ASSERT_EQ(spares(pool).size(), 1U);
  ready("desk");
  ASSERT_TRUE(publish_it(2));
  for (Node* node : {&one_, &two_}) facts_.connected[node->id].images.pop_back();
  sweep();
  ASSERT_EQ(spares(pool).size(), 1U);
  EXPECT_EQ(spares(pool).front().image, "desk@1") << "better an old one than none";
  facts_.connected[one_.id].images.emplace_back("desk@2");
  sweep();
  ASSERT_EQ(spares(pool).size(), 1U);
  EXPECT_EQ(spares(pool).front().image, "desk@2");
  EXPECT_EQ(spares(pool).front().host, one_.id);
}

TEST_F(ImagesTest, APinnedPoolStaysWhereItIs) {
  ready("desk");
  ready("desk");
  ASSERT_TRUE(publish_it(2));
  const Pool pool = pool_of("desk@1");
  EXPECT_EQ(assigned(alice_, pool).image, "desk@1");
}

TEST_F(ImagesTest, PoolsAsMadeNameWhatTheirDesktopsAreMadeOfNow) {
  ready("desk");
  ASSERT_TRUE(publish_it(1));
  const Pool follows = pool_of("desk");
  Pool gone = add_pool("gone", PoolKind::kFloating);
  gone.image = "desk@9";
  ASSERT_TRUE(run(ChangePool{gone, admin_}).has_value());
  std::map<std::string, std::string> made;
  for (const Pool& pool : get([](const Reader& r) { return pools_as_made(r); })) made[pool.name] = pool.image;
  EXPECT_EQ(made, (std::map<std::string, std::string>{{"desks", "desk@1"}, {"office", "debian"}}));
  EXPECT_EQ(follows.image, "desk") << "which is what is stored";
}

TEST_F(ImagesTest, AnImageThatTheCatalogueDoesNotHaveIsUsedAsItIs) {
  EXPECT_EQ(*resolved("debian"), "debian");
  EXPECT_EQ(assigned(alice_, office_).image, "debian");
  EXPECT_FALSE(resolved("debian@7"));
  EXPECT_FALSE(resolved("de@b@1"));
}

// ---- dedicated desktops

class RenewalTest : public ImagesTest {
 protected:
  RenewalTest() {
    ready("desk");
    EXPECT_TRUE(publish_it(1));
    pool_ = pool_of("desk", PoolKind::kDedicated);
    mine_ = assigned(alice_, pool_);
    ready("desk");
    EXPECT_TRUE(publish_it(2));
  }
  void renew_at_log_off() {
    pool_.renewal = Renewal::kAtLogOff;
    EXPECT_TRUE(run(ChangePool{pool_, admin_}).has_value());
  }
  void switch_off() {
    EXPECT_TRUE(store_.transact([this](Writer& w) { return w.set_power(mine_.id, Power::kOff); }));
  }
  Pool pool_;
  Desktop mine_;
};

TEST_F(RenewalTest, AKeptDesktopStaysAsItIsUnlessThePoolSaysOtherwise) {
  switch_off();
  sweep();
  EXPECT_EQ(desktop(mine_.id).image, "desk@1");
  EXPECT_THAT(audited("desktop.renew"), IsEmpty());
}

TEST_F(RenewalTest, ItMovesWhenItIsOffAndNeverWhileItRuns) {
  renew_at_log_off();
  sweep();
  EXPECT_EQ(desktop(mine_.id).image, "desk@1") << "it runs: perhaps somebody works there";
  switch_off();
  const Effects effects = sweep();
  const Desktop after = desktop(mine_.id);
  EXPECT_EQ(after.image, "desk@2");
  EXPECT_EQ(after.disk, 1U);
  EXPECT_EQ(after.epoch, mine_.epoch + 1);
  EXPECT_EQ(after.user, alice_.id);
  EXPECT_EQ(after.name, mine_.name);
  EXPECT_TRUE(effects.changed.contains(after.host));
  EXPECT_THAT(audited("desktop.renew"), ElementsAre(mine_.id.str()));
  sweep();
  EXPECT_EQ(desktop(mine_.id).disk, 1U) << "once";
}

TEST_F(RenewalTest, AtLogOffItIsStoppedForIt) {
  renew_at_log_off();
  const auto done = store_.transact([this](Writer& w) -> Result<void> {
    Step step{.writer = w, .now = clock_.wall(), .settings = settings_};
    TOBARI_ASSIGN(const bool renewed, renew_if_due(step, w.desktop(mine_.id).value(), facts_));
    EXPECT_TRUE(renewed);
    EXPECT_EQ(step.effects.ended.size(), 1U);
    return {};
  });
  ASSERT_TRUE(done);
  EXPECT_EQ(desktop(mine_.id).power, Power::kOff);
  EXPECT_EQ(desktop(mine_.id).image, "desk@2");
}

TEST_F(RenewalTest, ItMovesWhenItsUserHasLoggedOff) {
  renew_at_log_off();
  ASSERT_TRUE(run(LogOff{mine_.id, alice_.id, {"alice"}, facts()}).has_value());
  const Desktop after = desktop(mine_.id);
  EXPECT_EQ(after.image, "desk@2");
  EXPECT_EQ(after.disk, 1U);
  EXPECT_EQ(after.power, Power::kOff);
  EXPECT_EQ(after.user, alice_.id);
  EXPECT_THAT(audited("desktop.log_off"), ElementsAre(mine_.id.str()));
}

TEST_F(RenewalTest, ItMovesWhenItsHostSaysThatTheGuestsSessionIsOver) {
  renew_at_log_off();
  const Node& there = mine_.host == one_.id ? one_ : two_;
  const HostReported said{.host = mine_.host,
                          .revision = host(there).revision,
                          .desktops = {{.id = mine_.id, .epoch = mine_.epoch, .logged_off = true}},
                          .removed_disks = {},
                          .facts = facts()};
  ASSERT_TRUE(run(said).has_value());
  EXPECT_EQ(desktop(mine_.id).image, "desk@2");
  ASSERT_TRUE(run(said).has_value());
  EXPECT_EQ(desktop(mine_.id).disk, 1U) << "what the host says of the one before means nothing any more";
}

TEST_F(RenewalTest, WhatIsSavedHasItsUserInIt) {
  renew_at_log_off();
  EXPECT_TRUE(store_.transact([this](Writer& w) { return w.put_to_rest(mine_.id, Rest::kSaved, false); }));
  sweep();
  EXPECT_EQ(desktop(mine_.id).image, "desk@1");
  switch_off();
  sweep();
  EXPECT_EQ(desktop(mine_.id).image, "desk@2");
}

TEST_F(RenewalTest, NotBeforeItsHostHasTheImage) {
  renew_at_log_off();
  switch_off();
  std::erase(facts_.connected[mine_.host].images, "desk@2");
  sweep();
  EXPECT_EQ(desktop(mine_.id).image, "desk@1");
}

// ---- room

TEST_F(ImagesTest, AHostWhoseDisksAreFullGetsNothingNew) {
  for (Node* node : {&one_, &two_}) facts_.connected[node->id].no_room = "no room: /srv/disks is full";
  const auto refused = assign(alice_, office_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kExhausted);
  EXPECT_THAT(refused.error().message, HasSubstr("/srv/disks is full"));
  facts_.connected[two_.id].no_room.clear();
  EXPECT_EQ(assigned(alice_, office_).host, two_.id);
}

}  // namespace
}  // namespace tobari::broker::control
