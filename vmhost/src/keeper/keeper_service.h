// SPDX-License-Identifier: GPL-3.0-or-later
// What tobari-keeper does: holds what the host agent gives it, hands it to the next one, and ends it when none comes in
// time (keeper.proto). It never reads from what it holds, so nobody but the agent reaches it. Loop thread only.
#pragma once

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>
#include <tobari/display/control_channel.h>

#include "host/loop.h"
#include "tobari/keeper.pb.h"

namespace tobari::vmhost {

struct KeeperTimes {
  std::chrono::milliseconds grace = std::chrono::seconds(2);         // for a process that was asked to end
  std::chrono::milliseconds first_agent = std::chrono::seconds(60);  // else nobody needs this
  std::optional<std::chrono::milliseconds> hold = {};                // in place of what agents say
};

class KeeperService {
 public:
  static constexpr std::size_t kMaxWaiting = 8;         // agents, while one is there
  static constexpr std::chrono::seconds kMaxHold{300};  // whatever an agent says

  // `done`: nothing is held, and no agent is there.
  KeeperService(Loop& loop, UniqueFd listener, std::function<void()> done, KeeperTimes times = {});
  KeeperService(const KeeperService&) = delete;
  KeeperService& operator=(const KeeperService&) = delete;

 private:
  struct Entry {
    std::string note;
    UniqueFd descriptor;
    bool process = false;
  };

  void on_connection();
  void next_agent();
  void watch_agent();
  void on_agent(short revents);
  [[nodiscard]] bool hear_one();                                                  // false: nothing more now
  [[nodiscard]] bool handle(const wire::ToKeeper& message, UniqueFd descriptor);  // false: that makes no sense
  void attach(const wire::KeeperAttach& message);
  void keep(const wire::KeeperKeep& message, UniqueFd descriptor);
  void hand_over();
  void not_handed_over(const Error& why);
  void agent_gone(const std::string& why);
  void end_everything();
  void kill_the_rest();
  void look_whether_done();

  Loop& loop_;
  const UniqueFd listener_;
  const std::function<void()> done_;
  const KeeperTimes times_;
  std::map<std::string, Entry> entries_;
  std::deque<UniqueFd> waiting_;
  std::optional<display::ControlChannel> agent_;
  bool attached_ = false;      // it has said what comes first
  bool handing_over_ = false;  // what is held, to the agent
  std::deque<std::string> to_hand_over_;
  std::chrono::milliseconds hold_{0};
  std::optional<Loop::Steady::time_point> away_since_;
  std::vector<UniqueFd> ending_;  // processes that were asked to
  Loop::Handle watch_listener_;
  Loop::Handle watch_agent_;
  Loop::Handle hold_timer_;
  Loop::Handle grace_timer_;
};

}  // namespace tobari::vmhost
