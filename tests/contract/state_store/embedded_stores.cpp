// SPDX-License-Identifier: GPL-3.0-or-later
// The suites on what needs no server.
#include "archive_contract.h"
#include "store/memory_store.h"

namespace tobari::broker {
namespace {

using samples::Folder;

const auto kName = [](const auto& test) { return std::string(test.param.name); };

const auto kStores = ::testing::Values(
    StoreKind{"memory",
              [](const Folder&, const Clock& clock) -> std::unique_ptr<StateStore> {
                return std::make_unique<MemoryStore>(clock);
              }},
    StoreKind{"sqlite", [](const Folder& folder, const Clock& clock) -> std::unique_ptr<StateStore> {
                return std::move(SqlStore::open(Database::sqlite(folder.path() / "state.db"), clock).value());
              }});

INSTANTIATE_TEST_SUITE_P(Stores, StateStoreContract, kStores, kName);
INSTANTIATE_TEST_SUITE_P(Stores, PoolsContract, kStores, kName);
INSTANTIATE_TEST_SUITE_P(Stores, UnusedDesktopsContract, kStores, kName);
const auto kDatabases = ::testing::Values(
    DatabaseKind{"sqlite", [](const Folder& folder) { return Database::sqlite(folder.path() / "state.db"); }});

INSTANTIATE_TEST_SUITE_P(Databases, SqlStoreContract, kDatabases, kName);
INSTANTIATE_TEST_SUITE_P(Databases, ArchiveContract, kDatabases, kName);

}  // namespace
}  // namespace tobari::broker
