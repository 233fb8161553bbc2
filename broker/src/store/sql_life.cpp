// SPDX-License-Identifier: GPL-3.0-or-later
// Desktops at rest and desktops whose use ends, and users' disks.
#include <format>
#include <utility>

#include "core/names.h"
#include "store/query.h"
#include "store/sql_errors.h"
#include "store/sql_tables.h"

namespace tobari::broker {
namespace {

// As the columns go and come.
struct UserDiskRow {
  UserDiskRow() = default;
  explicit UserDiskRow(const UserDisk& disk)
      : id(disk.id.str()),
        kind(to_string(disk.kind)),
        size_gib(static_cast<int>(disk.size_gib)),
        made(disk.made ? 1 : 0),
        removing(disk.removing ? 1 : 0),
        epoch(static_cast<long long>(disk.epoch)) {}

  [[nodiscard]] Result<UserDisk> parsed() const {
    UserDisk disk = rest;
    TOBARI_ASSIGN(disk.id, UserDiskId::parse(id));
    TOBARI_ASSIGN(disk.user, UserId::parse(user_id));
    TOBARI_ASSIGN(disk.kind, parse_user_disk_kind(kind));
    if (!host_id.empty()) {
      TOBARI_ASSIGN(disk.host, HostId::parse(host_id));
    }
    if (!holder.empty()) {
      TOBARI_ASSIGN(disk.holder, DesktopId::parse(holder));
    }
    disk.size_gib = static_cast<std::uint32_t>(size_gib);
    disk.epoch = static_cast<std::uint64_t>(epoch);
    disk.made = made != 0;
    disk.removing = removing != 0;
    return disk;
  }

  std::string id, user_id, kind, host_id, holder;
  UserDisk rest{};
  int size_gib = 0, made = 0, removing = 0;
  long long epoch = 0;
};

}  // namespace

// ---- desktops

Result<std::vector<Desktop>> SqlTables::desktops_ending(Time until) const {
  const std::string at = std::to_string(to_milliseconds(until));  // select_desktops() binds texts
  return select_desktops("WHERE d.end_at > 0 AND d.end_at <= CAST(:v AS BIGINT)", &at);
}

Result<std::vector<Desktop>> SqlTables::desktops_that_wake(const PoolId& pool, std::size_t limit) const {
  return select_desktops("WHERE d.pool_id = :v AND d.wakes = 1 AND d.power = 'off'", &pool.str(), nullptr,
                         std::format(" LIMIT {}", limit));
}

Result<void> SqlTables::put_to_rest(const DesktopId& id, Rest rest, bool wakes) {
  return sql_guard(sql_, "put a desktop to rest", [this, &id, rest, wakes]() -> Result<void> {
    const std::string how(to_string(rest));
    const int again = wakes ? 1 : 0;
    Query query(sql_, "UPDATE desktops SET power = 'off', rest = :a, wakes = :b WHERE id = :c AND power <> 'deleted'");
    TOBARI_TRY(expect_change(query.use(how).use(again).use(id.str()).run(), "desktop"));
    touch(id);
    return {};
  });
}

Result<void> SqlTables::set_ending(const DesktopId& id, const std::optional<Ending>& ending) {
  return sql_guard(sql_, "set when a desktop's use ends", [this, &id, &ending]() -> Result<void> {
    const long long at = ending ? to_milliseconds(ending->at) : 0;
    const std::string how(ending ? to_string(ending->how) : std::string_view());
    const std::string text = ending ? ending->text : std::string();
    Query query(sql_, "UPDATE desktops SET end_at = :a, end_how = :b, end_text = :c WHERE id = :d");
    TOBARI_TRY(expect_change(query.use(at).use(how).use(text).use(id.str()).run(), "desktop"));
    touch(id);
    return {};
  });
}

// ---- users' disks

Result<std::vector<UserDisk>> SqlTables::select_user_disks(std::string_view where, const std::string* value,
                                                           const std::string* second) const {
  return sql_guard(sql_, "read users' disks", [this, where, value, second]() -> Result<std::vector<UserDisk>> {
    UserDiskRow row;
    Query query(sql_, std::string("SELECT k.id, k.user_id, u.name, k.name, k.kind, k.size_gib, k.storage, "
                                  "COALESCE(k.host_id, ''), k.holder, k.epoch, k.made, k.removing "
                                  "FROM user_disks k JOIN users u ON u.id = k.user_id ")
                              .append(where) +
                          " ORDER BY u.name, k.name");
    query.into(row.id).into(row.user_id).into(row.rest.user_name).into(row.rest.name).into(row.kind);
    query.into(row.size_gib).into(row.rest.storage).into(row.host_id).into(row.holder).into(row.epoch);
    query.into(row.made).into(row.removing);
    if (value != nullptr) query.use(*value);
    if (second != nullptr) query.use(*second);
    std::vector<UserDisk> found;
    while (query.next()) {
      TOBARI_ASSIGN(UserDisk disk, row.parsed());
      found.push_back(std::move(disk));
    }
    return found;
  });
}

Result<UserDisk> SqlTables::user_disk(const UserDiskId& id) const {
  return only(select_user_disks("WHERE k.id = :v", &id.str()), "user's disk");
}

Result<UserDisk> SqlTables::user_disk_named(const UserId& user, std::string_view name) const {
  const std::string value(name);
  return only(select_user_disks("WHERE k.user_id = :v AND k.name = :w", &user.str(), &value), "user's disk");
}

Result<std::vector<UserDisk>> SqlTables::user_disks() const { return select_user_disks("", nullptr); }

Result<std::vector<UserDisk>> SqlTables::user_disks_of(const UserId& user) const {
  return select_user_disks("WHERE k.user_id = :v", &user.str());
}

Result<std::vector<UserDisk>> SqlTables::user_disks_near(const HostId& host) const {
  return select_user_disks(
      "WHERE k.user_id IN (SELECT d.user_id FROM desktops d WHERE d.host_id = :v AND d.user_id IS NOT NULL) "
      "OR k.host_id = :w OR (k.removing = 1 AND k.storage <> '')",
      &host.str(), &host.str());
}

Result<void> SqlTables::add_user_disk(const UserDisk& disk) {
  return sql_guard(sql_, "add a user's disk", [this, &disk]() -> Result<void> {
    const UserDiskRow row(disk);
    Query query(sql_,
                "INSERT INTO user_disks (id, user_id, name, kind, size_gib, storage, host_id, holder, epoch, made, "
                "removing) VALUES (:a, :b, :c, :d, :e, :f, NULLIF(:g, ''), :h, :i, :j, :k)");
    query.use(row.id).use(disk.user.str()).use(disk.name).use(row.kind).use(row.size_gib).use(disk.storage);
    query.use(disk.host.str()).use(disk.holder.str()).use(row.epoch).use(row.made).use(row.removing).run();
    return {};
  });
}

Result<void> SqlTables::hold_user_disk(const UserDiskId& id, std::uint64_t epoch, const DesktopId& holder,
                                       const HostId& host) {
  return sql_guard(sql_, "give a user's disk to a desktop", [this, &id, epoch, &holder, &host]() -> Result<void> {
    const auto expected = static_cast<long long>(epoch);
    Query query(sql_,
                "UPDATE user_disks SET holder = :a, host_id = NULLIF(:b, ''), epoch = epoch + 1 "
                "WHERE id = :c AND epoch = :d AND removing = 0");
    TOBARI_TRY(expect_change(query.use(holder.str()).use(host.str()).use(id.str()).use(expected).run(),
                             "user's disk of this epoch"));
    if (!holder.empty()) touch(holder);
    return {};
  });
}

Result<void> SqlTables::set_user_disk_size(const UserDiskId& id, std::uint32_t size_gib) {
  return sql_guard(sql_, "size a user's disk", [this, &id, size_gib]() -> Result<void> {
    const int size = static_cast<int>(size_gib);
    Query query(sql_, "UPDATE user_disks SET size_gib = :a WHERE id = :b");
    return expect_change(query.use(size).use(id.str()).run(), "user's disk");
  });
}

Result<void> SqlTables::set_user_disk_made(const UserDiskId& id) {
  return sql_guard(sql_, "note a user's disk", [this, &id]() -> Result<void> {
    return expect_change(Query(sql_, "UPDATE user_disks SET made = 1 WHERE id = :a").use(id.str()).run(),
                         "user's disk");
  });
}

Result<void> SqlTables::set_user_disk_removing(const UserDiskId& id) {
  return sql_guard(sql_, "have a user's disk removed", [this, &id]() -> Result<void> {
    TOBARI_TRY(
        expect_change(Query(sql_, "UPDATE user_disks SET removing = 1, holder = '' WHERE id = :a").use(id.str()).run(),
                      "user's disk"));
    // Its host's orders have changed; of a storage of several hosts, those of all.
    Query(sql_,
          "UPDATE hosts SET revision = revision + 1 WHERE EXISTS (SELECT 1 FROM user_disks k WHERE k.id = :a AND "
          "(k.host_id = hosts.id OR k.storage <> ''))")
        .use(id.str())
        .run();
    return {};
  });
}

Result<void> SqlTables::remove_user_disk(const UserDiskId& id) {
  return sql_guard(sql_, "remove a user's disk", [this, &id]() -> Result<void> {
    return expect_change(Query(sql_, "DELETE FROM user_disks WHERE id = :a").use(id.str()).run(), "user's disk");
  });
}

}  // namespace tobari::broker
