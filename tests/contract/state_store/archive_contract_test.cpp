// SPDX-License-Identifier: GPL-3.0-or-later
// Backups of every database, and what is let in again.
#include <atomic>
#include <format>
#include <fstream>
#include <thread>

#include <sys/stat.h>

#include "contract.h"
#include "store/archive.h"
#include "store/migrations.h"

namespace tobari::broker {
namespace {

using namespace samples;
using ::testing::HasSubstr;

class ArchiveContract : public SqlStoreContract {
 protected:
  // Something in most tables; a spare has no user.
  void fill() {
    const auto store = open();
    const auto done = store->act([this](Writer& w) -> Result<AuditDraft> {
      TOBARI_TRY(w.add_user(alice_));
      TOBARI_TRY(w.add_token({"token", alice_.id, kNow}));
      TOBARI_TRY(w.add_node(host_));
      TOBARI_TRY(w.add_pool(office_));
      TOBARI_TRY(w.add_desktop(pc_));
      Desktop spare = desktop(alice_, host_, "spare");
      spare.user = {};
      spare.pool = office_.id;
      TOBARI_TRY(w.add_desktop(spare));
      TOBARI_TRY(w.add_session(session(pc_, "route")));
      TOBARI_TRY(w.add_bytes_moved(alice_.id, "clipboard.to_guest", 100, 5'000'000'000));
      TOBARI_TRY(w.set_approved_policy("abc"));
      return draft("fill it: caf\xc3\xa9");
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
    EXPECT_THAT(refused.error().message, HasSubstr(why));
    EXPECT_FALSE(std::filesystem::exists(elsewhere().file())) << "nothing is left of it";
    EXPECT_EQ(std::ranges::distance(std::filesystem::directory_iterator(elsewhere_.path()), {}), 0);
  }

  Folder elsewhere_;
  const User alice_ = user("alice");
  const Node host_ = host("host-1");
  const Pool office_ = pool("office");
  const Desktop pc_ = desktop(alice_, host_, "pc");
};

TEST_P(ArchiveContract, ComesBackInEveryEngine) {
  fill();
  const auto made = back_up(database_, file());
  ASSERT_TRUE(made.has_value()) << describe(made.error());
  EXPECT_EQ(made->audit.sequence, 21U);
  struct stat info{};
  ASSERT_EQ(::stat(file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
  const Database same = GetParam().make(elsewhere_);
  for (const Database& to : {same, Database::sqlite(elsewhere_.path() / "another.db")}) {
    const auto restored = restore(file(), to, clock_);
    ASSERT_TRUE(restored.has_value()) << describe(restored.error());
    EXPECT_EQ(restored->rows, made->rows);
    EXPECT_EQ(restored->audit.hash, made->audit.hash);
    expect_filled(to);
  }
}

TEST_P(ArchiveContract, ABackupWhileBrokersWriteIsOfOneMoment) {
  const auto store = open();
  ASSERT_TRUE(add_user(*store, "first").has_value());
  std::atomic<bool> enough = false;
  std::jthread writer([&] {
    for (int i = 0; !enough; ++i) EXPECT_TRUE(add_user(*store, std::format("u{}", i)).has_value());
  });
  for (int i = 0; i < 3; ++i) {
    const Database copy = Database::sqlite(elsewhere_.path() / std::format("copy{}", i));
    const auto backup = folder_.path() / std::format("backup{}", i);
    const auto made = back_up(database_, backup);
    ASSERT_TRUE(made.has_value()) << describe(made.error());
    ASSERT_TRUE(restore(backup, copy, clock_).has_value());
    const auto restored = SqlStore::open(copy, clock_).value();
    EXPECT_EQ(count_users(*restored), made->audit.sequence) << "each user came with a record";
  }
  enough = true;
}

TEST_P(ArchiveContract, NothingIsOverwritten) {
  fill();
  ASSERT_TRUE(back_up(database_, file()).has_value());
  const auto size = std::filesystem::file_size(file());
  EXPECT_EQ(back_up(database_, file()).error().code, Errc::kAlreadyExists);
  EXPECT_EQ(std::filesystem::file_size(file()), size);
  EXPECT_EQ(restore(file(), database_, clock_).error().code, Errc::kAlreadyExists);
  const auto store = open();
  EXPECT_EQ(verified(*store), 21U);
}

TEST_P(ArchiveContract, AnOlderSchemaIsBroughtUpToDate) {
  ASSERT_TRUE(add_user(*open(), "alice").has_value());
  ASSERT_TRUE(migrate(*SqlSession::open(database_, Purpose::kMaintain).value(), 3).has_value());
  const auto made = back_up(database_, file());
  ASSERT_TRUE(made.has_value()) << describe(made.error());
  EXPECT_EQ(made->schema, 3);
  ASSERT_TRUE(restore(file(), elsewhere(), clock_).has_value());
  EXPECT_EQ(count_users(*SqlStore::open(elsewhere(), clock_).value()), 1U);
}

TEST_P(ArchiveContract, WhatWasAlteredIsNotLetIn) {
  fill();
  ASSERT_TRUE(back_up(database_, file()).has_value());
  alter("DROP TRIGGER audit_is_append_only_update");
  alter("UPDATE audit SET detail = 'harmless' WHERE sequence = 5");
  expect_refused(Errc::kInvalidArgument, "audit record 5 was changed");
}

TEST_P(ArchiveContract, WhatRefersToNothingIsNotLetIn) {
  fill();
  ASSERT_TRUE(back_up(database_, file()).has_value());
  alter("PRAGMA foreign_keys = OFF");  // of another connection: this one needs it in the same
  {
    const auto session = SqlSession::open(Database::sqlite(file()), Purpose::kArchive).value();
    session->soci() << "PRAGMA foreign_keys = OFF";
    session->soci() << "DELETE FROM users WHERE name = 'alice'";
  }
  expect_refused(Errc::kInvalidArgument, "refer to what is not there");
}

TEST_P(ArchiveContract, ANewerTobarisBackupIsNotLetIn) {
  fill();
  ASSERT_TRUE(back_up(database_, file()).has_value());
  alter("INSERT INTO schema_version (version) VALUES (999)");
  expect_refused(Errc::kInvalidArgument, "schema 999");
}

TEST_P(ArchiveContract, WhatIsNoBackupIsNotLetIn) {
  expect_refused(Errc::kNotFound, "is no file");
  std::ofstream(file()) << "this is certainly not a database, and long enough to be looked at as one";
  expect_refused(Errc::kIo, "the backup cannot be read");
  std::filesystem::remove(file());
  alter("CREATE TABLE something (id INTEGER PRIMARY KEY)");
  expect_refused(Errc::kInvalidArgument, "no backup of tobari-broker");
}

TEST_P(ArchiveContract, HalfAFileIsNotLetIn) {
  fill();
  ASSERT_TRUE(back_up(database_, file()).has_value());
  std::filesystem::resize_file(file(), std::filesystem::file_size(file()) / 2);
  const auto refused = restore(file(), elsewhere(), clock_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_FALSE(std::filesystem::exists(elsewhere().file()));
}

}  // namespace
}  // namespace tobari::broker
