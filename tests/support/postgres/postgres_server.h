// SPDX-License-Identifier: GPL-3.0-or-later
// A PostgreSQL 17 of a test's own: its files and its socket in a temporary folder, no network, a user without rights,
// and an end with the test.
#pragma once

#include <filesystem>
#include <memory>
#include <string>

#include <sys/types.h>

#include <tobari/base/result.h>

namespace tobari::test {

class PostgresServer {
 public:
  // Running when this returns. Its language orders texts otherwise than by bytes.
  [[nodiscard]] static Result<std::unique_ptr<PostgresServer>> start();
  ~PostgresServer();
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;

  // A new, empty database; its connection string.
  [[nodiscard]] Result<std::string> new_database();
  // Statements in a database, as its owner, on a connection of their own. Gives the first value, if there is one.
  [[nodiscard]] Result<std::string> run(const std::string& url, const std::string& statements);

  // Where its socket is.
  [[nodiscard]] const std::filesystem::path& folder() const noexcept { return folder_; }

  void kill();                 // SIGKILL, all its processes at once
  void stop();                 // in order, sessions are cut
  Result<void> start_again();  // after kill() or stop(); returns when it takes connections
  void freeze(bool frozen);    // SIGSTOP, SIGCONT, all its processes

 private:
  explicit PostgresServer(std::filesystem::path folder) : folder_(std::move(folder)) {}
  Result<void> make_cluster();
  [[nodiscard]] std::string url_of(const std::string& database) const;

  const std::filesystem::path folder_;
  pid_t pid_ = -1;
  int databases_ = 0;
};

}  // namespace tobari::test
