// SPDX-License-Identifier: GPL-3.0-or-later
// The display process of one desktop, or of a wall: started at once, watched, started again when it ends or hangs. What
// it says is a claim of a process that parses hostile bytes. Loop thread only; callbacks must not destroy this object.
// With a keeper it outlives this program, and the next life takes it over as an AdoptedDisplay.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include <tobari/display/control_channel.h>

#include "core/restart_budget.h"
#include "host/loop.h"
#include "keeper/descriptor_keeper.h"
#include "metrics/display_figures.h"
#include "supervisor/resource_groups.h"
#include "supervisor/spawn.h"
#include "tobari/display_control.pb.h"

namespace tobari::vmhost {

struct DisplayOptions {
  std::string program;      // what is started; or
  std::string socket = {};  // where the service manager is asked for one
  std::string log_level = "info";
  std::uint32_t screens = 1;
  std::optional<std::uint32_t> uid;
  std::chrono::milliseconds ping_every = std::chrono::seconds(2);
  std::chrono::milliseconds answer_within = std::chrono::seconds(10);  // else it hangs and is killed
  std::uint64_t statistics_every = 5;                                  // pings
  RestartBudget::Limits restarts;
  const ResourceGroups* groups = nullptr;  // none: without limits
  ResourceLimits limits = {};
  DisplayFigures* figures = nullptr;   // none: nobody asks for them
  DescriptorKeeper* keeper = nullptr;  // none: it ends with us
  std::chrono::seconds hold{60};       // how long it goes on without us, where there is one
};

// One that an earlier life of this program has started, as the keeper gave it back.
struct AdoptedDisplay {
  UniqueFd control;
  Child child;  // not ours to reap
  std::optional<std::uint32_t> uid;
  std::string fingerprint;
};

struct DisplayCallbacks {
  std::function<void()> on_ready;  // it can be armed and wants a source
  std::function<void(const wire::Session&)> on_session;
  std::function<void(std::uint32_t screen, const std::string& detail)> on_source_lost;
  std::function<void(const wire::Picture&)> on_picture;
  std::function<void()> on_gone;                                // with every connection; it is started again
  std::function<void(const wire::Transfer&)> on_transfer = {};  // something is about to pass
  std::function<void(const wire::Resumed&)> on_resumed = {};    // an adopted one, after what it had left to say
};

class DisplayProcess {
 public:
  DisplayProcess(Loop& loop, std::string desktop, DisplayOptions options, DisplayCallbacks callbacks,
                 std::optional<AdoptedDisplay> adopted = {});
  ~DisplayProcess();  // ends it, unless it was left
  DisplayProcess(const DisplayProcess&) = delete;
  DisplayProcess& operator=(const DisplayProcess&) = delete;

  [[nodiscard]] bool ready() const noexcept { return !left_ && !fingerprint_.empty(); }
  [[nodiscard]] const std::string& fingerprint() const noexcept { return fingerprint_; }  // 64 hex digits
  [[nodiscard]] pid_t pid() const noexcept { return child_.pid; }
  // Whom it runs as, once it is ready; nothing: the same as we do.
  [[nodiscard]] std::optional<std::uint32_t> uid() const noexcept { return uid_; }
  // The newest, of the process that runs now.
  [[nodiscard]] const std::optional<wire::Statistics>& statistics() const noexcept { return statistics_; }

  // kUnavailable when it is not ready. `descriptor` stays the caller's.
  [[nodiscard]] Result<void> send(const wire::ToDisplay& message, int descriptor = -1);
  // Ends the process that runs now; another one is started.
  void restart(const std::string& why) { ended(why); }
  // Tells it to end, without waiting; the destructor waits.
  void ask_to_end() noexcept;
  // We end, and it goes on without us. One that is just starting does not.
  void leave() noexcept;

 private:
  void start();
  void take_over(AdoptedDisplay adopted);
  void listen();
  void outlive_us();
  void let_go() noexcept;
  [[nodiscard]] Result<void> try_start();
  [[nodiscard]] Result<void> start_program();
  [[nodiscard]] Result<void> start_service();
  [[nodiscard]] Result<void> identify();  // a service's process, by its first message
  void watch(Child child);
  [[nodiscard]] std::string group() const { return "display-" + desktop_; }
  void ended(const std::string& why);
  [[nodiscard]] bool read_one();  // false: there is nothing more to read now
  void on_messages();
  void on_exit();
  void handle(const wire::FromDisplay& message);
  void ping();
  void keep(const wire::Statistics& statistics);

  Loop& loop_;
  const std::string desktop_;
  const DisplayOptions options_;
  const DisplayCallbacks callbacks_;
  RestartBudget budget_;
  Child child_;
  std::optional<std::uint32_t> uid_;
  std::optional<display::ControlChannel> channel_;
  std::string fingerprint_;
  std::optional<wire::Statistics> statistics_;
  std::uint64_t pings_ = 0;
  std::uint64_t pongs_ = 0;  // the highest one answered
  bool left_ = false;
  Loop::Steady::time_point last_sign_;
  Loop::Handle watch_channel_;
  Loop::Handle watch_child_;
  Loop::Handle ping_timer_;
  Loop::Handle start_timer_;
};

}  // namespace tobari::vmhost
