// SPDX-License-Identifier: GPL-3.0-or-later
// One SQL statement with its values. Throws what SOCI throws: for use inside sql_guard() only.
#pragma once

#include <chrono>
#include <list>
#include <string>
#include <type_traits>
#include <utility>

#include <soci/soci.h>

#include "core/storable.h"
#include "core/types.h"
#include "store/sql_session.h"

namespace tobari::broker {

class Query {
 public:
  Query(SqlSession& sql, std::string text) : sql_(sql), text_(std::move(text)), statement_(sql.take(text_)) {}
  ~Query() {
    if (statement_.prepared) sql_.keep(std::move(text_), std::move(statement_.soci));
  }
  Query(const Query&) = delete;
  Query& operator=(const Query&) = delete;

  // The variable must live as long as the query; values are bound in the order of their marks.
  template <class T>
  Query& use(const T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      // PostgreSQL cannot keep every text, so SQLite does not either.
      if (!is_storable(value)) {
        statement_.soci->exchange(soci::use(std::as_const(replaced_.emplace_back(made_storable(value)))));
        return *this;
      }
    }
    statement_.soci->exchange(soci::use(value));
    return *this;
  }
  template <class T>
  Query& into(T& variable) {
    statement_.soci->exchange(soci::into(variable));
    return *this;
  }

  // For SELECT: the next row is in the variables, or there is none.
  [[nodiscard]] bool next() {
    if (!running_) start(false);
    return statement_.soci->fetch();
  }
  // For the rest: how many rows were changed.
  long long run() {
    start(true);
    return statement_.soci->get_affected_rows();
  }

 private:
  // One that is not kept goes to PostgreSQL and back once instead of three times when it is not prepared first.
  void start(bool with_data) {
    if (!statement_.prepared) {
      const bool kept = sql_.prepares();
      statement_.soci->alloc();
      statement_.soci->prepare(text_, kept ? soci::details::st_repeatable_query : soci::details::st_one_time_query);
      statement_.prepared = kept;
    }
    statement_.soci->define_and_bind();
    statement_.soci->execute(with_data);
    running_ = true;
  }

  SqlSession& sql_;
  std::string text_;
  std::list<std::string> replaced_;
  SqlSession::Statement statement_;
  bool running_ = false;
};

[[nodiscard]] inline long long to_milliseconds(Time time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}
[[nodiscard]] inline Time from_milliseconds(long long count) { return Time(std::chrono::milliseconds(count)); }

}  // namespace tobari::broker
