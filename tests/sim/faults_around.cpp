// SPDX-License-Identifier: GPL-3.0-or-later
// Faults of what lies between and around: the network, the database, clocks, and what people do to each other.
#include <chrono>
#include <iterator>

#include "faults.h"
#include "world.h"

namespace tobari::sim {

// ---- the network

void Faults::cut(std::size_t from, std::size_t to, Moment lasts) {
  world_.network.cut(from, to);
  world_.engine.in(lasts, [this, from, to] { world_.network.mend(from, to); });
}

void Faults::cut_line(const Fault& fault) {
  const auto host = world_.network.host(some_host(fault));
  const auto broker = world_.network.broker(some_broker(fault));
  const std::uint64_t which = fault.which % 4;
  if (which != 1) cut(host, broker, fault.lasts);
  if (which != 2) cut(broker, host, fault.lasts);
}

void Faults::cut_host(std::size_t index, Moment lasts) {
  for (std::size_t b = 0; b < world_.brokers.size(); ++b) {
    cut(world_.network.host(index), world_.network.broker(b), lasts);
    cut(world_.network.broker(b), world_.network.host(index), lasts);
  }
}

void Faults::cut_people(const Fault& fault) {
  const auto people = world_.network.people();
  const auto other =
      fault.which % 2 == 0 ? world_.network.host(some_host(fault)) : world_.network.broker(some_broker(fault));
  if (fault.which / 2 % 2 == 0) {
    cut(people, other, fault.lasts);
  } else {
    cut(other, people, fault.lasts);
  }
}

// ---- the database, clocks

void Faults::take_database(const Fault& fault) {
  if (fault.which % 2 == 0) {
    world_.database.goes_away(1);
    world_.engine.in(fault.lasts, [this] { world_.database.goes_away(-1); });
    return;
  }
  BrokerModel& broker = *world_.brokers[some_broker(fault)];
  broker.cut_off = true;
  world_.engine.in(fault.lasts, [&broker] { broker.cut_off = false; });
}

void Faults::fill_database(Moment lasts) {
  world_.database.fills(1);
  world_.engine.in(lasts, [this] { world_.database.fills(-1); });
}

void Faults::contend(Moment lasts) {
  world_.database.is_contended(1);
  world_.engine.in(lasts, [this] { world_.database.is_contended(-1); });
}

void Faults::set_clock(const Fault& fault) {
  static constexpr std::chrono::seconds kJumps[] = {std::chrono::hours(1), -std::chrono::hours(1),
                                                    std::chrono::hours(24 * 400), std::chrono::seconds(-30)};
  BrokerModel& broker = *world_.brokers[some_broker(fault)];
  broker.wall_off = kJumps[static_cast<std::size_t>(fault.which % 4)];
  world_.engine.in(fault.lasts, [&broker] { broker.wall_off = std::chrono::seconds(0); });
}

// ---- people

void Faults::drain(const Fault& fault) {
  BrokerModel& by = *world_.brokers[some_broker(fault)];
  if (!by.process.runs()) return;
  control::SetHostMode event;
  event.host = world_.host_ids[some_host(fault)];
  event.mode = broker::HostMode::kDraining;
  event.how = fault.which % 2 == 0 ? control::DrainHow::kMove : control::DrainHow::kWait;
  event.notice = std::chrono::seconds(fault.which / 2 % 10);
  by.decide_once(event);
  world_.engine.in(fault.lasts, [&by, host = event.host] {
    if (!by.process.runs()) return;
    by.decide_once(control::SetHostMode{.host = host, .mode = broker::HostMode::kReady, .who = {}});
  });
}

void Faults::end_use(const Fault& fault) {
  const Person& person = *world_.people[static_cast<std::size_t>(fault.which / 16 % world_.people.size())];
  BrokerModel& by = *world_.brokers[some_broker(fault)];
  if (person.desktop() == nullptr || !by.process.runs()) return;
  control::EndUse event;
  event.desktop = *person.desktop();
  event.notice = std::chrono::seconds(fault.which % 12);
  by.decide_once(event);
}

void Faults::log_guest_off(const Fault& fault) {
  HostModel& host = *world_.hosts[some_host(fault)];
  if (host.hardware.clients.empty() || !host.agent.process.runs()) return;
  const auto count = static_cast<std::ptrdiff_t>(chance_.below(host.hardware.clients.size()));
  const DesktopId desktop = std::next(host.hardware.clients.begin(), count)->first;
  if (!host.hardware.executes(desktop)) return;
  world_.oracle.guest_logged_off(desktop);
  host.agent.guest_logs_off(desktop);
}

}  // namespace tobari::sim
