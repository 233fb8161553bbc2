// SPDX-License-Identifier: GPL-3.0-or-later
// The host's whole behaviour, without sockets to the outside: takes what the broker says, keeps the desktops so, and
// says what is. The desired state is remembered on disk, so that desktops are kept right while the broker is away. Loop
// thread.
#pragma once

#include <chrono>
#include <deque>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>

#include "core/armed_sessions.h"
#include "host/adoption.h"
#include "host/desktop.h"
#include "host/epoch_store.h"
#include "host/event_queue.h"
#include "host/held_sessions.h"
#include "host/wall.h"

namespace tobari::vmhost {

class HostAgent {
 public:
  static constexpr std::size_t kMaxDesktops = 4096;  // host.proto

  struct Options {
    std::filesystem::path desired_file;
    wire::HostHello hello;                                              // without images
    std::chrono::milliseconds list_every = std::chrono::seconds(10);    // besides every event: those can be lost
    std::chrono::milliseconds open_within = std::chrono::seconds(8);    // for a display that is just starting
    std::chrono::milliseconds events_again = std::chrono::seconds(15);  // that no broker has stored
    std::chrono::milliseconds obey_at_exit = std::chrono::seconds(8);
    std::chrono::milliseconds exit_within = std::chrono::seconds(14);
  };
  // To whichever broker it is for (link/broker_lines.h).
  using Send = std::function<void(const wire::FromHost&)>;

  // `services`: without its callbacks, which are this object's. `adopted`: what an earlier life of this program left.
  HostAgent(Options options, DesktopServices services, EpochStore epochs, EventQueue events, Send send,
            Adoption adopted = {});
  ~HostAgent();
  HostAgent(const HostAgent&) = delete;
  HostAgent& operator=(const HostAgent&) = delete;

  // A new stream, to one of the brokers: hello, state, events.
  void on_broker_open(const Send& line);
  void on_broker_open() { on_broker_open(send_); }  // of the only one
  // `broker`: which of the brokers, by the configuration's order.
  void on_broker_message(const wire::ToHost& message, std::size_t broker = 0);
  void on_broker_lost() { send_events(send_); }  // what it was told may not have been stored
  // A client's first packet carried this token. Good once.
  [[nodiscard]] Result<void> on_client(const std::string& token_sha256, const std::string& address, int descriptor);

  // For whoever watches this host.
  struct Figures {
    std::size_t stopped = 0, starting = 0, running = 0, failed = 0;  // desktops
    bool hypervisor_up = false;
    std::string hypervisor_error;  // when it is not
    double lease_seconds = 0;      // until it is over; 0: there is none
    // Of instant clones that run and were measured: what is their own, and the rest of their size.
    std::uint64_t clones_private_mib = 0, clones_shared_mib = 0;
  };
  [[nodiscard]] Figures figures() const;

  // Stops every VM, then calls `done`; also when time is up.
  void stop_desktops(std::function<void()> done);
  void ask_displays_to_end() noexcept;
  // Nor do display processes end: the next life of this program goes on with them.
  void leave_displays() noexcept;

 private:
  struct Opening {
    wire::OpenDisplay request;
    Loop::Steady::time_point deadline;
  };

  // ---- state
  void load_desired();
  void on_desired(const wire::DesiredState& desired);
  [[nodiscard]] Result<void> take(const wire::DesiredState& desired);
  void end_former_uses();  // host_agent_life.cpp
  void take_networks(const wire::DesiredState& desired);
  void take_removed_disks(const wire::DesiredState& desired);  // host_agent_life.cpp
  void remove_disk(const UserDiskId& id, const std::string& storage);
  void warn_walls();
  void look();  // list, then everything that follows from it
  void on_list(const Result<std::vector<DomainInfo>>& list, Loop::Steady::time_point asked);
  void reconcile_now();
  void tell_watchdog();
  void act(const Action& action);
  void forget_gone();
  void report();
  [[nodiscard]] std::optional<wire::FromHost> current_report() const;
  void send_events(const Send& line);
  [[nodiscard]] std::shared_ptr<Desktop> desktop(const DesktopId& id);
  [[nodiscard]] std::uint32_t free_slot() const;
  void check_exit();

  // ---- of an earlier life of this program (host_agent_adopt.cpp)
  void take_up();
  void take_up_session(const wire::HeldSession& held);
  void take_up_wall(const wire::HeldWall& held);
  void take_up_desktop(const std::string& name, AdoptedDisplay display, const std::string& session);
  void take_up_recording(const wire::HeldSession& held);
  void on_resumed(const DesktopId& id, const wire::Resumed& resumed);
  [[nodiscard]] std::optional<std::uint32_t> adopted_slot(const std::string& display) const;

  // ---- sessions
  void on_open_display(const wire::OpenDisplay& request);
  [[nodiscard]] Result<std::string> try_open(const wire::OpenDisplay& request);
  void forget_oldest_session();
  void answer(const wire::OpenDisplay& request, const Result<std::string>& result);
  void retry_openings();
  void on_close_session(const wire::CloseSession& request);
  void on_check_sessions(const wire::CheckSessions& request);  // host_agent_life.cpp
  void on_narrow_session(const wire::NarrowSession& request);
  void on_transfer(const DesktopId& id, const wire::Transfer& transfer);
  void ask_broker(const std::string& session, const wire::Transfer& transfer);
  void on_transfer_answered(const wire::TransferAnswered& answer);
  void on_restart(const wire::RestartDesktop& request);
  void on_log_off(const wire::LogOffGuest& request);  // host_agent_life.cpp
  void on_read_image_part(const wire::ReadImagePart& request);
  void on_take_thumbnail(const wire::TakeThumbnail& request);
  void on_thumbnail(const std::string& request_id, const Result<std::string>& jpeg);
  // Named by the broker with the epoch that we know.
  [[nodiscard]] Result<std::shared_ptr<Desktop>> ordered(const std::string& desktop_id, std::uint64_t epoch) const;
  void on_session(const DesktopId& id, const wire::Session& session);
  void tell(const DesktopId& desktop, const wire::Session& session);
  void on_recording(const RecordingReport& report);
  void keep_and_send(const wire::SessionEvent& event);
  void send_failure(const std::string& request_id, const Error& error);
  void remember_answer(const std::string& request_id, const wire::FromHost& message);

  // ---- walls (host_agent_walls.cpp)
  using Desktops = std::vector<std::shared_ptr<Desktop>>;
  // Those that the request names, a screen each.
  [[nodiscard]] Result<Desktops> ordered(const wire::OpenDisplay& request) const;
  [[nodiscard]] Result<std::string> open_wall(const wire::OpenDisplay& request, const Desktops& desktops);
  [[nodiscard]] Wall::Callbacks callbacks_for(const std::string& session, const DesktopId& first);
  // Others than `newest` that show one of its desktops.
  void end_walls(const Wall& newest, bool (Wall::*which)() const noexcept, const std::string& reason);
  void end_walls_of(const DesktopId& desktop, const std::string& reason);
  [[nodiscard]] Wall* wall_of(const std::string& session) const;

  const Options options_;
  DesktopServices services_;
  EpochStore epochs_;
  EventQueue events_;
  const Send send_;
  std::map<DesktopId, std::shared_ptr<Desktop>> desktops_;
  bool desired_known_ = false;
  std::set<DesktopId> refused_;  // named with an old epoch: reported with ours, so that the broker can catch up
  std::uint64_t revision_ = 0;
  std::set<DesktopId> given_anew_;            // their epochs have risen: whoever has them is to leave
  bool taken_up_ = false;                     // what an earlier life of this program left
  std::map<UserDiskId, bool> removed_disks_;  // that are to be deleted; true: nothing of it is left
  bool listed_ = false;                       // it is known what runs
  bool listing_ = false;
  bool look_again_ = false;
  std::optional<std::string> hypervisor_error_ = "it has not been asked yet";
  std::string last_report_;
  ArmedSessions armed_;
  struct Armed {
    DesktopId desktop;  // of a wall the first one
    bool wall = false;
  };
  std::map<std::string, Armed> sessions_;  // by session id: those that were armed here
  HeldSessions held_;
  Adoption adopted_;  // until it has been taken up
  std::deque<std::string> session_order_;
  std::map<std::string, std::unique_ptr<Wall>> walls_;  // by session id
  std::deque<Opening> openings_;
  std::deque<std::pair<std::string, wire::FromHost>> answers_;  // to requests, which may be repeated
  std::function<void()> exit_done_;
  std::unique_ptr<Subscription> watch_;
  Loop::Handle list_timer_;
  Loop::Handle events_timer_;
  Loop::Handle open_timer_;
  Loop::Handle exit_timer_;
};

}  // namespace tobari::vmhost
