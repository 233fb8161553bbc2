// SPDX-License-Identifier: GPL-3.0-or-later
// What every database does: restarts, the audit's protection, the schema's way forward and back, several writers.
#include <format>
#include <set>
#include <thread>

#include "contract.h"
#include "core/audit_chain.h"
#include "store/migrations.h"
#include "store/schema.h"

namespace tobari::broker {
namespace {

using namespace samples;
using ::testing::HasSubstr;
using ::testing::Not;

Result<void> act(StateStore& store, const std::function<Result<void>(Writer&)>& body) {
  return store.act([&body](Writer& w) -> Result<AuditDraft> {
    TOBARI_TRY(body(w));
    return draft("test");
  });
}

TEST_P(SqlStoreContract, SurvivesARestart) {
  ASSERT_TRUE(add_user(*open(), "alice").has_value());
  const auto again = open();
  EXPECT_EQ(count_users(*again), 1U);
  EXPECT_EQ(verified(*again), 1U);
}

TEST_P(SqlStoreContract, TheAuditCannotBeChangedOrRemoved) {
  const auto store = open();
  ASSERT_TRUE(add_user(*store, "alice").has_value());
  for (const char* statement : {"UPDATE audit SET actor = 'nobody'", "DELETE FROM audit", "TRUNCATE audit"}) {
    EXPECT_FALSE(store->execute(statement).has_value()) << statement;
  }
  EXPECT_EQ(verified(*store), 1U);
}

TEST_P(SqlStoreContract, ANewerSchemaIsRefusedWithAdvice) {
  ASSERT_TRUE(open()->execute("INSERT INTO schema_version (version) VALUES (999)").has_value());
  const auto refused = SqlStore::open(database_, clock_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, Errc::kInvalidArgument);
  EXPECT_THAT(refused.error().message, HasSubstr("run the newer tobari-broker"));
}

TEST_P(SqlStoreContract, TheSchemaGoesBackAndForwardAgainAndKeepsWhatItCanHold) {
  const User alice = user("alice");
  const Node node = host("host-1");
  const Desktop pc = desktop(alice, node, "pc");
  const Session before = session(pc, "route");
  {
    const auto store = open();
    const auto filled = act(*store, [&](Writer& w) -> Result<void> {
      TOBARI_TRY(w.add_user(alice));
      TOBARI_TRY(w.add_node(node));
      TOBARI_TRY(w.add_desktop(pc));
      return w.add_session(before);
    });
    ASSERT_TRUE(filled.has_value());
  }
  {
    const auto session = SqlSession::open(database_, Purpose::kMaintain).value();
    for (int version = newest_schema(); version >= 1; --version) {
      const auto back = migrate(*session, version);
      ASSERT_TRUE(back.has_value()) << describe(back.error());
      EXPECT_EQ(schema_version(*session).value(), version);
      const auto older = version == newest_schema() ? Result<void>() : check_schema(*session);
      EXPECT_EQ(older.has_value(), version == newest_schema()) << "a program that serves wants its own schema";
    }
    for (int version = 2; version <= newest_schema(); ++version) {
      ASSERT_TRUE(migrate(*session, version).has_value()) << version;
      ASSERT_TRUE(migrate(*session, version - 1).has_value()) << version;
      ASSERT_TRUE(migrate(*session, version).has_value()) << version;
    }
  }
  const auto store = open();
  EXPECT_EQ(store->get([&pc](const Reader& r) { return r.desktop(pc.id); })->name, "pc");
  EXPECT_EQ(store->get([&before](const Reader& r) { return r.session(before.id); })->routing_sha256, "route");
  const auto known = store->get([&node](const Reader& r) { return r.host(node.id); });
  EXPECT_EQ(known->promised_mib, pc.memory_mib);
  EXPECT_EQ(known->revision, kFirstRevision);
  EXPECT_TRUE(act(*store, [&](Writer& w) { return w.add_desktop(desktop(alice, node, "second")); }).has_value());
  EXPECT_FALSE(act(*store, [&](Writer& w) { return w.remove_user(alice.id); }).has_value()) << "still referred to";
  EXPECT_EQ(verified(*store), 2U);
}

TEST_P(SqlStoreContract, GoingBackWhereTheOlderSchemaCannotHoldItChangesNothing) {
  {
    const auto store = open();
    const User alice = user("alice");
    const Node node = host("host-1");
    const auto filled = act(*store, [&](Writer& w) -> Result<void> {
      TOBARI_TRY(w.add_user(alice));
      TOBARI_TRY(w.add_node(node));
      TOBARI_TRY(w.add_desktop(desktop(alice, node, "one")));
      return w.add_desktop(desktop(alice, node, "two"));
    });
    ASSERT_TRUE(filled.has_value());
  }
  {
    const auto session = SqlSession::open(database_, Purpose::kMaintain).value();
    const auto refused = migrate(*session, 1);
    ASSERT_FALSE(refused.has_value());
    EXPECT_THAT(refused.error().message, HasSubstr("schema 1 cannot hold what is stored"));
    EXPECT_EQ(schema_version(*session).value(), 2) << "each step is a transaction of its own";
    EXPECT_FALSE(migrate(*session, 0).has_value());
    EXPECT_FALSE(migrate(*session, newest_schema() + 1).has_value());
  }
  EXPECT_EQ(open()->get([](const Reader& r) { return r.desktops(); })->size(), 2U);
}

TEST_P(SqlStoreContract, PoolsAreNotLostByGoingBack) {
  ASSERT_TRUE(act(*open(), [](Writer& w) { return w.add_pool(pool("office")); }).has_value());
  const auto session = SqlSession::open(database_, Purpose::kMaintain).value();
  EXPECT_FALSE(migrate(*session, 4).has_value());
  EXPECT_EQ(schema_version(*session).value(), 5);
}

TEST_P(SqlStoreContract, ImagesAreNotLostByGoingBack) {
  ASSERT_TRUE(act(*open(), [](Writer& w) { return w.add_image({.name = "debian"}); }).has_value());
  const auto session = SqlSession::open(database_, Purpose::kMaintain).value();
  EXPECT_FALSE(migrate(*session, 4).has_value());
  EXPECT_EQ(schema_version(*session).value(), 5);
}

TEST_P(SqlStoreContract, ErrorsDoNotQuoteValues) {
  const auto store = open();
  const User secret = user("secret-value");
  ASSERT_TRUE(act(*store, [&](Writer& w) { return w.add_user(secret); }).has_value());
  const auto twice = act(*store, [&](Writer& w) { return w.add_user(secret); });
  EXPECT_THAT(twice.error().message, Not(HasSubstr("secret-value")));
  ASSERT_TRUE(store->execute("ALTER TABLE users RENAME TO gone").has_value());
  const auto refused = act(*store, [&](Writer& w) { return w.add_user(secret); });
  ASSERT_FALSE(refused.has_value());
  EXPECT_THAT(refused.error().message, Not(HasSubstr("secret-value")));
}

TEST_P(SqlStoreContract, WhatNoDatabaseKeepsIsReplacedAndTheChainHolds) {
  const auto store = open();
  AuditDraft odd = draft("odd");
  odd.detail = std::string("zero \0, half a character \xc3", 26);
  odd.object = "caf\xc3\xa9";
  ASSERT_TRUE(store->record(odd).has_value());
  Session odd_client = session(desktop(user("a"), host("h"), "pc"), "route");
  odd_client.client_name = std::string("pad\0", 4);
  ASSERT_TRUE(act(*store, [&](Writer& w) { return w.add_session(odd_client); }).has_value());
  EXPECT_EQ(verified(*store), 2U);
  const auto records = store->get([](const Reader& r) { return r.audit_after(0, 1); });
  EXPECT_EQ(records->front().draft.detail, "zero \xef\xbf\xbd, half a character \xef\xbf\xbd");
  EXPECT_EQ(records->front().draft.object, "caf\xc3\xa9");
  EXPECT_EQ(store->get([&](const Reader& r) { return r.session(odd_client.id); })->client_name, "pad\xef\xbf\xbd");
}

TEST_P(SqlStoreContract, ThreadsOfTwoStoresMakeOneChain) {
  constexpr int kThreads = 3;
  constexpr int kActs = 15;
  const auto first = open();
  const auto second = open();
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 2 * kThreads; ++t) {
      threads.emplace_back([&store = t % 2 == 0 ? *first : *second, t] {
        for (int i = 0; i < kActs; ++i) {
          EXPECT_TRUE(add_user(store, std::format("u{}-{}", t, i)).has_value());
          EXPECT_FALSE(store.get([](const Reader& r) { return r.users(); })->empty());
        }
      });
    }
  }
  EXPECT_EQ(verified(*first), 2U * kThreads * kActs);
  EXPECT_EQ(count_users(*second), 2U * kThreads * kActs);
}

// Both look whether the name is free, and both find that it is: one of them must lose.
TEST_P(SqlStoreContract, OfTwoStoresThatReadAndThenWriteOneIsFirst) {
  const auto first = open();
  const auto second = open();
  std::atomic<int> made = 0;
  {
    std::vector<std::jthread> threads;
    for (SqlStore* store : {first.get(), second.get()}) {
      threads.emplace_back([store, &made] {
        for (int i = 0; i < 20; ++i) {
          const std::string value = std::format("token {}", i);
          const auto done = act(*store, [&value](Writer& w) -> Result<void> {
            if (w.join_token(value).has_value()) return fail(Errc::kAlreadyExists, "there is one");
            return w.add_join_token({value, NodeRole::kHost, "h", kNow});
          });
          if (done.has_value())
            ++made;
          else
            EXPECT_EQ(done.error().code, Errc::kAlreadyExists) << done.error().message;
        }
      });
    }
  }
  EXPECT_EQ(made, 20);
  EXPECT_EQ(verified(*first), 20U);
}

}  // namespace
}  // namespace tobari::broker
