// SPDX-License-Identifier: GPL-3.0-or-later
// Where the state is kept: a file of SQLite, or a database of PostgreSQL that several brokers share.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>

#include <tobari/base/result.h>

namespace tobari::broker {

enum class Engine : std::uint8_t { kSqlite, kPostgres };

class Database {
 public:
  [[nodiscard]] static Database sqlite(std::filesystem::path file);
  // A connection string of libpq ("postgresql://user@host/name?sslmode=verify-full"), with any of its parameters and
  // several hosts. Of these the one that takes writes is used. Servers on other machines must show a certificate
  // (sslmode=verify-full) unless the string says otherwise. kInvalidArgument, which never quotes the string.
  [[nodiscard]] static Result<Database> postgres(std::string_view url);

  // kNotFound: a file that is not there, and must not be made by asking. A server is not asked.
  [[nodiscard]] Result<void> expect_there() const;

  [[nodiscard]] Engine engine() const noexcept { return engine_; }
  // For people and logs: no password.
  [[nodiscard]] const std::string& where() const noexcept { return where_; }
  [[nodiscard]] const std::filesystem::path& file() const noexcept { return file_; }  // of SQLite
  // What SOCI connects with. A secret: it may hold a password.
  [[nodiscard]] const std::string& address() const noexcept { return address_; }

 private:
  Database() = default;
  Engine engine_ = Engine::kSqlite;
  std::filesystem::path file_;
  std::string where_;
  std::string address_;
};

}  // namespace tobari::broker
