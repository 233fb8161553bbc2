// SPDX-License-Identifier: GPL-3.0-or-later
// The suites on a real PostgreSQL: one server for all of them, a database each.
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "archive_contract.h"
#include "the_server.h"

namespace tobari::broker {

test::PostgresServer& the_server() {
  static const auto started = [] {
    auto made = test::PostgresServer::start();
    if (!made.has_value()) {
      std::fprintf(stderr, "%s\n", describe(made.error()).c_str());
      std::abort();
    }
    return std::move(*made);
  }();
  return *started;
}

namespace {

using samples::Folder;

Database new_database(const Folder&) { return Database::postgres(the_server().new_database().value()).value(); }

const auto kName = [](const auto& test) { return std::string(test.param.name); };

const auto kStores = ::testing::Values(
    StoreKind{"postgres", [](const Folder& folder, const Clock& clock) -> std::unique_ptr<StateStore> {
                return std::move(SqlStore::open(new_database(folder), clock).value());
              }});

INSTANTIATE_TEST_SUITE_P(Stores, StateStoreContract, kStores, kName);
INSTANTIATE_TEST_SUITE_P(Stores, PoolsContract, kStores, kName);
INSTANTIATE_TEST_SUITE_P(Stores, UnusedDesktopsContract, kStores, kName);
const auto kDatabases = ::testing::Values(DatabaseKind{"postgres", new_database});

INSTANTIATE_TEST_SUITE_P(Databases, SqlStoreContract, kDatabases, kName);
INSTANTIATE_TEST_SUITE_P(Databases, ArchiveContract, kDatabases, kName);

}  // namespace
}  // namespace tobari::broker
