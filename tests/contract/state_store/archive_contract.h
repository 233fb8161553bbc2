// SPDX-License-Identifier: GPL-3.0-or-later
// A database with something in most tables, and what becomes of its backup.
#pragma once

#include <format>
#include <string>

#include "contract.h"
#include "store/archive.h"
#include "store/sql_session.h"

namespace tobari::broker {

class ArchiveContract : public SqlStoreContract {
 protected:
  // Something in most tables; a spare has no user.
  void fill() {
    const auto store = open();
    const auto done = store->act([this](Writer& w) -> Result<AuditDraft> {
      TOBARI_TRY(w.add_user(alice_));
      TOBARI_TRY(w.add_token({"token", alice_.id, samples::kNow}));
      TOBARI_TRY(w.add_node(host_));
      TOBARI_TRY(w.add_pool(office_));
      TOBARI_TRY(w.add_desktop(pc_));
      Desktop spare = samples::desktop(alice_, host_, "spare");
      spare.user = {};
      spare.pool = office_.id;
      TOBARI_TRY(w.add_desktop(spare));
      TOBARI_TRY(w.add_session(samples::session(pc_, "route")));
      TOBARI_TRY(w.add_bytes_moved(alice_.id, "clipboard.to_guest", 100, 5'000'000'000));
      TOBARI_TRY(w.set_approved_policy("abc"));
      TOBARI_TRY(w.add_image({.name = "debian", .published = 1, .newest = 1}));
      TOBARI_TRY(w.add_image_version({.image = "debian", .version = 1, .state = ImageState::kReady, .host = host_.id}));
      return samples::draft("fill it: caf\xc3\xa9");
    });
    ASSERT_TRUE(done.has_value()) << describe(done.error());
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(add_user(*store, std::format("user{}", i)).has_value());
  }
  void expect_filled(const Database& database) {
    const auto opened = SqlStore::open(database, clock_);
    ASSERT_TRUE(opened.has_value()) << describe(opened.error());
    SqlStore& store = **opened;
    EXPECT_EQ(count_users(store), 21U);
    const auto desktops = store.get([](const Reader& r) { return r.desktops(); });
    ASSERT_EQ(desktops->size(), 2U);
    EXPECT_EQ(desktops->front().user, alice_.id);
    EXPECT_TRUE(desktops->back().user.empty());
    EXPECT_EQ(desktops->back().pool_name, "office");
    EXPECT_EQ(store.get([](const Reader& r) { return r.session_by_route("route"); })->desktop, pc_.id);
    EXPECT_EQ(store.get([this](const Reader& r) { return r.host(host_.id); })->desktops, 2U);
    EXPECT_EQ(
        store.get([this](const Reader& r) { return r.bytes_moved(alice_.id, "clipboard.to_guest", 100); }).value(),
        5'000'000'000U);
    EXPECT_EQ(store.get([](const Reader& r) { return r.approved_policy(); }).value(), "abc");
    EXPECT_EQ(store.get([](const Reader& r) { return r.image_version("debian", 1); })->state, ImageState::kPublished);
    EXPECT_EQ(verified(store), 22U);
    const auto last = store.get([](const Reader& r) { return r.audit_after(21, 1); });
    EXPECT_EQ(last->front().draft.action, "database.restore");
    EXPECT_TRUE(add_user(store, "later").has_value());
  }
  [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "backup"; }
  [[nodiscard]] Database elsewhere() const { return Database::sqlite(elsewhere_.path() / "state.db"); }
  // What somebody does to a backup who knows SQLite.
  void alter(const std::string& statement) {
    const auto opened = SqlSession::open(Database::sqlite(file()), Purpose::kArchive);
    ASSERT_TRUE(opened.has_value());
    (*opened)->soci() << statement;
  }
  void expect_refused(Errc code, const char* why) {
    const auto refused = restore(file(), elsewhere(), clock_);
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, code) << refused.error().message;
    EXPECT_THAT(refused.error().message, ::testing::HasSubstr(why));
    EXPECT_FALSE(std::filesystem::exists(elsewhere().file())) << "nothing is left of it";
    EXPECT_TRUE(std::filesystem::is_empty(elsewhere_.path()));
  }

  samples::Folder elsewhere_;
  const User alice_ = samples::user("alice");
  const Node host_ = samples::host("host-1");
  const Pool office_ = samples::pool("office");
  const Desktop pc_ = samples::desktop(alice_, host_, "pc");
};

}  // namespace tobari::broker
