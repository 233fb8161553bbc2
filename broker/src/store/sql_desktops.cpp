// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/names.h"
#include "store/query.h"
#include "store/sql_errors.h"
#include "store/sql_tables.h"

namespace tobari::broker {
namespace {

// As the columns come; becomes a Desktop only when every column makes sense.
struct DesktopRow {
  std::string id, user_id, host_id, power;
  Desktop rest;
  int vcpus = 0;
  int memory_mib = 0;
  long long epoch = 0;

  [[nodiscard]] Result<Desktop> parsed() const {
    Desktop desktop = rest;
    TOBARI_ASSIGN(desktop.id, DesktopId::parse(id));
    TOBARI_ASSIGN(desktop.user, UserId::parse(user_id));
    TOBARI_ASSIGN(desktop.host, HostId::parse(host_id));
    TOBARI_ASSIGN(desktop.power, parse_power(power));
    desktop.vcpus = static_cast<std::uint32_t>(vcpus);
    desktop.memory_mib = static_cast<std::uint32_t>(memory_mib);
    desktop.epoch = static_cast<std::uint64_t>(epoch);
    return desktop;
  }
};

constexpr std::string_view kSelect =
    "SELECT d.id, d.name, d.user_id, u.name, d.host_id, n.name, d.image, d.vcpus, d.memory_mib, d.power, d.epoch "
    "FROM desktops d JOIN users u ON u.id = d.user_id JOIN nodes n ON n.id = d.host_id ";

}  // namespace

Result<std::vector<Desktop>> SqlTables::select_desktops(std::string_view where, const std::string* value) const {
  return sql_guard("read desktops", [this, where, value]() -> Result<std::vector<Desktop>> {
    DesktopRow row;
    Query query(sql_, std::string(kSelect).append(where) + " ORDER BY d.name");
    query.into(row.id).into(row.rest.name).into(row.user_id).into(row.rest.user_name).into(row.host_id);
    query.into(row.rest.host_name).into(row.rest.image).into(row.vcpus).into(row.memory_mib).into(row.power);
    query.into(row.epoch);
    if (value != nullptr) query.use(*value);
    std::vector<Desktop> found;
    while (query.next()) {
      TOBARI_ASSIGN(Desktop desktop, row.parsed());
      found.push_back(std::move(desktop));
    }
    return found;
  });
}

Result<Desktop> SqlTables::desktop(const DesktopId& id) const {
  return only(select_desktops("WHERE d.id = :v", &id.str()), "desktop");
}

Result<std::vector<Desktop>> SqlTables::desktops() const { return select_desktops("", nullptr); }

Result<std::vector<Desktop>> SqlTables::desktops_of_user(const UserId& user) const {
  return select_desktops("WHERE d.user_id = :v", &user.str());
}

Result<std::vector<Desktop>> SqlTables::desktops_on_host(const HostId& host) const {
  return select_desktops("WHERE d.host_id = :v", &host.str());
}

Result<void> SqlTables::add_desktop(const Desktop& desktop) {
  return sql_guard("add a desktop", [this, &desktop]() -> Result<void> {
    const std::string power(to_string(desktop.power));
    const int vcpus = static_cast<int>(desktop.vcpus);
    const int memory_mib = static_cast<int>(desktop.memory_mib);
    const auto epoch = static_cast<long long>(desktop.epoch);
    Query query(sql_,
                "INSERT INTO desktops (id, name, user_id, host_id, image, vcpus, memory_mib, power, epoch) "
                "VALUES (:a, :b, :c, :d, :e, :f, :g, :h, :i)");
    query.use(desktop.id.str()).use(desktop.name).use(desktop.user.str()).use(desktop.host.str()).use(desktop.image);
    query.use(vcpus).use(memory_mib).use(power).use(epoch).run();
    return {};
  });
}

Result<void> SqlTables::set_power(const DesktopId& id, Power power) {
  return sql_guard("set a desktop's power", [this, &id, power]() -> Result<void> {
    const std::string value(to_string(power));
    Query query(sql_, "UPDATE desktops SET power = :a WHERE id = :b");
    return expect_change(query.use(value).use(id.str()).run(), "desktop");
  });
}

Result<void> SqlTables::set_epoch(const DesktopId& id, std::uint64_t epoch) {
  return sql_guard("set a desktop's epoch", [this, &id, epoch]() -> Result<void> {
    const auto value = static_cast<long long>(epoch);
    Query query(sql_, "UPDATE desktops SET epoch = :a WHERE id = :b");
    return expect_change(query.use(value).use(id.str()).run(), "desktop");
  });
}

Result<void> SqlTables::remove_desktop(const DesktopId& id) {
  return sql_guard("remove a desktop", [this, &id]() -> Result<void> {
    return expect_change(Query(sql_, "DELETE FROM desktops WHERE id = :a").use(id.str()).run(), "desktop");
  });
}

}  // namespace tobari::broker
