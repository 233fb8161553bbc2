// SPDX-License-Identifier: GPL-3.0-or-later
// The hosts that are connected now, what they say of themselves and of their desktops, and the way to them. Nothing
// here survives a restart: hosts come back and say it again (docs/ARCHITECTURE.md, D7). Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <tobari/base/clock.h>
#include <tobari/base/ids.h>
#include <tobari/base/result.h>
#include <tobari/host.pb.h>
#include <tobari/policy/grant.h>

#include "control/events.h"
#include "control/user_disks.h"
#include "core/load.h"
#include "rpc/desired_state.h"
#include "rpc/pending_requests.h"
#include "rpc/template_orders.h"
#include "store/state_store.h"

namespace tobari::broker {

inline constexpr int kMaxDesktopsPerHost = 4096;
inline constexpr int kMaxImagesPerHost = 256;
inline constexpr std::chrono::seconds kRequestDeadline{5};
// Epochs and revisions that a host may name: databases keep signed numbers, and what it names is counted on from.
inline constexpr std::uint64_t kMostCounted = std::uint64_t{1} << 62U;
inline constexpr std::uint32_t kMaxPrivateMib = 1U << 20U;        // of one desktop: four times the largest
inline constexpr std::uint32_t kMaxImagePartBytes = 512U << 10U;  // host.proto
// That one host is asked for at once: they go over the line on which its leases are renewed.
inline constexpr std::uint32_t kMaxPartsOfASource = 2;

// What requests fail with whose host has no line here.
[[nodiscard]] const Error& host_is_gone();

// One attached host's line, as the registry sees it: gRPC in the program, a vector in tests.
class HostLink {
 public:
  virtual ~HostLink() = default;
  // Queues and returns. A host that does not read for so long that the queue is full is cut off.
  virtual void send(wire::ToHost message) = 0;
  virtual void close(const Error& why) = 0;
};

struct HostInfo {
  std::string version;
  std::string front_address;
  std::uint16_t front_port = 0;
  std::uint32_t cpus = 0;
  std::uint64_t memory_mib = 0;
  std::string accelerator;
  std::vector<std::string> images;      // those that are ready: by hand, and versions of the catalogue
  std::vector<std::string> storages{};  // of several hosts, for users' disks
  std::string no_room{};                // a sentence when its disks take nothing more
};

// Who looks after the images of hosts (rpc/image_catalogue.h). Called on any thread, without a lock.
struct ImageHooks {
  std::function<void(const HostId&, const wire::HostHello&)> greeted;
  std::function<Result<bool>(const HostId&, const wire::ActualState&)> reported;  // true: tell all hosts
  std::function<void(const HostId&)> gone;
  std::function<Result<void>(const Reader&, const HostId&, wire::DesiredImages&)> fill;
};

// What a person is told about a desktop.
struct DesktopStatus {
  enum class State { kStopped, kStarting, kRunning, kFailed, kUnreachable };
  State state = State::kUnreachable;
  std::string detail;
  std::uint32_t private_mib = 0;  // memory that it shares with no other; 0: not known
};

// How many desktops are in which state, on the hosts that are connected.
struct DesktopCensus {
  std::uint64_t stopped = 0;
  std::uint64_t starting = 0;
  std::uint64_t running = 0;
  std::uint64_t failed = 0;
};

class HostRegistry {
 public:
  // `network_of`: what the policy lets through for a desktop; any thread.
  HostRegistry(StateStore& store, const Clock& clock, NetworkOf network_of = {});

  // ---- from the node service
  // A host has said hello; an older line of the same host is closed. Sends the desired state, or soon when the database
  // is away.
  [[nodiscard]] Result<void> attach(const HostId& host, std::shared_ptr<HostLink> link, const wire::HostHello& hello);
  // Only when `link` is still the host's current one.
  void detach(const HostId& host, const HostLink* link);
  // Dropped when `link` is not the host's current one any more: what it says there is newer.
  [[nodiscard]] Result<void> set_actual(const HostId& host, const HostLink* link, const wire::ActualState& actual);
  void ask_lease(const HostId& host, const wire::AskLease& ask);
  void set_load(const HostId& host, HostLoad load);
  void complete(const HostId& host, const std::string& request_id, Result<HostAnswer> result);

  // ---- for the rest of the broker
  [[nodiscard]] std::optional<HostInfo> info(const HostId& host) const;  // nullopt: not connected
  [[nodiscard]] DesktopStatus status(const Desktop& desktop) const;
  [[nodiscard]] std::size_t connected() const;
  [[nodiscard]] std::optional<HostLoad> load(const HostId& host) const;  // the newest; nullopt: it has not said
  [[nodiscard]] DesktopCensus census() const;
  [[nodiscard]] std::shared_ptr<const control::Facts> facts() const;  // for the control core
  // The stored desktops of this host have changed: tells it all of them. Nothing to do while it is away; while the
  // database is, told() goes back to zero.
  void desired_changed(const HostId& host);
  // What hosts are told besides what is stored of their desktops may be other (`network_of`, templates of pools): tells
  // every host that is there.
  void networks_changed();
  // Hosts that are there, with the revisions that each was told last and says that it follows from: another broker may
  // have told it more. Zero: it is to be told in any case.
  struct Revisions {
    std::uint64_t told = 0;
    std::uint64_t reported = 0;
  };
  [[nodiscard]] std::map<HostId, Revisions> told() const;
  // Another host copies an image: one that has it is asked, the one that is asked for least. kUnavailable: none is
  // connected; kExhausted: all of them are busy with others.
  using OnImagePart = std::function<void(Result<TakenImagePart>)>;
  void fetch_image_part(const HostId& whom_for, wire::ReadImagePart message, OnImagePart callback);
  // Called back once, on any thread: kUnavailable, kTimeout, kExhausted, or what the host says.
  using OnOpened = std::function<void(Result<OpenedDisplay>)>;
  void open_display(const HostId& host, wire::OpenDisplay message, OnOpened callback);
  using OnThumbnail = std::function<void(Result<TakenThumbnail>)>;
  void take_thumbnail(const HostId& host, wire::TakeThumbnail message, OnThumbnail callback);
  // `denied`: the policy does not allow it any more, which its client is told.
  void close_session(const HostId& host, const SessionId& session, const std::string& reason, bool denied = false);
  void narrow_session(const HostId& host, const SessionId& session, const policy::Grant& grant);
  void send(const HostId& host, wire::ToHost message);
  // A node was removed: its line ends now.
  void expel(const HostId& host);
  // Called when a host has attached, on any thread: it may have missed what was said of its sessions. Set before the
  // first one does.
  void on_attached(std::function<void(const HostId&)> attached) { attached_ = std::move(attached); }
  // Called when something about a host or its desktops may be other than before: its line, its report. On any thread,
  // without a lock; returns at once. Set before the first one attaches.
  void on_news(std::function<void(const HostId&)> news) { news_ = std::move(news); }
  // What hosts report, and what they ask, for the control core. On any thread, without a lock. Set before the first one
  // attaches.
  using OnReported = std::function<Result<void>(control::HostReported)>;
  void on_reported(OnReported reported) { reported_ = std::move(reported); }
  void on_lease_asked(std::function<void(const control::LeaseAsk&)> asked) { asked_ = std::move(asked); }
  // Something is known of it that may be news to whoever waits for it.
  void tell(const HostId& host) const {
    if (news_) news_(host);
  }
  // Called with the time that a desktop took from starting to running, as its host says. Set before the first one
  // attaches.
  using OnStarted = std::function<void(std::chrono::steady_clock::duration)>;
  void on_started(OnStarted started) { started_ = std::move(started); }
  // Before the first host attaches.
  void set_images(ImageHooks images) { images_ = std::move(images); }
  void stop();

 private:
  struct Actual {
    wire::DesktopState state = wire::DESKTOP_STATE_UNSPECIFIED;
    std::string detail;
    std::chrono::steady_clock::time_point starting_since = {};
    std::uint32_t private_mib = 0;
  };
  struct Attached {
    std::shared_ptr<HostLink> link;
    HostInfo info;
    std::vector<std::string> images_by_hand;
    std::vector<std::string> in_hello;  // versions of the catalogue that it said to have; until its first report
    std::vector<std::string> versions;  // of the catalogue, that are ready: also those that only others can run
    std::uint32_t parts_under_way = 0;  // of images, that it was asked for
    std::optional<HostLoad> load;
    std::map<std::string, Actual> desktops;
    // Held over reading the store and queueing the message, so that older words cannot overtake newer ones.
    std::shared_ptr<std::mutex> telling = std::make_shared<std::mutex>();
    Revisions revisions;
  };
  // What goes to a host, but for its network rules.
  struct Wanted {
    std::uint64_t revision = 0;
    std::vector<Desktop> desktops;
    control::LifeFacts life;
    std::vector<MachineKind> kinds;
    wire::DesiredImages images;
  };

  // What a host says now, after what it said before; in `started` the times of those that run now.
  using Durations = std::vector<std::chrono::steady_clock::duration>;
  static std::map<std::string, Actual> follow(const std::map<std::string, Actual>& before,
                                              const wire::ActualState& actual, Durations& started);
  std::shared_ptr<HostLink> link_of(const HostId& host) const;
  [[nodiscard]] Result<HostId> take_source(const HostId& whom_for, const std::string& image);
  void give_source_back(const HostId& source);
  void request(const HostId& host, const std::string& id, wire::ToHost message, PendingRequests::Callback callback);
  [[nodiscard]] Result<void> take_over(const HostId& host, const HostLink* link, const wire::ActualState& actual);
  [[nodiscard]] Result<Wanted> wanted_of(const HostId& host) const;
  [[nodiscard]] wire::ToHost desired_message(const HostId& host, const Wanted& wanted,
                                             std::span<const std::string> images) const;

  StateStore& store_;
  const Clock& clock_;
  const NetworkOf network_of_;
  mutable std::mutex mutex_;
  std::map<HostId, Attached> hosts_;
  std::uint64_t reports_ = 0;                            // that were taken over
  mutable std::shared_ptr<const control::Facts> facts_;  // of hosts_; null: to be made anew
  std::function<void(const HostId&)> attached_;
  std::function<void(const HostId&)> news_;
  OnReported reported_;
  std::function<void(const control::LeaseAsk&)> asked_;
  ImageHooks images_;
  OnStarted started_;
  PendingRequests pending_;
};

}  // namespace tobari::broker
