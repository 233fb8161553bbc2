// SPDX-License-Identifier: GPL-3.0-or-later
#include "store/query.h"
#include "store/sql_errors.h"
#include "store/sql_tables.h"

namespace tobari::broker {

Result<std::uint64_t> SqlTables::bytes_moved(const UserId& user, std::string_view channel, std::int64_t day) const {
  return sql_guard(sql_, "read what was moved", [this, &user, channel, day]() -> Result<std::uint64_t> {
    const std::string name(channel);
    const long long number = day;
    long long bytes = 0;
    Query query(sql_, "SELECT bytes FROM moved WHERE user_id = :a AND channel = :b AND day = :c");
    query.into(bytes).use(user.str()).use(name).use(number);
    return query.next() ? static_cast<std::uint64_t>(bytes) : 0;
  });
}

Result<void> SqlTables::add_bytes_moved(const UserId& user, std::string_view channel, std::int64_t day,
                                        std::uint64_t bytes) {
  return sql_guard(sql_, "write what was moved", [this, &user, channel, day, bytes]() -> Result<void> {
    const std::string name(channel);
    const long long number = day;
    const auto more = static_cast<long long>(bytes);
    const long long oldest = day - kDaysMovedIsKept;
    Query old(sql_, "DELETE FROM moved WHERE day < :a");
    old.use(oldest).run();
    Query query(sql_,
                "INSERT INTO moved (user_id, channel, day, bytes) VALUES (:a, :b, :c, :d) "
                "ON CONFLICT (user_id, channel, day) DO UPDATE SET bytes = moved.bytes + excluded.bytes");
    query.use(user.str()).use(name).use(number).use(more).run();
    return {};
  });
}

}  // namespace tobari::broker
