// SPDX-License-Identifier: GPL-3.0-or-later
#include <format>

#include "core/names.h"
#include "core/words.h"
#include "store/query.h"
#include "store/sql_errors.h"
#include "store/sql_tables.h"

namespace tobari::broker {
namespace {

// As the columns go and come.
struct PoolRow {
  PoolRow() = default;
  explicit PoolRow(const Pool& pool)
      : id(pool.id.str()),
        kind(to_string(pool.kind)),
        machine(to_string(pool.machine)),
        labels(join_words(pool.labels)),
        vcpus(static_cast<int>(pool.vcpus)),
        memory_mib(static_cast<int>(pool.memory_mib)),
        heads(static_cast<int>(pool.heads)),
        min(static_cast<int>(pool.min)),
        max(static_cast<int>(pool.max)),
        spares(static_cast<int>(pool.spares)),
        open(pool.open ? 1 : 0),
        closing(pool.closing ? 1 : 0),
        keep(pool.keep.count()),
        renewal(to_string(pool.renewal)) {}

  [[nodiscard]] Result<Pool> parsed(std::string name, std::string image) const {
    Pool pool;
    TOBARI_ASSIGN(pool.id, PoolId::parse(id));
    TOBARI_ASSIGN(pool.kind, parse_pool_kind(kind));
    TOBARI_ASSIGN(pool.machine, parse_machine(machine));
    pool.name = std::move(name);
    pool.image = std::move(image);
    pool.vcpus = static_cast<std::uint32_t>(vcpus);
    pool.memory_mib = static_cast<std::uint32_t>(memory_mib);
    pool.heads = static_cast<std::uint32_t>(heads);
    pool.labels = split_words(labels);
    pool.min = static_cast<std::uint32_t>(min);
    pool.max = static_cast<std::uint32_t>(max);
    pool.spares = static_cast<std::uint32_t>(spares);
    pool.keep = std::chrono::seconds(keep);
    pool.open = open != 0;
    pool.closing = closing != 0;
    TOBARI_ASSIGN(pool.renewal, parse_renewal(renewal));
    return pool;
  }

  std::string id, kind, machine, labels;
  int vcpus = 0, memory_mib = 0, heads = 0, min = 0, max = 0, spares = 0, open = 0, closing = 0;
  long long keep = 0;
  std::string renewal;
};

}  // namespace

Result<std::vector<Pool>> SqlTables::select_pools(std::string_view where, const std::string* value) const {
  return sql_guard(sql_, "read pools", [this, where, value]() -> Result<std::vector<Pool>> {
    PoolRow row;
    std::string name;
    std::string image;
    std::string plan;
    Query query(sql_,
                std::string("SELECT id, name, kind, image, vcpus, memory_mib, heads, labels, min_desktops, "
                            "max_desktops, spares, keep_seconds, is_open, closing, machine, plan, renewal FROM pools ")
                        .append(where) +
                    " ORDER BY name");
    query.into(row.id).into(name).into(row.kind).into(image).into(row.vcpus).into(row.memory_mib).into(row.heads);
    query.into(row.labels).into(row.min).into(row.max).into(row.spares).into(row.keep).into(row.open);
    query.into(row.closing).into(row.machine).into(plan).into(row.renewal);
    if (value != nullptr) query.use(*value);
    std::vector<Pool> found;
    while (query.next()) {
      TOBARI_ASSIGN(Pool pool, row.parsed(name, image));
      pool.plan = plan;
      found.push_back(std::move(pool));
    }
    return found;
  });
}

Result<Pool> SqlTables::pool(const PoolId& id) const { return only(select_pools("WHERE id = :v", &id.str()), "pool"); }

Result<std::vector<Pool>> SqlTables::pools() const { return select_pools("", nullptr); }

Result<PoolFill> SqlTables::pool_fill(const PoolId& id) const {
  return sql_guard(sql_, "count a pool's desktops", [this, &id]() -> Result<PoolFill> {
    long long desktops = 0;
    long long assigned = 0;
    long long leaving = 0;
    Query query(sql_, "SELECT desktops, assigned, leaving FROM pools WHERE id = :a");
    query.into(desktops).into(assigned).into(leaving).use(id.str());
    static_cast<void>(query.next());
    return PoolFill{.desktops = static_cast<std::uint32_t>(desktops),
                    .assigned = static_cast<std::uint32_t>(assigned),
                    .leaving = static_cast<std::uint32_t>(leaving)};
  });
}

// Counting ten thousand desktops takes milliseconds, and a sweep asks for every pool while others wait to write.
void SqlTables::count_in_pool(const DesktopId& id, int times) {
  Query query(sql_,
              "UPDATE pools SET "
              "desktops = desktops + :a * (SELECT COUNT(*) FROM desktops d WHERE d.id = :b AND d.power <> 'deleted'), "
              "assigned = assigned + :c * (SELECT COUNT(d.user_id) FROM desktops d WHERE d.id = :d "
              "AND d.power <> 'deleted'), "
              "leaving = leaving + :e * (SELECT COUNT(*) FROM desktops d WHERE d.id = :f AND d.power = 'deleted') "
              "WHERE id = (SELECT d.pool_id FROM desktops d WHERE d.id = :g)");
  query.use(times).use(id.str()).use(times).use(id.str()).use(times).use(id.str()).use(id.str()).run();
}

Result<std::vector<Desktop>> SqlTables::desktops_of_pool(const PoolId& pool) const {
  return select_desktops("WHERE d.pool_id = :v AND d.power <> 'deleted'", &pool.str());
}

Result<std::vector<Desktop>> SqlTables::desktops_of_pool_after(const PoolId& pool, std::string_view name,
                                                               std::size_t limit) const {
  const std::string value(name);
  return select_desktops("WHERE d.pool_id = :v AND d.name > :w AND d.power <> 'deleted'", &pool.str(), &value,
                         std::format(" LIMIT {}", limit));
}

Result<Desktop> SqlTables::desktop_in_pool(const UserId& user, const PoolId& pool) const {
  return only(
      select_desktops("WHERE d.pool_id = :v AND d.user_id = :w AND d.power <> 'deleted'", &pool.str(), &user.str()),
      "desktop of this user in the pool");
}

Result<std::vector<Desktop>> SqlTables::spares(const PoolId& pool, std::size_t limit) const {
  return select_desktops("WHERE d.pool_id = :v AND d.user_id IS NULL AND d.power <> 'deleted'", &pool.str(), nullptr,
                         std::format(" LIMIT {}", limit));
}

Result<void> SqlTables::assign_desktop(const DesktopId& id, std::uint64_t epoch, const UserId& user) {
  return sql_guard(sql_, "assign a desktop", [this, &id, epoch, &user]() -> Result<void> {
    const auto expected = static_cast<long long>(epoch);
    Query query(sql_,
                "UPDATE desktops SET user_id = :a, epoch = epoch + 1 "
                "WHERE id = :b AND epoch = :c AND user_id IS NULL AND power <> 'deleted'");
    TOBARI_TRY(
        recounted(id, [&] { return expect_change(query.use(user.str()).use(id.str()).use(expected).run(), "spare"); }));
    touch(id);
    return {};
  });
}

Result<void> SqlTables::retire_desktop(const DesktopId& id, std::uint64_t epoch) {
  return sql_guard(sql_, "retire a desktop", [this, &id, epoch]() -> Result<void> {
    const auto expected = static_cast<long long>(epoch);
    Query query(sql_,
                "UPDATE desktops SET user_id = NULL, power = 'deleted', epoch = epoch + 1, end_at = 0 "
                "WHERE id = :a AND epoch = :b");
    TOBARI_TRY(
        recounted(id, [&] { return expect_change(query.use(id.str()).use(expected).run(), "desktop of this epoch"); }));
    touch(id);
    return {};
  });
}

Result<void> SqlTables::put_in_pool(const DesktopId& id, const PoolId& pool, const UserId& user) {
  return sql_guard(sql_, "put a desktop into a pool", [this, &id, &pool, &user]() -> Result<void> {
    // Each expression sees the row as it was.
    Query query(sql_,
                "UPDATE desktops SET epoch = epoch + CASE WHEN COALESCE(user_id, '') = :a THEN 0 ELSE 1 END, "
                "pool_id = NULLIF(:b, ''), user_id = NULLIF(:c, '') WHERE id = :d");
    query.use(user.str()).use(pool.str()).use(user.str()).use(id.str());
    TOBARI_TRY(recounted(id, [&query] { return expect_change(query.run(), "desktop"); }));
    touch(id);
    return {};
  });
}

Result<void> SqlTables::add_pool(const Pool& pool) {
  return sql_guard(sql_, "add a pool", [this, &pool]() -> Result<void> {
    const PoolRow row(pool);
    Query query(sql_,
                "INSERT INTO pools (id, name, kind, image, vcpus, memory_mib, heads, labels, min_desktops, "
                "max_desktops, spares, keep_seconds, is_open, closing, machine, plan, renewal) "
                "VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i, :j, :k, :l, :m, :n, :o, :p, :q)");
    query.use(row.id).use(pool.name).use(row.kind).use(pool.image).use(row.vcpus).use(row.memory_mib).use(row.heads);
    query.use(row.labels).use(row.min).use(row.max).use(row.spares).use(row.keep).use(row.open).use(row.closing);
    query.use(row.machine).use(pool.plan).use(row.renewal).run();
    return {};
  });
}

Result<void> SqlTables::change_pool(const Pool& pool) {
  return sql_guard(sql_, "change a pool", [this, &pool]() -> Result<void> {
    const PoolRow row(pool);
    Query query(sql_,
                "UPDATE pools SET name = :a, image = :b, vcpus = :c, memory_mib = :d, heads = :e, labels = :f, "
                "min_desktops = :g, max_desktops = :h, spares = :i, keep_seconds = :j, is_open = :k, closing = :l, "
                "machine = :m, plan = :n, renewal = :o WHERE id = :p");
    query.use(pool.name).use(pool.image).use(row.vcpus).use(row.memory_mib).use(row.heads).use(row.labels).use(row.min);
    query.use(row.max)
        .use(row.spares)
        .use(row.keep)
        .use(row.open)
        .use(row.closing)
        .use(row.machine)
        .use(pool.plan)
        .use(row.renewal)
        .use(row.id);
    return expect_change(query.run(), "pool");
  });
}

Result<void> SqlTables::remove_pool(const PoolId& id) {
  return sql_guard(sql_, "remove a pool", [this, &id]() -> Result<void> {
    return expect_change(Query(sql_, "DELETE FROM pools WHERE id = :a").use(id.str()).run(), "pool");
  });
}

}  // namespace tobari::broker
