// SPDX-License-Identifier: GPL-3.0-or-later
// /load: what runs now and how much it does, in one answer, for `tobari top`.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "core/names.h"
#include "core/session_state.h"
#include "rest/api.h"

namespace tobari::broker {
namespace {

using Json = nlohmann::ordered_json;

struct Rates {
  double frames = 0, bytes = 0, pixels = 0;  // a second
};

// What is in the database of it.
struct Stored {
  std::vector<Host> hosts;
  std::vector<Session> sessions;
  std::map<DesktopId, Desktop> desktops;  // of the sessions
  std::vector<std::pair<Pool, PoolFill>> pools;
};

Result<Stored> read_stored(const Reader& reader, Time now) {
  Stored stored;
  TOBARI_ASSIGN(stored.hosts, reader.hosts());
  TOBARI_ASSIGN(stored.sessions, reader.live_sessions());
  std::erase_if(stored.sessions, [now](const Session& session) { return !is_live(session, now); });
  stored.sessions.resize(std::min(stored.sessions.size(), kMaxSessionList));
  for (const Session& session : stored.sessions) {
    if (stored.desktops.contains(session.desktop)) continue;
    const auto desktop = reader.desktop(session.desktop);
    if (desktop.has_value()) {
      stored.desktops.emplace(session.desktop, *desktop);
    } else if (desktop.error().code != Errc::kNotFound) {  // gone meanwhile
      return std::unexpected<Error>(desktop.error());
    }
  }
  TOBARI_ASSIGN(const auto pools, reader.pools());
  for (const Pool& pool : pools) {
    TOBARI_ASSIGN(const PoolFill fill, reader.pool_fill(pool.id));
    stored.pools.emplace_back(pool, fill);
  }
  return stored;
}

Json rates_view(const Rates& rates) {
  return {{"frames_per_second", rates.frames}, {"bytes_per_second", rates.bytes}, {"pixels_per_second", rates.pixels}};
}

Json host_view(const Host& host, const std::optional<HostInfo>& info, const std::optional<HostLoad>& load) {
  Json object{{"id", host.id.str()},
              {"name", host.name},
              {"state", info ? "connected" : "away"},
              {"mode", host.mode == HostMode::kDraining ? "draining" : "ready"},
              {"desktops", host.desktops},
              {"memory_promised_mib", host.promised_mib}};
  if (info) {
    object["cpus"] = info->cpus;
    object["memory_mib"] = info->memory_mib;
  }
  if (!load) return object;
  object["cpu"] = load->cpu;
  object["memory_available_mib"] = load->memory_available_mib;
  object["clients"] = load->displays.size();
  Rates sum;
  for (const DisplayLoad& each : load->displays) {
    sum.frames += each.frames_per_second;
    sum.bytes += each.bytes_per_second;
    sum.pixels += each.pixels_per_second;
  }
  object.update(rates_view(sum));
  return object;
}

const DisplayLoad* find(const std::optional<HostLoad>& load, const Session& session) {
  if (!load) return nullptr;
  const auto at = std::ranges::find_if(load->displays, [&session](const DisplayLoad& each) {
    return session.further.empty() ? each.desktop == session.desktop.str() : each.session == session.id.str();
  });
  return at == load->displays.end() ? nullptr : &*at;
}

Json session_view(const Session& session, const Stored& stored, const DisplayLoad* load, Time now) {
  Json object = view(session, now);
  if (const auto desktop = stored.desktops.find(session.desktop); desktop != stored.desktops.end()) {
    object["desktop"] = desktop->second.name;
    object["host"] = desktop->second.host_name;
  }
  if (load == nullptr || session.state != SessionState::kConnected) return object;
  object.update(rates_view({load->frames_per_second, load->bytes_per_second, load->pixels_per_second}));
  if (load->input_p50_us > 0) {
    object["input_p50_ms"] = load->input_p50_us / 1000.0;
    object["input_p99_ms"] = load->input_p99_us / 1000.0;
  }
  return object;
}

Answer load(Api& api) {
  const Time now = api.clock.wall();
  TOBARI_ASSIGN(const Stored stored, api.store.get([now](const Reader& reader) { return read_stored(reader, now); }));
  std::map<HostId, std::optional<HostLoad>> loads;
  Json hosts = Json::array();
  for (const Host& host : stored.hosts) {
    const auto& load = loads[host.id] = api.hosts.load(host.id);
    hosts.push_back(host_view(host, api.hosts.info(host.id), load));
  }
  Json sessions = Json::array();
  for (const Session& session : stored.sessions) {
    sessions.push_back(session_view(session, stored, find(loads[session.host], session), now));
  }
  Json pools = Json::array();
  for (const auto& [pool, fill] : stored.pools) {
    pools.push_back({{"name", pool.name},
                     {"desktops", fill.desktops},
                     {"assigned", fill.assigned},
                     {"spares", fill.desktops - std::min(fill.assigned, fill.desktops)},
                     {"max", pool.max}});
  }
  const DesktopCensus census = api.hosts.census();
  return json_response(200, {{"time", format_time(now)},
                             {"desktops",
                              {{"stopped", census.stopped},
                               {"starting", census.starting},
                               {"running", census.running},
                               {"failed", census.failed}}},
                             {"hosts", std::move(hosts)},
                             {"pools", std::move(pools)},
                             {"sessions", std::move(sessions)}});
}

}  // namespace

std::vector<Route> load_routes(Api& api) {
  return {{"GET", "/api/v1/load", Access::kAdmin, at_once([&api](const Call&) { return load(api); })}};
}

}  // namespace tobari::broker
