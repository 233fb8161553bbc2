// SPDX-License-Identifier: GPL-3.0-or-later
// StateStore in SQL, over SOCI. SQLite today; the statements keep to what PostgreSQL understands as well.
//
// One connection writes (acts are one after the other anyhow: each carries the hash of the audit record before), one
// reads beside it; SQLite's write-ahead log lets them. synchronous=FULL: a committed act survives the loss of power.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>

#include <tobari/base/clock.h>

#include "store/state_store.h"

namespace tobari::broker {

class SqlStore final : public StateStore {
 public:
  // Opens `file`, makes it when it is not there (mode 0600), and brings an older schema up to date. kInvalidArgument
  // when a newer Tobari wrote it.
  [[nodiscard]] static Result<std::unique_ptr<SqlStore>> open(const std::filesystem::path& file, const Clock& clock);
  ~SqlStore() override;

  Result<void> act(const Act& act) override;
  Result<void> read(const Read& read) override;
  Result<void> transact(const std::function<Result<void>(Writer&)>& body) override;

  // For tests: a statement as it is, on the writing connection.
  Result<void> execute(const std::string& statement);

 private:
  class Connection;
  SqlStore(const Clock& clock, std::unique_ptr<Connection> writer, std::unique_ptr<Connection> reader);

  const Clock& clock_;
  std::mutex write_mutex_;
  std::unique_ptr<Connection> writer_;
  std::mutex read_mutex_;
  std::unique_ptr<Connection> reader_;
};

}  // namespace tobari::broker
