// SPDX-License-Identifier: GPL-3.0-or-later
// What only a database can do wrong: restarts, full disks, tampering, other schemas.
#include "store/sql_store.h"

#include <format>
#include <functional>
#include <thread>

#include <gmock/gmock.h>
#include <sys/stat.h>

#include "core/audit_chain.h"
#include "samples.h"

namespace tobari::broker {
namespace {

using namespace samples;
using ::testing::HasSubstr;

class SqlStoreTest : public ::testing::Test {
 protected:
  [[nodiscard]] std::filesystem::path file() const { return folder_.path() / "state.db"; }
  [[nodiscard]] std::unique_ptr<SqlStore> open() { return std::move(SqlStore::open(file(), clock_)).value(); }
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

TEST_F(SqlStoreTest, SurvivesARestartAndIsPrivate) {
  ASSERT_TRUE(add_user(*open(), "alice").has_value());
  auto again = open();
  EXPECT_EQ(count_users(*again), 1U);
  struct stat info{};
  ASSERT_EQ(::stat(file().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0600U);
}

TEST_F(SqlStoreTest, AFullDiskChangesNothingAndRecoversByItself) {
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

TEST_F(SqlStoreTest, TheAuditCannotBeChangedOrRemoved) {
  auto store = open();
  ASSERT_TRUE(add_user(*store, "alice").has_value());
  EXPECT_FALSE(store->execute("UPDATE audit SET actor = 'nobody'").has_value());
  EXPECT_FALSE(store->execute("DELETE FROM audit").has_value());
  EXPECT_EQ(store->get([](const Reader& r) { return r.audit_after(0, 10); })->size(), 1U);
}

TEST_F(SqlStoreTest, WhoTakesTheTriggersAwayIsStillFound) {
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

// Schema 1 held users to one desktop, and sessions knew one.
TEST_F(SqlStoreTest, WhatSchemaOneHeldIsKeptAndAUserMayHaveAnotherDesktop) {
  const User alice = user("alice");
  const Node node = host("host-1");
  const Desktop pc = desktop(alice, node, "pc");
  const Session before = session(pc, "route");
  const auto act = [](SqlStore& store, const std::function<Result<void>(Writer&)>& body) {
    return store.act([&body](Writer& w) -> Result<AuditDraft> {
      TOBARI_TRY(body(w));
      return draft("test");
    });
  };
  {
    auto store = open();
    const auto filled = act(*store, [&](Writer& w) -> Result<void> {
      TOBARI_TRY(w.add_user(alice));
      TOBARI_TRY(w.add_node(node));
      TOBARI_TRY(w.add_desktop(pc));
      return w.add_session(before);
    });
    ASSERT_TRUE(filled.has_value());
    for (const char* back :
         {"CREATE TABLE old (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL UNIQUE REFERENCES "
          "users(id), host_id TEXT NOT NULL REFERENCES nodes(id), image TEXT NOT NULL, vcpus INTEGER NOT NULL, "
          "memory_mib INTEGER NOT NULL, power TEXT NOT NULL, epoch BIGINT NOT NULL)",
          "INSERT INTO old SELECT id, name, user_id, host_id, image, vcpus, memory_mib, power, epoch FROM desktops",
          "DROP TABLE desktops", "DROP TABLE hosts", "DROP TABLE pools", "ALTER TABLE old RENAME TO desktops",
          "CREATE INDEX desktops_by_host ON desktops(host_id)", "ALTER TABLE sessions DROP COLUMN further_desktops",
          "DROP INDEX sessions_by_state", "ALTER TABLE sessions DROP COLUMN access", "DROP TABLE moved",
          "DROP TABLE policy_proposals", "DROP TABLE approved_policy",
          "DELETE FROM schema_version WHERE version >= 2"}) {
      ASSERT_TRUE(store->execute(back).has_value()) << back;
    }
  }
  auto store = open();
  EXPECT_EQ(store->get([&pc](const Reader& r) { return r.desktop(pc.id); })->name, "pc");
  const auto known = store->get([&node](const Reader& r) { return r.host(node.id); });
  EXPECT_EQ(known->promised_mib, pc.memory_mib);
  EXPECT_EQ(known->revision, kFirstRevision);
  EXPECT_TRUE(store->get([&before](const Reader& r) { return r.session(before.id); })->further.empty());
  EXPECT_TRUE(act(*store, [&](Writer& w) { return w.add_desktop(desktop(alice, node, "second")); }).has_value());
  EXPECT_FALSE(act(*store, [&](Writer& w) { return w.remove_user(alice.id); }).has_value()) << "still referred to";
}

TEST_F(SqlStoreTest, ANewerSchemaIsRefusedWithAdvice) {
  ASSERT_TRUE(open()->execute("INSERT INTO schema_version (version) VALUES (999)").has_value());
  const auto refused = SqlStore::open(file(), clock_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("run the newer tobari-broker"));
}

TEST_F(SqlStoreTest, AFileThatIsNoDatabaseIsRefused) {
  {
    std::unique_ptr<std::FILE, int (*)(std::FILE*)> out(std::fopen(file().c_str(), "w"), &std::fclose);
    std::fputs("this is certainly not a database, and long enough to be looked at as one", out.get());
  }
  EXPECT_FALSE(SqlStore::open(file(), clock_).has_value());
}

TEST_F(SqlStoreTest, ErrorsDoNotQuoteValues) {
  auto store = open();
  ASSERT_TRUE(store->execute("DROP TABLE users").has_value());
  const auto refused = add_user(*store, "secret-value");
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, ::testing::Not(HasSubstr("secret-value")));
}

TEST_F(SqlStoreTest, ManyThreadsMakeOneChain) {
  auto store = open();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&store, t] {
        for (int i = 0; i < 25; ++i) {
          EXPECT_TRUE(add_user(*store, std::format("u{}-{}", t, i)).has_value());
          EXPECT_FALSE(store->get([](const Reader& r) { return r.users(); })->empty());
        }
      });
    }
  }
  ChainHead head;
  const auto records = store->get([](const Reader& r) { return r.audit_after(0, 1000); });
  EXPECT_TRUE(verify_chain(*records, head).has_value());
  EXPECT_EQ(head.sequence, 100U);
}

}  // namespace
}  // namespace tobari::broker
