// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/table_copy.h"

#include <algorithm>
#include <format>
#include <set>
#include <utility>

#include <soci/soci.h>

#include "store/query.h"
#include "store/sql_errors.h"

namespace tobari::broker {
namespace {

// So many rows are in memory at once.
constexpr std::size_t kRowsAtOnce = 1000;

struct Cell {
  std::string text;
  long long number = 0;
  soci::indicator state = soci::i_ok;
};
using Row = std::vector<Cell>;

Result<std::vector<std::string>> texts(SqlSession& sql, const std::string& question, const std::string& value) {
  return sql_guard(sql, "read the schema", [&]() -> Result<std::vector<std::string>> {
    std::string text;
    std::vector<std::string> found;
    Query query(sql, question);
    query.into(text);
    if (!value.empty()) query.use(value);
    while (query.next()) found.push_back(text);
    return found;
  });
}

// Goes into statements as it is; the file that it comes from may be anybody's.
bool is_plain(const std::string& name) {
  return std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

Result<Table> table_of(SqlSession& sqlite, const std::string& name) {
  return sql_guard(sqlite, "read a table's columns", [&]() -> Result<Table> {
    Table table{.name = name, .columns = {}, .keys = 0};
    std::string column;
    std::string type;
    int key = 0;
    std::vector<std::pair<int, TableColumn>> found;
    Query query(sqlite, "SELECT name, type, pk FROM pragma_table_info(:a) ORDER BY pk = 0, pk, cid");
    query.into(column).into(type).into(key).use(name);
    while (query.next()) {
      if (!is_plain(name) || !is_plain(column)) return fail(Errc::kInvalidArgument, "a table has an impossible name");
      if (type != "TEXT" && type != "INTEGER" && type != "BIGINT") {
        return fail(Errc::kInvalidArgument, std::format("{}.{} is of type {}", name, column, type));
      }
      table.columns.push_back({column, type == "TEXT"});
      if (key > 0) ++table.keys;
    }
    if (table.keys == 0) return fail(Errc::kInvalidArgument, std::format("the table {} has no primary key", name));
    return table;
  });
}

std::string names_of(const Table& table, std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list += (i == 0 ? "" : ", ") + table.columns[i].name;
  return list;
}

std::string marks(std::size_t count) {
  std::string list;
  for (std::size_t i = 0; i < count; ++i) list += std::format("{}:v{}", i == 0 ? "" : ", ", i);
  return list;
}

// Rows behind `last` in the order of the primary key; from the first when that is empty.
std::vector<Row> next_rows(const Table& table, SqlSession& from, const Row& last) {
  const std::string behind =
      last.empty() ? "" : std::format("WHERE ({}) > ({}) ", names_of(table, table.keys), marks(table.keys));
  Row row(table.columns.size());
  soci::statement statement(from.soci());
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (table.columns[i].text) {
      statement.exchange(soci::into(row[i].text, row[i].state));
    } else {
      statement.exchange(soci::into(row[i].number, row[i].state));
    }
  }
  for (std::size_t i = 0; i < table.keys && !last.empty(); ++i) {
    if (table.columns[i].text) {
      statement.exchange(soci::use(last[i].text));
    } else {
      statement.exchange(soci::use(last[i].number));
    }
  }
  statement.alloc();
  statement.prepare(std::format("SELECT {} FROM {} {}ORDER BY {} LIMIT {}", names_of(table, row.size()), table.name,
                                behind, names_of(table, table.keys), kRowsAtOnce),
                    soci::details::st_one_time_query);
  statement.define_and_bind();
  statement.execute(false);
  std::vector<Row> rows;
  while (statement.fetch()) rows.push_back(row);
  return rows;
}

// Prepared once, run for each row.
class Inserter {
 public:
  Inserter(const Table& table, SqlSession& to) : row_(table.columns.size()), statement_(to.soci()) {
    for (std::size_t i = 0; i < row_.size(); ++i) {
      if (table.columns[i].text) {
        statement_.exchange(soci::use(row_[i].text, row_[i].state));
      } else {
        statement_.exchange(soci::use(row_[i].number, row_[i].state));
      }
    }
    statement_.alloc();
    statement_.prepare(
        std::format("INSERT INTO {} ({}) VALUES ({})", table.name, names_of(table, row_.size()), marks(row_.size())));
    statement_.define_and_bind();
  }
  void insert(const Row& row) {
    row_ = row;
    statement_.execute(true);
  }

 private:
  Row row_;
  soci::statement statement_;
};

}  // namespace

Result<std::vector<Table>> tables_of(SqlSession& sqlite) {
  TOBARI_ASSIGN(auto waiting, texts(sqlite,
                                    "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'schema_version' "
                                    "AND name NOT LIKE 'sqlite_%' ORDER BY name",
                                    ""));
  std::vector<Table> ordered;
  std::set<std::string> done;
  while (!waiting.empty()) {
    const std::size_t before = waiting.size();
    for (auto at = waiting.begin(); at != waiting.end();) {
      TOBARI_ASSIGN(const auto needs, texts(sqlite, "SELECT DISTINCT \"table\" FROM pragma_foreign_key_list(:a)", *at));
      if (!std::ranges::all_of(needs, [&done](const std::string& name) { return done.contains(name); })) {
        ++at;
        continue;
      }
      TOBARI_ASSIGN(Table table, table_of(sqlite, *at));
      ordered.push_back(std::move(table));
      done.insert(*at);
      at = waiting.erase(at);
    }
    if (waiting.size() == before) return fail(Errc::kInvalidArgument, "tables refer to each other in a circle");
  }
  return ordered;
}

Result<std::uint64_t> copy_table(const Table& table, SqlSession& from, SqlSession& to) {
  std::uint64_t count = 0;
  Row last;
  for (;;) {
    TOBARI_ASSIGN(const std::vector<Row> rows,
                  sql_guard(from, std::format("read {}", table.name),
                            [&]() -> Result<std::vector<Row>> { return next_rows(table, from, last); }));
    if (rows.empty()) return count;
    TOBARI_TRY(sql_guard(to, std::format("write {}", table.name), [&]() -> Result<void> {
      Inserter inserter(table, to);
      for (const Row& row : rows) inserter.insert(row);
      return {};
    }));
    count += rows.size();
    last = rows.back();
  }
}

}  // namespace tobari::broker
