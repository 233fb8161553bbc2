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
  Query(SqlSession& sql, std::string text) : text_(std::move(text)), statement_(sql.soci()) {}

  // The variable must live as long as the query; values are bound in the order of their marks.
  template <class T>
  Query& use(const T& value) {
    if constexpr (std::is_same_v<T, std::string>) {
      // PostgreSQL cannot keep every text, so SQLite does not either.
      if (!is_storable(value)) {
        statement_.exchange(soci::use(std::as_const(replaced_.emplace_back(made_storable(value)))));
        return *this;
      }
    }
    statement_.exchange(soci::use(value));
    return *this;
  }
  template <class T>
  Query& into(T& variable) {
    statement_.exchange(soci::into(variable));
    return *this;
  }

  // For SELECT: the next row is in the variables, or there is none.
  [[nodiscard]] bool next() {
    if (!running_) start(false);
    return statement_.fetch();
  }
  // For the rest: how many rows were changed.
  long long run() {
    start(true);
    return statement_.get_affected_rows();
  }

 private:
  // Once: a statement that is prepared first goes to PostgreSQL and back three times instead of one.
  void start(bool with_data) {
    statement_.alloc();
    statement_.prepare(text_, soci::details::st_one_time_query);
    statement_.define_and_bind();
    statement_.execute(with_data);
    running_ = true;
  }

  std::string text_;
  std::list<std::string> replaced_;
  soci::statement statement_;
  bool running_ = false;
};

[[nodiscard]] inline long long to_milliseconds(Time time) {
  return std::chrono::floor<std::chrono::milliseconds>(time.time_since_epoch()).count();
}
[[nodiscard]] inline Time from_milliseconds(long long count) { return Time(std::chrono::milliseconds(count)); }

}  // namespace tobari::broker
