// SPDX-License-Identifier: GPL-3.0-or-later
// The suites that every store and every database passes; who includes this says on which.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include <gmock/gmock.h>

#include "samples.h"
#include "store/sql_store.h"
#include "store/state_store.h"

namespace tobari::broker {

struct StoreKind {
  const char* name;
  std::function<std::unique_ptr<StateStore>(const samples::Folder&, const Clock&)> make;
};

class StateStoreContract : public ::testing::TestWithParam<StoreKind> {
 protected:
  // One act that must succeed.
  void done(std::function<Result<void>(Writer&)> body, std::string action = "test") {
    const auto result = attempt(std::move(body), std::move(action));
    ASSERT_TRUE(result.has_value()) << describe(result.error());
  }
  Result<void> attempt(std::function<Result<void>(Writer&)> body, std::string action = "test") {
    return store_->act([&body, &action](Writer& writer) -> Result<AuditDraft> {
      TOBARI_TRY(body(writer));
      return samples::draft(action);
    });
  }
  Errc refusal(std::function<Result<void>(Writer&)> body) {
    const auto result = attempt(std::move(body));
    return result.has_value() ? Errc::kInternal : result.error().code;
  }
  template <class Body>
  auto get(Body body) {
    return store_->get(std::move(body));
  }

  ManualClock clock_;
  samples::Folder folder_;
  std::unique_ptr<StateStore> store_ = GetParam().make(folder_, clock_);
  const User alice_ = samples::user("alice");
  const User bob_ = samples::user("bob");
  const Node host_ = samples::host("host-1");
};

class PoolsContract : public ::testing::TestWithParam<StoreKind> {
 protected:
  PoolsContract() {
    done([this](Writer& w) -> Result<void> {
      TOBARI_TRY(w.add_user(alice_));
      TOBARI_TRY(w.add_user(bob_));
      TOBARI_TRY(w.add_node(host_));
      TOBARI_TRY(w.add_node(other_));
      return w.add_pool(office_);
    });
  }
  void done(const std::function<Result<void>(Writer&)>& body) {
    const auto result = store_->transact(body);
    ASSERT_TRUE(result.has_value()) << describe(result.error());
  }
  Errc refusal(const std::function<Result<void>(Writer&)>& body) {
    const auto result = store_->transact(body);
    return result.has_value() ? Errc::kInternal : result.error().code;
  }
  template <class Body>
  auto get(Body body) {
    return store_->get(std::move(body)).value();
  }
  std::uint64_t revision() {
    return get([this](const Reader& r) { return r.host(host_.id); }).revision;
  }

  ManualClock clock_;
  samples::Folder folder_;
  std::unique_ptr<StateStore> store_ = GetParam().make(folder_, clock_);
  const User alice_ = samples::user("alice");
  const User bob_ = samples::user("bob");
  const Node host_ = samples::host("host-1");
  const Node other_ = samples::host("host-2");
  const Pool office_ = samples::pool("office");
};

// A desktop of alice's and a spare, and one session of hers, which is not stored yet.
class UnusedDesktopsContract : public PoolsContract {
 protected:
  void SetUp() override {
    done([this](Writer& w) -> Result<void> {
      TOBARI_TRY(w.add_desktop(desktop_));
      return w.add_desktop(samples::pooled(office_, host_, "spare"));
    });
  }
  void keep() {
    done([this](Writer& w) { return w.add_session(session_); });
  }
  std::string unused(Time since, Time until) {
    std::string names;
    for (const Desktop& each : get([&](const Reader& r) { return r.unused_desktops(office_.id, since, until); })) {
      names += each.name + " of " + each.user_name + " ";
    }
    return names;
  }
  std::string unused(Time at) { return unused(Time::max(), at); }

  const Desktop desktop_ = samples::pooled(office_, host_, "d1", alice_);
  Session session_ = samples::session(desktop_, "r1");
  const std::chrono::nanoseconds offer_ = session_.offer_expires_at - session_.created_at;
};

struct DatabaseKind {
  const char* name;
  std::function<Database(const samples::Folder&)> make;  // an empty one
};

class SqlStoreContract : public ::testing::TestWithParam<DatabaseKind> {
 protected:
  [[nodiscard]] std::unique_ptr<SqlStore> open() {
    auto opened = SqlStore::open(database_, clock_);
    if (!opened.has_value()) ADD_FAILURE() << describe(opened.error());
    return std::move(opened).value();
  }
  static Result<void> add_user(StateStore& store, const std::string& name) {
    return store.act([&name](Writer& w) -> Result<AuditDraft> {
      TOBARI_TRY(w.add_user(samples::user(name)));
      return samples::draft("user.create");
    });
  }
  static std::size_t count_users(StateStore& store) {
    return store.get([](const Reader& r) { return r.users(); })->size();
  }
  // Goes over the whole audit; its last number.
  static std::uint64_t verified(StateStore& store) {
    ChainHead head;
    for (;;) {
      const auto page = store.get([&head](const Reader& r) { return r.audit_after(head.sequence, kMaxAuditPage); });
      if (!page.has_value() || page->empty()) return head.sequence;
      if (const auto whole = verify_chain(*page, head); !whole.has_value()) {
        ADD_FAILURE() << describe(whole.error());
        return 0;
      }
    }
  }

  ManualClock clock_;
  samples::Folder folder_;
  const Database database_ = GetParam().make(folder_);
};

}  // namespace tobari::broker
