// SPDX-License-Identifier: GPL-3.0-or-later
// One broker: what ControlLoop, DirectControl, HostRegistry and the REST interface's connect do, around the product's
// own control core. What they do in several steps is several steps here, between which this broker may die or stand
// still: a transaction, then what follows from it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "control/core.h"
#include "control/idle_watch.h"
#include "control/lease_watch.h"
#include "database.h"
#include "engine.h"
#include "messages.h"

namespace tobari::sim {

class World;
namespace control = broker::control;

class BrokerModel {
 public:
  BrokerModel(World& world, std::size_t index, std::uint64_t seed);

  Process process;
  bool cut_off = false;              // from the database
  std::chrono::seconds wall_off{0};  // its wall clock

  [[nodiscard]] std::size_t index() const noexcept { return index_; }
  void start();
  void die();

  // ---- lines
  void receive(std::size_t host, std::uint64_t stream, const ToBroker& message, bool again);
  void line_ended(std::size_t host, std::uint64_t stream);
  [[nodiscard]] std::uint64_t stream_of(std::size_t host) const { return hosts_[host].stream; }

  // ---- people and administrators
  void connect(const Connect& request);
  void log_off(std::size_t person, const DesktopId& desktop, std::uint64_t call);
  void decide_once(const control::Event& event);  // nobody waits for the answer

 private:
  using Outcome = Result<control::Effects>;
  using Then = std::function<void(const Outcome&)>;

  // What is known of a host by its line.
  struct Attached {
    std::uint64_t stream = 0;  // 0: there is none
    std::vector<Seen> desktops{};
    std::uint64_t told = 0;      // revision
    std::uint64_t reported = 0;  // that it says it follows from
    std::uint64_t heard_at = 0;  // a number: of the newest news of it
  };
  struct Opening {
    std::size_t person = 0;
    std::uint64_t call = 0;
    RequestId request;
    Moment until{};
    std::optional<broker::Desktop> desktop{};
    bool looked_again = false;
    bool waits = false;
    std::uint64_t display = 0;  // the request to the host
    SessionId session{};
  };
  enum class Stage : std::uint8_t { kRenew, kFollow, kLook, kSweep, kOver };

  [[nodiscard]] broker::MemoryStore& database();
  [[nodiscard]] Clock::Wall wall() const;
  [[nodiscard]] Moment steady() const { return clock_.at(now()); }
  [[nodiscard]] Moment now() const;
  [[nodiscard]] Moment step();  // how long one takes
  [[nodiscard]] bool attached(std::size_t host) const { return hosts_[host].stream != 0; }

  // ---- what a transaction decides, and what follows (broker_model.cpp)
  [[nodiscard]] Outcome commit(const control::Event& event);
  void decide(const control::Event& event, Then then);
  void carry_out(const control::Effects& effects);
  void end_sessions(const std::vector<control::EndedUse>& ended);
  void tell(std::size_t host);  // that it should hear its desired state
  void news_of(std::size_t host);
  [[nodiscard]] std::shared_ptr<const control::Facts> facts();
  void take_report(std::size_t host, const Report& report, bool again);
  void take_event(std::size_t host, const SessionEvent& event);
  void check_sessions(std::optional<std::size_t> only = {});

  // ---- its loop (broker_loop.cpp)
  void note_news();
  void sweep_soon();
  void arm();
  void turn();
  void next(Stage stage);
  void renew();
  void promise(const std::vector<control::LeaseAsk>& asks);
  void follow();
  void follow_one();
  void look();
  void seen(const std::vector<broker::Host>& hosts);
  void call_lost();
  void tell_of_others(const std::vector<broker::Host>& hosts);
  void sweep();
  [[nodiscard]] std::map<DesktopId, std::chrono::seconds> idle_now();

  // ---- connections (broker_connect.cpp)
  void assign(std::uint64_t opening, bool first);
  void assigned(std::uint64_t opening, const Outcome& outcome, std::uint64_t mark);
  void assign_without_comparing(std::uint64_t opening, std::uint64_t mark);
  void check(std::uint64_t opening, std::uint64_t mark);
  void wait(std::uint64_t opening, std::uint64_t mark);
  void look_again(std::uint64_t opening);
  void open_session(std::uint64_t opening);
  void opened(std::uint64_t display, bool good);
  void failed_to_open(const SessionId& session);
  void answer(std::uint64_t opening, ConnectAnswer::Kind kind);

  World& world_;
  const std::size_t index_;
  Random chance_;
  LocalClock clock_{};

  // ---- of this life
  std::vector<Attached> hosts_;
  std::shared_ptr<const control::Facts> facts_;
  std::map<HostId, control::LeaseAsk> asks_;
  std::map<HostId, control::HostReported> reports_;
  std::optional<Moment> news_since_;
  Moment look_at_{};
  Moment sweep_at_{};
  Moment idle_at_{};
  Moment check_at_{};
  bool away_ = false;
  control::LeaseWatch leases_;
  control::IdleWatch idle_;
  std::map<HostId, std::pair<std::uint64_t, Moment>> impatience_;  // of Mistakes::impatient
  bool turning_ = false;
  std::uint64_t arm_turn_ = 0;
  bool looks_ = false;
  bool sweeps_ = false;
  std::map<HostId, control::LeaseAsk> turn_asks_;
  std::vector<control::HostReported> turn_reports_;
  std::vector<control::HostSilent> turn_silent_;
  std::vector<broker::Host> turn_hosts_;
  std::map<std::uint64_t, Opening> openings_;
};

}  // namespace tobari::sim
