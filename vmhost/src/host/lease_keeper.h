// SPDX-License-Identifier: GPL-3.0-or-later
// Asks all brokers for this host's lease, again and again, and knows whether it is good. What the watchdog
// (vmhost/src/fence), and the next life of this program, must know of it is in a file. Loop thread.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

#include "core/host_lease.h"
#include "fence/lease_file.h"
#include "host/loop.h"
#include "tobari/host.pb.h"

namespace tobari::vmhost {

class LeaseKeeper {
 public:
  struct Options {
    std::filesystem::path file;
    std::size_t brokers = 1;  // that the configuration names
    LeaseTimes times = {};
  };
  using Send = std::function<void(const wire::FromHost&)>;  // to all brokers

  // What was left in the file by an earlier life of this program, in this life of the machine, still holds.
  [[nodiscard]] static Result<std::unique_ptr<LeaseKeeper>> create(Loop& loop, Options options);

  // `changed`: it is good now, or over. Asks from now on.
  void start(Send send, std::function<void()> changed);

  [[nodiscard]] bool good() const { return lease_.good(boot_time()); }
  // Until it is over; zero or less: it is.
  [[nodiscard]] std::chrono::nanoseconds left() const { return lease_.until() - boot_time(); }

  void on_answer(std::size_t broker, const wire::LeaseAnswer& answer);
  void ask_now();  // a broker is there that was not
  // The desired state that this host has.
  void has_revision(std::uint64_t revision);
  // What may run without a lease, and under one. What is not named is let go on by nobody.
  void may_run(std::set<DesktopId> always, std::set<DesktopId> leased);

 private:
  LeaseKeeper(Loop& loop, Options options, LeaseNote note, UniqueFd timer);
  void on_time();
  void set_timer();
  void ask();
  void after_change();
  void write();
  void mind_watchdog();

  Loop& loop_;
  const Options options_;
  LeaseNote note_;  // as it is in the file
  HostLease lease_;
  const UniqueFd timer_;
  Send send_;
  std::function<void()> changed_;
  std::uint64_t revision_ = 0;
  bool was_good_ = false;
  bool writing_fails_ = false;  // one line when it begins
  bool watched_ = true;         // likewise
  HostLease::Time asked_at_{0};
  HostLease::Time ask_at_{0};
  Loop::Handle watch_;
};

}  // namespace tobari::vmhost
