// SPDX-License-Identifier: GPL-3.0-or-later
// What only a file can do wrong: be read by others, be full, be tampered with, be no database.
#include <fcntl.h>
#include <format>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <tobari/base/unique_fd.h>

#include "core/audit_chain.h"
#include "samples.h"
#include "store/sql_store.h"

namespace tobari::broker {
namespace {

using namespace samples;
using ::testing::HasSubstr;

class SqliteStoreTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "state.db"; }
  [[nodiscard]] std::unique_ptr<SqlStore> open() {
    return std::move(SqlStore::open(Database::sqlite(file()), clock_)).value();
  }
  static Result<void> add_user(SqlStore& store, const std::string& name) {
    return store.act([&name](Writer& w) -> Result<AuditDraft> {
      TOBARI_TRY(w.add_user(user(name)));
      return draft("user.create");
    });
  }
  static std::size_t count_users(SqlStore& store) {
    return store.get([](const Reader& r) { return r.users(); })->size();
  }

  ManualClock clock_;
  Folder folder_;
};

TEST_F(SqliteStoreTest, IsPrivate) {
  ASSERT_TRUE(add_user(*open(), "alice").has_value());
  auto again = open();
  EXPECT_EQ(count_users(*again), 1U);
  struct stat info{};
  ASSERT_EQ(::stat(file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

// Else another program that opens and closes the file deletes the journal, with what was acknowledged since.
TEST_F(SqliteStoreTest, StaysLockedWhenItIsOpenedAgain) {
  const auto store = open();
  ASSERT_TRUE(add_user(*store, "alice").has_value());
  const auto again = open();
  ASSERT_TRUE(add_user(*again, "bob").has_value());
  const UniqueFd other(::open(file().c_str(), O_RDWR | O_CLOEXEC));
  struct flock asked{};
  asked.l_type = F_WRLCK;
  asked.l_whence = SEEK_SET;
  asked.l_start = 0x40000002;  // SQLite's bytes for those who read
  asked.l_len = 510;
  ASSERT_EQ(::fcntl(other.get(), F_OFD_GETLK, &asked), 0);
  EXPECT_EQ(asked.l_type, F_RDLCK);
}

TEST_F(SqliteStoreTest, AFullDiskChangesNothingAndRecoversByItself) {
  auto store = open();
  ASSERT_TRUE(add_user(*store, "first").has_value());
  ASSERT_TRUE(store->execute("PRAGMA max_page_count = 1").has_value());  // clamped to the pages in use
  std::size_t added = 1;
  Result<void> last;
  for (int i = 0; i < 2000 && last.has_value(); ++i) {
    last = add_user(*store, std::format("user{}", i));
    if (last.has_value()) ++added;
  }
  ASSERT_FALSE(last.has_value());
  EXPECT_EQ(last.error().code, Errc::kIo);
  EXPECT_THAT(last.error().message, HasSubstr("disk is full"));
  EXPECT_EQ(count_users(*store), added);
  EXPECT_EQ(store->get([](const Reader& r) { return r.audit_after(0, 1000); })->size(), added);

  ASSERT_TRUE(store->execute("PRAGMA max_page_count = 100000").has_value());
  EXPECT_TRUE(add_user(*store, "later").has_value());
  EXPECT_EQ(count_users(*store), added + 1);
}

TEST_F(SqliteStoreTest, WhoTakesTheTriggersAwayIsStillFound) {
  auto store = open();
  for (const char* name : {"a", "b", "c"}) ASSERT_TRUE(add_user(*store, name).has_value());
  ASSERT_TRUE(store->execute("DROP TRIGGER audit_is_append_only_update").has_value());
  ASSERT_TRUE(store->execute("UPDATE audit SET detail = 'harmless' WHERE sequence = 2").has_value());
  ChainHead head;
  const auto records = store->get([](const Reader& r) { return r.audit_after(0, 10); });
  const auto verdict = verify_chain(*records, head);
  ASSERT_FALSE(verdict.has_value());
  EXPECT_THAT(verdict.error().message, HasSubstr("record 2 was changed"));
}

TEST_F(SqliteStoreTest, AFileThatIsNoDatabaseIsRefused) {
  {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen(file().c_str(), "w"), &std::fclose);
    std::fputs("this is certainly not a database, and long enough to be looked at as one", out.get());
  }
  EXPECT_FALSE(SqlStore::open(Database::sqlite(file()), clock_).has_value());
}

}  // namespace
}  // namespace tobari::broker
