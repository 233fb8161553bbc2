// SPDX-License-Identifier: GPL-3.0-or-later
// What only a server can do wrong: be away, hang, be killed, turn a transaction down, lose the line in a commit.
#include <atomic>
#include <chrono>
#include <format>
#include <latch>
#include <mutex>
#include <set>
#include <thread>

#include "contract.h"
#include "postgres/cut_line.h"
#include "postgres/postgres_server.h"
#include "store/migrations.h"
#include "the_server.h"

namespace tobari::broker {
namespace {

using namespace std::chrono_literals;
using namespace samples;
using test::PostgresServer;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kRecovery = 5s;  // the longest after the database is back

class PostgresStoreTest : public ::testing::Test {
 protected:
  static PostgresServer& server() { return the_server(); }
  [[nodiscard]] std::unique_ptr<SqlStore> open() { return std::move(SqlStore::open(database_, clock_)).value(); }
  static Result<void> add_user(StateStore& store, const std::string& name) {
    return store.act([&name](Writer& w) -> Result<AuditDraft> {
      TOBARI_TRY(w.add_user(user(name)));
      return draft(name);
    });
  }
  static Result<std::vector<User>> users(StateStore& store) {
    return store.get([](const Reader& r) { return r.users(); });
  }
  static std::set<std::string> names(StateStore& store) {
    std::set<std::string> all;
    const auto found = users(store);
    for (const User& each : *found) all.insert(each.name);
    return all;
  }
  static void expect_whole(StateStore& store, std::size_t records) {
    ChainHead head;
    const auto all = store.get([](const Reader& r) { return r.audit_after(0, kMaxAuditPage); });
    ASSERT_TRUE(all.has_value());
    EXPECT_TRUE(verify_chain(*all, head).has_value());
    EXPECT_EQ(all->size(), records);
  }
  // How long it took until `body` was true.
  template <class Body>
  static std::chrono::milliseconds until(Body&& body) {
    const auto began = std::chrono::steady_clock::now();
    while (!body() && std::chrono::steady_clock::now() - began < 30s) std::this_thread::yield();
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() - began);
  }
  void run(const std::string& statements) {
    const auto done = server().run(url_, statements);
    ASSERT_TRUE(done.has_value()) << describe(done.error());
  }

  // Of the database.
  [[nodiscard]] std::string name() const {
    const auto from = url_.find("@/") + 2;
    return url_.substr(from, url_.find('?') - from);
  }

  ManualClock clock_;
  const std::string url_ = server().new_database().value();
  const Database database_ = Database::postgres(url_).value();
};

TEST_F(PostgresStoreTest, AwayItSaysSoAtOnceAndComesBackByItself) {
  const auto store = open();
  ASSERT_TRUE(add_user(*store, "before").has_value());
  server().stop();
  for (int i = 0; i < 3; ++i) {
    const auto began = std::chrono::steady_clock::now();
    const auto act = add_user(*store, "meanwhile");
    const auto read = users(*store);
    EXPECT_LT(std::chrono::steady_clock::now() - began, kRecovery);
    ASSERT_FALSE(act.has_value());
    ASSERT_FALSE(read.has_value());
    EXPECT_EQ(act.error().code, Errc::kUnavailable);
    EXPECT_EQ(read.error().code, Errc::kUnavailable);
    EXPECT_THAT(act.error().message, HasSubstr("the database cannot be reached, nothing was changed"));
  }
  ASSERT_TRUE(server().start_again().has_value());
  EXPECT_LT(until([&] { return users(*store).has_value(); }), kRecovery);
  EXPECT_LT(until([&] { return add_user(*store, "after").has_value(); }), kRecovery);
  EXPECT_EQ(names(*store), (std::set<std::string>{"after", "before"}));
  expect_whole(*store, 2);
}

TEST_F(PostgresStoreTest, AServerThatHangsIsGivenUpAndTakenBack) {
  constexpr auto kPatience = 600ms;
  const auto store = SqlStore::open(database_, clock_, kPatience).value();
  ASSERT_TRUE(add_user(*store, "before").has_value());
  server().freeze(true);
  const auto began = std::chrono::steady_clock::now();
  const auto act = add_user(*store, "meanwhile");
  const auto took = std::chrono::steady_clock::now() - began;
  EXPECT_GE(took, kPatience);
  EXPECT_LT(took, kPatience + kRecovery) << "and an attempt to connect";
  ASSERT_FALSE(act.has_value());
  EXPECT_EQ(act.error().code, Errc::kUnavailable);
  server().freeze(false);
  EXPECT_LT(until([&] { return add_user(*store, "after").has_value(); }), kRecovery);
  EXPECT_EQ(names(*store), (std::set<std::string>{"after", "before"}));
  expect_whole(*store, 2);
}

// Two brokers write while the server is killed again and again. What was acknowledged is there, what was not may be.
TEST_F(PostgresStoreTest, WhatWasAcknowledgedSurvivesAKilledServer) {
  constexpr int kKills = 2;
  const auto first = open();
  const auto second = open();
  std::atomic<bool> enough = false;
  std::atomic<int> acknowledged = 0;
  std::mutex mutex;
  std::set<std::string> told;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t) {
      threads.emplace_back([&, &store = t % 2 == 0 ? *first : *second, t] {
        for (int i = 0; !enough; ++i) {
          const std::string name = std::format("u{}-{}", t, i);
          if (!add_user(store, name).has_value()) continue;
          ++acknowledged;
          const std::scoped_lock lock(mutex);
          told.insert(name);
        }
      });
    }
    for (int kill = 1; kill <= kKills; ++kill) {
      const int before = acknowledged;
      until([&] { return acknowledged > before + 20; });
      server().kill();
      ASSERT_TRUE(server().start_again().has_value());
    }
    const int before = acknowledged;
    EXPECT_LT(until([&] { return acknowledged > before + 20; }), kRecovery);
    enough = true;
  }
  // One of them may have done all of this while the other still tells everybody to come again.
  ASSERT_LT(until([&] { return users(*first).has_value() && users(*second).has_value(); }), kRecovery);
  const std::set<std::string> there = names(*first);
  EXPECT_THAT(told, ::testing::IsSubsetOf(there));
  EXPECT_GE(told.size(), 20U * kKills);
  ChainHead head;
  std::uint64_t records = 0;
  for (;;) {
    const auto page = second->get([&head](const Reader& r) { return r.audit_after(head.sequence, kMaxAuditPage); });
    ASSERT_TRUE(page.has_value()) << describe(page.error());
    if (page->empty()) break;
    ASSERT_TRUE(verify_chain(*page, head).has_value());
    records += page->size();
  }
  EXPECT_EQ(records, there.size()) << "an act and its record are one";
}

TEST_F(PostgresStoreTest, AnActThatLostAgainstAnotherIsRunAgain) {
  const auto store = open();
  for (const char* state : {"40001", "40P01"}) {
    run(std::format(
        "CREATE SEQUENCE turned_down_{0}; CREATE FUNCTION turn_down_{0}() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "IF nextval('turned_down_{0}') <= 3 THEN RAISE EXCEPTION 'lost' USING ERRCODE = '{0}'; END IF; "
        "RETURN NEW; END $$; CREATE OR REPLACE TRIGGER lose BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION "
        "turn_down_{0}()",
        state));
    int runs = 0;
    const auto done = store->act([&runs, state](Writer& w) -> Result<AuditDraft> {
      ++runs;
      TOBARI_TRY(w.add_user(user(std::format("user{}", state))));
      return draft(state);
    });
    ASSERT_TRUE(done.has_value()) << describe(done.error());
    EXPECT_EQ(runs, 4);
  }
  expect_whole(*store, 2);
}

TEST_F(PostgresStoreTest, RunningAgainHasABound) {
  const auto store = open();
  run("CREATE FUNCTION turn_down() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'lost' USING ERRCODE = "
      "'40001'; END $$; CREATE TRIGGER lose BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION turn_down()");
  int runs = 0;
  const auto lost = store->act([&runs](Writer& w) -> Result<AuditDraft> {
    ++runs;
    TOBARI_TRY(w.add_user(user("alice")));
    return draft("test");
  });
  EXPECT_EQ(runs, SqlStore::kMaxRuns);
  ASSERT_FALSE(lost.has_value());
  EXPECT_EQ(lost.error().code, Errc::kUnavailable);
  EXPECT_THAT(lost.error().message, HasSubstr("try again"));
  expect_whole(*store, 0);
}

// A broker that stops in the middle of an act holds up the others for three seconds, and its act did not happen.
TEST_F(PostgresStoreTest, ABrokerThatStopsInAnActIsCutOff) {
  const auto stopped = open();
  const auto other = open();
  std::latch inside(1);
  std::latch go_on(1);
  Result<void> late;
  std::jthread thread([&] {
    late = stopped->act([&](Writer& w) -> Result<AuditDraft> {
      TOBARI_TRY(w.add_user(user("late")));
      inside.count_down();
      go_on.wait();
      return draft("late");
    });
  });
  inside.wait();
  EXPECT_LT(until([&] { return add_user(*other, "other").has_value(); }), kRecovery);
  go_on.count_down();
  thread.join();
  ASSERT_FALSE(late.has_value());
  EXPECT_EQ(late.error().code, Errc::kUnavailable);
  EXPECT_EQ(names(*other), std::set<std::string>{"other"});
  EXPECT_TRUE(add_user(*stopped, "later").has_value()) << "it goes on with a new connection";
  expect_whole(*other, 2);
}

// The line breaks while the server commits: nobody told the broker what became of it, and it finds out.
class InDoubt : public PostgresStoreTest {
 protected:
  // An act whose commit takes a moment, in which the line is cut. `end`: of the trigger that runs in the commit.
  Result<void> act_without_an_answer(const char* end) {
    auto store = SqlStore::open(Database::postgres(through_).value(), clock_).value();
    run(std::string("CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.5); ") +
        end +
        " RETURN NULL; END $$; CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED "
        "FOR EACH ROW EXECUTE FUNCTION linger()");
    Result<void> done;
    {
      std::jthread thread([&] { done = add_user(*store, "alice"); });
      until([this] {
        return server().run(url_, "SELECT COUNT(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'").value_or("") ==
               "1";
      });
      line_->cut();
    }
    return done;
  }

  Folder folder_;
  const std::string through_ = "postgresql://postgres@/" + name() + "?host=" + folder_.path().string();
  const std::unique_ptr<test::CutLine> line_ =
      std::move(test::CutLine::start(folder_.path(), server().folder())).value();
};

TEST_F(InDoubt, WhatWasCommittedIsAcknowledged) {
  const auto done = act_without_an_answer("");
  EXPECT_TRUE(done.has_value()) << describe(done.error());
  const auto store = open();
  EXPECT_EQ(names(*store), std::set<std::string>{"alice"});
  expect_whole(*store, 1);
}

TEST_F(InDoubt, WhatWasNotIsNot) {
  const auto done = act_without_an_answer("RAISE EXCEPTION 'no';");
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().code, Errc::kUnavailable);
  EXPECT_THAT(done.error().message, HasSubstr("nothing was changed"));
  const auto store = open();
  EXPECT_EQ(names(*store), std::set<std::string>());
  expect_whole(*store, 0);
}

TEST_F(PostgresStoreTest, TheSchemaIsNotChangedUnderABrokerThatServes) {
  const auto serving = open();
  ASSERT_TRUE(users(*serving).has_value());
  const auto session = SqlSession::open(database_, Purpose::kMaintain).value();
  const auto refused = migrate(*session, newest_schema() - 1);
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, HasSubstr("stop them first"));
  EXPECT_EQ(schema_version(*session).value(), newest_schema());
}

TEST_F(PostgresStoreTest, SeveralBrokersMayStartAtOnceOnAnEmptyDatabase) {
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      const auto opened = SqlStore::open(database_, clock_);
      EXPECT_TRUE(opened.has_value()) << describe(opened.error());
    });
  }
}

// As a standby does not, and a primary that was told so before a failover.
TEST_F(PostgresStoreTest, AServerThatTakesNoWritesIsNotUsed) {
  run("ALTER DATABASE " + name() + " SET default_transaction_read_only = on");
  const auto refused = SqlStore::open(database_, clock_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kUnavailable);
}

TEST_F(PostgresStoreTest, WritesWithoutWaitingForTheDiskAreNotAllowedByTheServersConfiguration) {
  run("ALTER DATABASE " + name() + " SET synchronous_commit = off");
  const auto session = SqlSession::open(database_, Purpose::kServe).value();
  std::string value;
  session->soci() << "SHOW synchronous_commit", soci::into(value);
  EXPECT_EQ(value, "on");
}

TEST(PostgresAddress, IsShownWithoutItsPassword) {
  const auto database = Database::postgres("postgresql://tobari:s3cret@db1.example.org,db2:5433/state?sslmode=require");
  ASSERT_TRUE(database.has_value());
  EXPECT_EQ(database->where(), "postgresql://tobari@db1.example.org,db2:,5433/state");
  EXPECT_THAT(database->address(), HasSubstr("s3cret"));
  EXPECT_THAT(database->address(), HasSubstr("sslmode=require"));
  EXPECT_THAT(database->address(), HasSubstr("target_session_attrs=read%2Dwrite"));
}

TEST(PostgresAddress, OfAnotherMachineMustShowACertificate) {
  EXPECT_THAT(Database::postgres("postgresql://u@db.example.org/x")->address(), HasSubstr("sslmode=verify%2Dfull"));
  EXPECT_THAT(Database::postgres("postgresql://u@localhost,192.0.2.1/x")->address(), HasSubstr("verify%2Dfull"));
  for (const char* here : {"postgresql:///x", "postgresql://u@/x?host=/run/postgresql", "postgresql://127.0.0.1/x"}) {
    EXPECT_THAT(Database::postgres(here)->address(), Not(HasSubstr("sslmode"))) << here;
  }
}

TEST(PostgresAddress, BadOnesAreRefusedWithoutQuotingThem) {
  for (const char* bad : {"mysql://u:s3cret@h/x", "postgresql://u:s3cret@[::1/x",
                          "postgresql://u:s3cret@h/x?colour=red", "host=h password=s3cret"}) {
    const auto refused = Database::postgres(bad);
    ASSERT_FALSE(refused.has_value()) << bad;
    EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
    EXPECT_THAT(refused.error().message, Not(HasSubstr("s3cret")));
  }
}

TEST(PostgresAddress, AServerThatIsNotThereIsUnavailable) {
  const auto nowhere = Database::postgres("postgresql://u:s3cret@/x?host=/nonexistent");
  const auto refused = SqlSession::open(*nowhere, Purpose::kServe);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kUnavailable);
  EXPECT_THAT(refused.error().message, Not(HasSubstr("s3cret")));
}

}  // namespace
}  // namespace tobari::broker
