// SPDX-License-Identifier: GPL-3.0-or-later
// Judges, after every step, from what really runs, what people were told and what is stored; never from what a broker
// or an agent thinks. docs/RELIABILITY.md says why each rule is one.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "control/events.h"
#include "random.h"
#include "store/state_store.h"

namespace tobari::sim {

class World;

// I1 to I11 of docs/RELIABILITY.md.
enum class Rule : std::uint8_t {
  kCalledLostTooEarly,  // something that may run elsewhere executes on a host that is being called lost
  kRunsWithoutRight,    // or begins to on one that is lost, or after it was given anew
  kDiskTwice,           // two machines that execute have one user's disk
  kTwoUsers,            // of one desktop
  kTwoForOne,           // two desktops of one pool for a user, or for one request
  kLostAssignment,      // it was somebody's, and is not, without a reason; or was given back, and is not
  kGoesBack,            // an epoch, revision or lease; or a host obeys an older one
  kNoRecord,            // a change without its audit record
  kTooSlow,             // everything is whole, and somebody does not get in
  kLeak,                // something is left that nobody wants, or is not there that somebody does
  kSessionStays,        // somebody is shown what is not theirs, or counts as connected and is not
};
inline constexpr std::size_t kRules = 11;
[[nodiscard]] std::string_view to_string(Rule rule) noexcept;

struct Violation {
  Rule rule = Rule::kLeak;
  Moment at{};
  std::string what{};
};

// What a schedule was about, so that one in which nothing happens is seen.
struct Counts {
  std::uint64_t acknowledged = 0;
  std::uint64_t given_back = 0;
  std::uint64_t hosts_lost = 0;
  std::uint64_t given_anew = 0;  // desktops whose host was lost
  std::uint64_t started = 0;     // machines, or let go on
};

class Oracle {
 public:
  explicit Oracle(World& world);

  // ---- of machines
  void executes(std::size_t host, const DesktopId& id);  // perhaps it does not; it is looked at
  void look_at_host(std::size_t host);                   // at all of its machines
  void obeyed_old_order(std::size_t host, const DesktopId& id);
  // ---- of people
  void shown(const DesktopId& desktop, std::size_t person);
  void acknowledged(std::size_t person, const DesktopId& desktop);
  void asked_to_give_back(const DesktopId& desktop) { asked_back_.insert(desktop); }
  void gave_back(std::size_t person, const DesktopId& desktop);
  void guest_logged_off(const DesktopId& desktop) { logged_off_.insert(desktop); }
  // ---- of the database
  void committed(const broker::control::Event& event, const broker::control::Effects& effects);
  // ---- when everything is whole
  void people_are_in();
  void nothing_is_left();

  [[nodiscard]] std::span<const Violation> violations() const noexcept {
    return violations_;
  }  // the first of each rule
  [[nodiscard]] bool found(Rule rule) const noexcept { return found_[static_cast<std::size_t>(rule)]; }
  [[nodiscard]] const Counts& counts() const noexcept { return counts_; }

 private:
  struct Known {
    std::size_t host = 0;
    UserId user{};
    UserId ever{};  // its only one
    bool floating = false;
    bool deleted = false;
    bool gone = false;     // from the database
    bool dead = false;     // it was given anew elsewhere, or may be: it never executes again
    bool may_end = false;  // somebody asked for it
    std::uint64_t epoch = 0;
    std::uint64_t scan = 0;
    Moment changed{};
    std::optional<std::size_t> shown_to{};
  };
  struct KnownHost {
    bool lost = false;
    std::uint64_t lease = 0;
    std::uint64_t revision = 0;
    std::uint32_t desktops = 0;
  };

  void note_reasons(const broker::control::Event& event);
  void look_at_request(const broker::control::Event& event, const broker::control::Effects& effects);
  [[nodiscard]] bool hosts_changed(const broker::Reader& reader);
  void call_lost(std::size_t host);
  void scan(const broker::Reader& reader, const broker::control::Event& event);
  void compare(const broker::Desktop& desktop, const broker::control::Event& event);
  void use_ended(const DesktopId& id, const Known& known, const broker::control::Event& event);
  void look_for_gone(const broker::control::Event& event);
  void need_record(const DesktopId& id);
  void look_for_second(std::span<const broker::Desktop> desktops);
  [[nodiscard]] bool has_reason(const DesktopId& id, const Known& known, const broker::control::Event& event) const;
  [[nodiscard]] bool is_shown(std::size_t host, const DesktopId& id) const;
  [[nodiscard]] bool just_woken(std::size_t host) const;
  void look_at_right(std::size_t host, const DesktopId& id, Rule rule);
  void look_at_disk(const DesktopId& id, const UserDiskId& disk);
  void look_at_stored(const DesktopId& id, const Known& known);
  void look_at_sessions();
  void violated(Rule rule, std::string what);

  World& world_;
  std::vector<KnownHost> hosts_;
  std::map<DesktopId, Known> known_;
  std::map<RequestId, DesktopId> requests_;
  std::set<DesktopId> asked_back_;
  std::set<DesktopId> given_back_;
  std::set<DesktopId> logged_off_;
  std::uint64_t scans_ = 0;
  std::uint64_t audited_ = 0;
  std::set<std::string, std::less<>> on_record_;  // objects of the records since the scan before
  std::vector<Violation> violations_;
  std::array<bool, kRules> found_{};
  Counts counts_;
};

}  // namespace tobari::sim
