// SPDX-License-Identifier: GPL-3.0-or-later
// Backups of every database, and what is let in again.
#include "archive_contract.h"

#include <atomic>
#include <format>
#include <fstream>
#include <thread>

#include <sys/stat.h>

#include "store/migrations.h"

namespace tobari::broker {
namespace {

using namespace samples;

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

TEST_P(ArchiveContract, OfNothingThereIsNoBackup) {
  EXPECT_EQ(back_up(database_, file()).error().code, Errc::kNotFound);
  EXPECT_FALSE(std::filesystem::exists(file()));
  EXPECT_FALSE(database_.engine() == Engine::kSqlite && std::filesystem::exists(database_.file()));
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
