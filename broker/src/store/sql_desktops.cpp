// SPDX-License-Identifier: GPL-3.0-or-later
#include <format>

#include "core/names.h"
#include "core/words.h"
#include "store/query.h"
#include "store/sql_errors.h"
#include "store/sql_tables.h"

namespace tobari::broker {
namespace {

// As the columns come; becomes a Desktop only when every column makes sense.
struct DesktopRow {
  std::string id, user_id, host_id, power, machine, pool_id, pool_kind, labels, rested, end_how, end_text;
  Desktop rest;
  int vcpus = 0;
  int memory_mib = 0;
  int heads = 0;
  int wakes = 0;
  long long epoch = 0;
  long long revision = 0;
  long long end_at = 0;
  long long disk = 0;

  [[nodiscard]] Result<Desktop> parsed() const {
    Desktop desktop = rest;
    TOBARI_ASSIGN(desktop.id, DesktopId::parse(id));
    if (!user_id.empty()) {
      TOBARI_ASSIGN(desktop.user, UserId::parse(user_id));
    }
    if (!pool_id.empty()) {
      TOBARI_ASSIGN(desktop.pool, PoolId::parse(pool_id));
      TOBARI_ASSIGN(desktop.pool_kind, parse_pool_kind(pool_kind));
      desktop.labels = split_words(labels);
    }
    TOBARI_ASSIGN(desktop.host, HostId::parse(host_id));
    TOBARI_ASSIGN(desktop.power, parse_power(power));
    TOBARI_ASSIGN(desktop.machine, parse_machine(machine));
    desktop.vcpus = static_cast<std::uint32_t>(vcpus);
    desktop.memory_mib = static_cast<std::uint32_t>(memory_mib);
    desktop.heads = static_cast<std::uint32_t>(heads);
    desktop.epoch = static_cast<std::uint64_t>(epoch);
    desktop.revision = static_cast<std::uint64_t>(revision);
    TOBARI_ASSIGN(desktop.rest, parse_rest(rested));
    desktop.wakes = wakes != 0;
    if (end_at > 0) {
      TOBARI_ASSIGN(const EndHow how, parse_end_how(end_how));
      desktop.ending = Ending{.at = from_milliseconds(end_at), .how = how, .text = end_text};
    }
    desktop.disk = static_cast<std::uint32_t>(disk);
    return desktop;
  }
};

constexpr std::string_view kSelect =
    "SELECT d.id, d.name, COALESCE(d.user_id, ''), COALESCE(u.name, ''), d.host_id, n.name, d.image, d.vcpus, "
    "d.memory_mib, d.heads, d.power, d.epoch, d.revision, d.machine, COALESCE(d.pool_id, ''), COALESCE(p.name, ''), "
    "COALESCE(p.kind, ''), COALESCE(p.labels, ''), d.rest, d.wakes, d.end_at, d.end_how, d.end_text, d.disk "
    "FROM desktops d LEFT JOIN users u ON u.id = d.user_id "
    "JOIN nodes n ON n.id = d.host_id LEFT JOIN pools p ON p.id = d.pool_id ";

// Whether session s shows desktop d, which is nobody's but its user's.
#define TOBARI_SHOWS "s.user_id = d.user_id AND (s.desktop_id = d.id OR s.further_desktops LIKE '%' || d.id || '%')"
constexpr std::string_view kUnused =
    "WHERE d.pool_id = :a AND d.user_id IS NOT NULL AND d.power <> 'deleted' "
    "AND NOT EXISTS (SELECT 1 FROM sessions s WHERE " TOBARI_SHOWS
    " AND s.state IN ('connected', 'offered') AND (s.state = 'connected' OR ("  // is_live()
    "s.offer_expires_at + s.routed * (s.offer_expires_at - s.created_at) > :b AND "
    "s.created_at - (s.offer_expires_at - s.created_at) <= :c))) "
    "AND NOT EXISTS (SELECT 1 FROM sessions s WHERE " TOBARI_SHOWS
    " AND s.created_at >= :d AND s.created_at <= :e) ORDER BY d.name";
#undef TOBARI_SHOWS

// Of a query that starts as kSelect does, and has all its values.
Result<std::vector<Desktop>> rows_of(Query& query) {
  DesktopRow row;
  query.into(row.id).into(row.rest.name).into(row.user_id).into(row.rest.user_name).into(row.host_id);
  query.into(row.rest.host_name).into(row.rest.image).into(row.vcpus).into(row.memory_mib).into(row.heads);
  query.into(row.power).into(row.epoch).into(row.revision).into(row.machine).into(row.pool_id);
  query.into(row.rest.pool_name).into(row.pool_kind).into(row.labels).into(row.rested).into(row.wakes);
  query.into(row.end_at).into(row.end_how).into(row.end_text).into(row.disk);
  std::vector<Desktop> found;
  while (query.next()) {
    TOBARI_ASSIGN(Desktop desktop, row.parsed());
    found.push_back(std::move(desktop));
  }
  return found;
}

}  // namespace

Result<std::vector<Desktop>> SqlTables::select_desktops(std::string_view where, const std::string* value,
                                                        const std::string* second, std::string_view limit) const {
  return sql_guard(sql_, "read desktops", [this, where, value, second, limit]() -> Result<std::vector<Desktop>> {
    Query query(sql_, std::string(kSelect).append(where).append(" ORDER BY d.name").append(limit));
    if (value != nullptr) query.use(*value);
    if (second != nullptr) query.use(*second);
    return rows_of(query);
  });
}

Result<std::vector<Desktop>> SqlTables::unused_desktops(const PoolId& pool, Time since, Time until) const {
  const long long from = to_milliseconds(since);
  const long long to = to_milliseconds(until);
  return sql_guard(sql_, "look for unused desktops", [this, &pool, &from, &to]() -> Result<std::vector<Desktop>> {
    Query query(sql_, std::string(kSelect).append(kUnused));
    query.use(pool.str()).use(to).use(to).use(from).use(to);
    return rows_of(query);
  });
}

Result<Desktop> SqlTables::desktop(const DesktopId& id) const {
  return only(select_desktops("WHERE d.id = :v", &id.str()), "desktop");
}

Result<std::vector<Desktop>> SqlTables::desktops() const { return select_desktops("", nullptr); }

Result<Desktop> SqlTables::desktop_by_name(std::string_view name) const {
  const std::string value(name);
  return only(select_desktops("WHERE d.name = :v", &value), "desktop");
}

Result<std::vector<Desktop>> SqlTables::desktops_after(std::string_view name, std::size_t limit) const {
  const std::string value(name);
  return select_desktops("WHERE d.name > :v", &value, nullptr, std::format(" LIMIT {}", limit));
}

Result<std::vector<Desktop>> SqlTables::desktops_of_user(const UserId& user) const {
  return select_desktops("WHERE d.user_id = :v", &user.str());
}

Result<std::vector<Desktop>> SqlTables::desktops_on_host(const HostId& host) const {
  return select_desktops("WHERE d.host_id = :v", &host.str());
}

Result<void> SqlTables::add_desktop(const Desktop& desktop) {
  return sql_guard(sql_, "add a desktop", [this, &desktop]() -> Result<void> {
    const std::string power(to_string(desktop.power));
    const std::string machine(to_string(desktop.machine));
    const int vcpus = static_cast<int>(desktop.vcpus);
    const int memory_mib = static_cast<int>(desktop.memory_mib);
    const int heads = static_cast<int>(desktop.heads);
    const auto epoch = static_cast<long long>(desktop.epoch);
    const long long disk = desktop.disk;
    Query query(sql_,
                "INSERT INTO desktops (id, name, user_id, host_id, pool_id, image, vcpus, memory_mib, heads, power, "
                "epoch, revision, machine, disk) "
                "VALUES (:a, :b, NULLIF(:c, ''), :d, NULLIF(:e, ''), :f, :g, :h, :i, :j, :k, 0, :l, :m)");
    query.use(desktop.id.str()).use(desktop.name).use(desktop.user.str()).use(desktop.host.str());
    query.use(desktop.pool.str()).use(desktop.image).use(vcpus).use(memory_mib).use(heads).use(power).use(epoch);
    query.use(machine).use(disk).run();
    Query(sql_, "UPDATE hosts SET promised_mib = promised_mib + :a, desktops = desktops + 1 WHERE id = :b")
        .use(memory_mib)
        .use(desktop.host.str())
        .run();
    count_in_pool(desktop.id, 1);
    touch(desktop.id);
    return {};
  });
}

Result<void> SqlTables::set_power(const DesktopId& id, Power power) {
  return sql_guard(sql_, "set a desktop's power", [this, &id, power]() -> Result<void> {
    const std::string value(to_string(power));
    Query query(sql_, "UPDATE desktops SET power = :a, rest = 'stopped', wakes = 0 WHERE id = :b");
    TOBARI_TRY(recounted(id, [&] { return expect_change(query.use(value).use(id.str()).run(), "desktop"); }));
    touch(id);
    return {};
  });
}

Result<void> SqlTables::set_epoch(const DesktopId& id, std::uint64_t epoch) {
  return sql_guard(sql_, "set a desktop's epoch", [this, &id, epoch]() -> Result<void> {
    const auto value = static_cast<long long>(epoch);
    Query query(sql_, "UPDATE desktops SET epoch = :a WHERE id = :b");
    TOBARI_TRY(expect_change(query.use(value).use(id.str()).run(), "desktop"));
    touch(id);
    return {};
  });
}

void SqlTables::touch(const DesktopId& id) {
  Query(sql_, "UPDATE hosts SET revision = revision + 1 WHERE id = (SELECT d.host_id FROM desktops d WHERE d.id = :a)")
      .use(id.str())
      .run();
  Query(sql_,
        "UPDATE desktops SET revision = COALESCE((SELECT h.revision FROM hosts h WHERE h.id = desktops.host_id), 0) "
        "WHERE id = :a")
      .use(id.str())
      .run();
}

Result<void> SqlTables::remove_desktop(const DesktopId& id) {
  return sql_guard(sql_, "remove a desktop", [this, &id]() -> Result<void> {
    count_in_pool(id, -1);
    // Its host knows already that nothing of it is left, or is never heard of again: the revision stays.
    Query(sql_,
          "UPDATE hosts SET desktops = desktops - 1, "
          "promised_mib = promised_mib - (SELECT d.memory_mib FROM desktops d WHERE d.id = :a) "
          "WHERE id = (SELECT d.host_id FROM desktops d WHERE d.id = :b)")
        .use(id.str())
        .use(id.str())
        .run();
    return expect_change(Query(sql_, "DELETE FROM desktops WHERE id = :a").use(id.str()).run(), "desktop");
  });
}

}  // namespace tobari::broker
