// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/names.h"
#include "store/query.h"
#include "store/sql_errors.h"
#include "store/sql_tables.h"

namespace tobari::broker {

Result<std::vector<Host>> SqlTables::select_hosts(std::string_view where, const std::string* value) const {
  return sql_guard(sql_, "read hosts", [this, where, value]() -> Result<std::vector<Host>> {
    Host row;
    std::string id;
    std::string mode;
    int lost = 0;
    int desktops = 0;
    long long lease = 0;
    long long revision = 0;
    long long promised = 0;
    Query query(sql_,
                std::string("SELECT h.id, n.name, h.mode, h.lost, h.lease, h.revision, h.promised_mib, h.desktops "
                            "FROM hosts h JOIN nodes n ON n.id = h.id ")
                        .append(where) +
                    " ORDER BY n.name");
    query.into(id).into(row.name).into(mode).into(lost).into(lease).into(revision).into(promised).into(desktops);
    if (value != nullptr) query.use(*value);
    std::vector<Host> found;
    while (query.next()) {
      TOBARI_ASSIGN(row.id, HostId::parse(id));
      TOBARI_ASSIGN(row.mode, parse_host_mode(mode));
      row.lost = lost != 0;
      row.lease = static_cast<std::uint64_t>(lease);
      row.revision = static_cast<std::uint64_t>(revision);
      row.promised_mib = static_cast<std::uint64_t>(promised);
      row.desktops = static_cast<std::uint32_t>(desktops);
      found.push_back(row);
    }
    return found;
  });
}

Result<Host> SqlTables::host(const HostId& id) const {
  return only(select_hosts("WHERE h.id = :v", &id.str()), "host");
}

Result<std::vector<Host>> SqlTables::hosts() const { return select_hosts("", nullptr); }

Result<void> SqlTables::set_host_mode(const HostId& id, HostMode mode) {
  return sql_guard(sql_, "set a host's mode", [this, &id, mode]() -> Result<void> {
    const std::string value(to_string(mode));
    return expect_change(Query(sql_, "UPDATE hosts SET mode = :a WHERE id = :b").use(value).use(id.str()).run(),
                         "host");
  });
}

Result<void> SqlTables::set_host_lost(const HostId& id) {
  return sql_guard(sql_, "call a host lost", [this, &id]() -> Result<void> {
    return expect_change(Query(sql_, "UPDATE hosts SET lost = 1 WHERE id = :a").use(id.str()).run(), "host");
  });
}

Result<Host> SqlTables::renew_lease(const HostId& id) {
  auto renewed = sql_guard(sql_, "renew a lease", [this, &id]() -> Result<void> {
    Query query(sql_, "UPDATE hosts SET lease = lease + 1, lost = 0 WHERE id = :a");
    return expect_change(query.use(id.str()).run(), "host");
  });
  TOBARI_TRY(std::move(renewed));
  return host(id);
}

Result<void> SqlTables::set_revision(const HostId& id, std::uint64_t revision) {
  return sql_guard(sql_, "set a host's revision", [this, &id, revision]() -> Result<void> {
    const auto value = static_cast<long long>(revision);
    return expect_change(Query(sql_, "UPDATE hosts SET revision = :a WHERE id = :b").use(value).use(id.str()).run(),
                         "host");
  });
}

}  // namespace tobari::broker
