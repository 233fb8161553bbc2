// SPDX-License-Identifier: GPL-3.0-or-later
// One desktop on this host: its VM, its guest's agent, its display process. Does what reconcile() says and tells what
// is. Loop thread only; what blocks goes to the workers. Held by shared_ptr: answers of workers may come late.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include <tobari/vmhost/hypervisor.h>

#include "core/crash_policy.h"
#include "core/reconcile.h"
#include "core/restart_budget.h"
#include "core/user_disk_claims.h"
#include "host/container_store.h"
#include "host/disk_store.h"
#include "host/guest_agent.h"
#include "host/image_store.h"
#include "host/loop.h"
#include "host/network_keeper.h"
#include "host/template_keeper.h"
#include "host/user_disk_store.h"
#include "host/worker.h"
#include "images/image_keeper.h"
#include "metrics/host_metrics.h"
#include "recording/recordings.h"
#include "supervisor/display_process.h"
#include "tobari/host.pb.h"

namespace tobari::vmhost {

class LeaseKeeper;

// Another display process that shows a desktop for a while: a wall's.
struct Borrower {
  std::optional<std::uint32_t> uid;                          // of that process
  std::function<Result<void>(const UniqueFd&)> take_source;  // a connected socket to the VM's display
};

struct DesktopTimes {
  std::chrono::milliseconds obey_within = std::chrono::seconds(20);  // a guest that was asked to stop, before the plug
  std::chrono::milliseconds source_again = std::chrono::milliseconds(300);
  std::chrono::milliseconds hypervisor_again = std::chrono::seconds(1);
  std::chrono::milliseconds template_again = std::chrono::milliseconds(100);  // until it is known whether there is one
  std::chrono::milliseconds card_again = std::chrono::seconds(5);             // a copy that gets no card
  std::chrono::milliseconds disk_again = std::chrono::seconds(5);             // a user's disk that cannot be had
  std::chrono::milliseconds home_within = std::chrono::seconds(15);           // that a guest takes to use it
  std::chrono::milliseconds rest_again = std::chrono::minutes(10);            // one that cannot be put to rest
  // What a copy costs, first when it has come to rest.
  std::chrono::milliseconds measure_first = std::chrono::seconds(10);
  std::chrono::milliseconds measure_every = std::chrono::minutes(1);
};

// What all desktops of a host share; outlives them.
struct DesktopServices {
  Loop& loop;
  Hypervisor& hypervisor;
  Worker& hypervisor_worker;  // for what is about the host
  Workers& desktop_workers;   // for what is about one desktop's VM
  Worker& disk_worker;
  ImageStore& images;
  DiskStore& disks;
  std::filesystem::path agents_dir;  // sockets of the guests' agents
  Accelerator accelerator = Accelerator::kTcg;
  std::optional<VmUser> vm_user = {};
  DisplayOptions display = {};                  // without uid
  std::optional<std::uint32_t> first_uid = {};  // of display processes; each desktop has one of its own from here on
  NetworkKeeper* networks = nullptr;            // null: desktops have no network
  TemplateKeeper* templates = nullptr;          // null: every desktop boots
  ContainerStore* containers = nullptr;         // null: this host runs none
  ImageKeeper* image_keeper = nullptr;          // null: images are put there by hand
  RestartBudget::Limits restarts = {};
  DesktopTimes times = {};
  const HostMetrics* metrics = nullptr;       // null: nobody asks for them
  Recordings* recordings = nullptr;           // null: this host keeps none
  const UserDiskStore* user_disks = nullptr;  // null: this host has none
  UserDiskClaims* disk_claims = nullptr;
  LeaseKeeper* lease = nullptr;        // null: what is wanted may run, as on a host that nobody can call lost
  std::function<void()> changed = {};  // look again: list, reconcile, report
  std::function<void(const DesktopId&, const wire::Session&)> on_session = {};
  std::function<void(const DesktopId&, const wire::Transfer&)> on_transfer = {};
  // Which clients an adopted display has, after everything that it had left to say.
  std::function<void(const DesktopId&, const wire::Resumed&)> on_resumed = {};
  std::function<void(const std::string& request_id, const Result<std::string>& jpeg)> on_thumbnail = {};
};

class Desktop : public std::enable_shared_from_this<Desktop> {
 public:
  Desktop(DesktopServices& services, DesktopId id, std::uint32_t slot);

  // ---- what should be
  void want(const wire::DesiredDesktop& wanted);
  void want_nothing() { wanted_.reset(); }  // the broker does not name it any more
  [[nodiscard]] std::optional<WantedDesktop> wanted() const;

  // ---- what is
  // By the hypervisor's list, which was asked for at that time. One that is older than what was done since tells
  // nothing.
  void listed(bool running, Loop::Steady::time_point asked, bool paused = false, bool saved = false);
  [[nodiscard]] bool paused() const noexcept { return paused_; }
  [[nodiscard]] bool running() const noexcept { return running_; }
  [[nodiscard]] bool busy() const noexcept { return busy_; }
  [[nodiscard]] bool held() const;       // not to be started now
  [[nodiscard]] bool unwilling() const;  // could not be put to rest just now
  [[nodiscard]] bool gone() const noexcept { return gone_; }
  // It, or a disk that it has, may be given anew elsewhere when this host is lost. So may one that nobody wants here:
  // whose it is now is not known.
  [[nodiscard]] bool leased() const { return !wanted_ || wanted_->leased(); }
  [[nodiscard]] bool may_run() const;
  [[nodiscard]] wire::ActualDesktop actual() const;  // without its epoch, which the host keeps
  // Of one that runs as a copy, once it was measured; else nothing.
  struct CopyMemory {
    std::uint32_t private_mib = 0;  // that it shares with no other
    std::uint32_t shared_mib = 0;   // the rest of its size: its template's
  };
  [[nodiscard]] CopyMemory copy_memory() const;
  [[nodiscard]] const DesktopId& id() const noexcept { return id_; }
  [[nodiscard]] std::uint32_t slot() const noexcept { return slot_; }

  // ---- what to do
  void start();
  void stop(std::chrono::milliseconds obey_within);
  void stop() { stop(services_.times.obey_within); }
  void remove();
  void restart();  // now, whatever it is doing; forgets failures, and what was saved of it
  void restart_in_order();
  void suspend();
  void save();
  void resume();
  void log_off_guest();
  // It stands still until may_run() again, and its sessions end.
  void fence();

  // ---- its display
  [[nodiscard]] Result<void> showable() const;  // the error says why it cannot be shown now
  // The fingerprint of the display's certificate once it is armed. kUnavailable: later may help.
  [[nodiscard]] Result<std::string> arm(const wire::OpenDisplay& request);
  [[nodiscard]] Result<void> client(const std::string& session, const std::string& address, int descriptor);
  void drop(const wire::CloseSession& request);
  void narrow(const wire::NarrowSession& request);
  void answer_transfer(const wire::TransferAnswered& answer);
  // on_thumbnail() follows unless it fails at once. kUnavailable: nothing is shown now; kExhausted: too many asked.
  [[nodiscard]] Result<void> take_thumbnail(const std::string& request_id);
  void ask_display_to_end() noexcept;
  // What is said over its picture now; empty text: nothing.
  [[nodiscard]] wire::Warn warning() const;
  // ---- of an earlier life of this program (docs/RESTARTS.md)
  // Its display process, which shows it to its client; `session` is that client's, empty: there is none.
  void adopt_display(AdoptedDisplay display, std::string session);
  // A recording of its display goes on over this line.
  void hand_recording_line(const std::string& session, const UniqueFd& line);
  void leave_display() noexcept;  // for the next one

  // QEMU obeys the newest connection only (docs/COMMON_ERRORS.md), so there is one process at a time that gets one:
  // while the display is lent, the borrower, now and whenever the VM was started again; then the desktop's own process.
  // `has_it`: since an earlier life of this program.
  void lend_display(Borrower borrower, bool has_it = false);
  void take_display_back();
  void source_lost(const std::string& detail);       // says whoever has it
  [[nodiscard]] wire::Source::Kind picture() const;  // what is spoken on the sockets that are handed out
  // Of whoever is connected to the desktop's own process; empty: nobody is.
  [[nodiscard]] const std::string& connected_session() const noexcept { return connected_session_; }
  void end_session(
      const std::string& reason);  // of whoever is connected to the desktop's own process: it was taken over

 private:
  void found(bool running);
  [[nodiscard]] Worker& worker() { return services_.desktop_workers.of(slot_); }

  // ---- starting (desktop_start.cpp)
  using Frozen = Result<FrozenTemplate>;
  struct Prepared {
    DomainSpec spec;
    std::optional<FrozenTemplate> copy_of;  // empty: it boots
    std::string boots_because;              // of one that is to be a copy
    DesktopId spoiled{};                    // a template that is not what it was; empty: none
    std::uint32_t disk_number = 0;
    bool fresh_disk = false;    // it had none before
    bool forget_saved = false;  // of the machine
  };
  // `of`: the template that it is to be a copy of, or why there is none; empty: none is named.
  [[nodiscard]] Result<Prepared> prepare(const wire::DesiredDesktop& wanted, const std::optional<Frozen>& of) const;
  [[nodiscard]] Result<Prepared> prepare_container(const wire::DesiredDesktop& wanted, const ImageFiles& image) const;
  void choose_disk(Prepared& prepared, const std::optional<std::filesystem::path>& base,
                   const std::optional<Frozen>& of) const;
  // What is made ready side by side; empty: not yet.
  struct Parts {
    std::optional<Result<Prepared>> prepared;
    std::optional<Result<NetworkCard>> card;
  };
  void join(Parts& parts);
  void power_on(Prepared prepared);
  void boot_instead(const Prepared& prepared, const Error& why);
  void not_started(const Error& error);
  [[nodiscard]] bool is_container() const { return wanted_ && wanted_->machine() == wire::DesiredDesktop::CONTAINER; }
  [[nodiscard]] bool stands_on_template() const;
  [[nodiscard]] bool has_its_disk() const;
  [[nodiscard]] GuestOrder order_for_guest() const;
  void on_guest(bool ready);
  void attach_network();
  void measure_memory_in(std::chrono::milliseconds pause);

  void pull_plug();
  [[nodiscard]] CrashPolicy crash_policy() const;
  void crashed();
  void failed(const Error& error);

  // ---- rest, and how its use ends (desktop_life.cpp)
  using RestCall = Result<void> (Hypervisor::*)(const DesktopId&);
  void call_to_rest(RestCall call, std::function<void(const Result<void>&)> then);
  void cannot_rest(const char* what, const Error& error);
  void runs_again();
  void on_fenced(const Result<bool>& paused);
  void end_display_sessions(const std::string& reason);
  void take_ending(const wire::DesiredDesktop& wanted);
  void warn_display();
  void on_guest_news(const GuestEvent& event);
  [[nodiscard]] wire::Rest resting() const;

  // ---- its user's disks (desktop_disks.cpp)
  [[nodiscard]] bool has_disks() const;  // all that it is to have
  void bring_disks();
  void attach_disk(const wire::UserDisk& disk);
  void tell_guest_of(const wire::UserDisk& disk);
  void disk_is_there();
  void disk_failed(const std::string& why);
  void forget_disks();
  [[nodiscard]] std::string how_it_ended() const;
  void became_ready();  // from now on its user can work
  void rest_until(Loop::Steady::time_point until);
  void came_up();
  void went_down();
  void start_display();
  void make_display(std::optional<AdoptedDisplay> adopted);
  void on_display_resumed(const wire::Resumed& resumed);
  void on_display_session(const wire::Session& session);
  void on_display_gone();
  void end_display();
  void session_is_over();
  void on_display_picture(const wire::Picture& picture);
  void offer_source();
  [[nodiscard]] Result<void> hand_source(const UniqueFd& socket);
  [[nodiscard]] std::uint32_t heads() const;
  void offer_source_in(std::chrono::milliseconds pause);
  void offer_source_later() { offer_source_in(services_.times.source_again); }
  void hand_clipboard();
  [[nodiscard]] std::string agent_socket() const;
  [[nodiscard]] std::string clipboard_socket() const;
  [[nodiscard]] std::optional<std::uint32_t> display_user() const;

  DesktopServices& services_;
  const DesktopId id_;
  const std::uint32_t slot_;
  std::optional<wire::DesiredDesktop> wanted_;
  bool running_ = false;
  bool paused_ = false;
  bool saved_ = false;
  bool fencing_ = false;           // a worker is just pausing it, or pulling its plug
  bool fenced_ = false;            // it is paused because it may not run
  bool goes_on_ = false;           // it was just resumed, or started from what was saved: its clock is behind
  bool logged_off_ = false;        // its user has ended the guest's session
  bool old_disk_ = false;          // it runs with a disk that it is to leave
  std::optional<Rest> rest_as_{};  // because what was wanted cannot be
  Loop::Steady::time_point rest_again_{};
  std::string ending_text_;
  std::optional<Loop::Steady::time_point> ending_at_{};
  std::set<std::string> disks_there_;      // ids: its guest uses them
  std::optional<std::string> bringing_{};  // the one that is being brought
  std::string disk_problem_;
  bool busy_ = false;
  bool stopping_ = false;  // it goes down because we want it to
  bool removing_ = false;
  bool changing_ = false;  // a worker is just starting or ending its VM
  Loop::Steady::time_point changed_at_{};
  bool gone_ = false;
  bool has_agent_ = false;
  bool has_clipboard_ = false;
  bool one_screen_ = false;  // its devices have no more
  bool guest_ready_ = false;
  bool copied_ = false;       // its disk stands on a template's
  bool card_is_due_ = false;  // it runs as a copy that has no card yet, or perhaps none
  // It was started as a copy, and did not boot from its disk; empty: by an earlier life of this program, who knows how.
  std::optional<bool> started_as_copy_{};
  std::uint32_t private_memory_mib_ = 0;
  RestartBudget budget_;
  std::optional<std::string> failure_;
  std::optional<Loop::Steady::time_point> ordered_;  // when it was told to start, until it is ready
  Loop::Steady::time_point rest_until_;
  std::unique_ptr<GuestAgent> guest_;
  std::unique_ptr<DisplayProcess> display_;
  std::string connected_session_;
  bool has_source_ = false;  // whoever shows it was adopted with one: it is not to be offered again at once
  std::optional<Borrower> borrower_;
  std::uint64_t handed_over_ = 0;  // how often the display went to another process
  struct Wish {
    std::uint64_t id;
    std::string request_id;
    Loop::Steady::time_point since;
  };
  std::deque<Wish> thumbnails_;  // asked of the display
  std::uint64_t thumbnails_asked_ = 0;
  Loop::Handle rest_timer_;
  Loop::Handle plug_timer_;
  Loop::Handle source_timer_;
  Loop::Handle card_timer_;
  Loop::Handle memory_timer_;
  Loop::Handle disk_timer_;
};

}  // namespace tobari::vmhost
