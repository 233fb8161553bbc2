// SPDX-License-Identifier: GPL-3.0-or-later
// One or more desktops, and whoever looks at them: at most one client, whose monitors show a screen each. A screen has
// one source at a time. How many monitors and screens go together: layout/arrangement.h.
//
// One thread encodes; it alone uses sources, painters and encoders, and it sleeps unless a client is to be shown
// something. Everybody else (sources' threads, clients' threads, whoever calls the public functions) leaves a note
// under the lock and wakes it. Damage is such a note, of size one a screen: however much happens, there is one region.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <tobari/display/clipboard.h>
#include <tobari/display/display_stats.h>
#include <tobari/display/display_transport.h>
#include <tobari/display/framebuffer_source.h>
#include <tobari/display/region.h>

#include "encode/connection_encoders.h"
#include "layout/arrangement.h"
#include "pacing/cursor_pacer.h"
#include "pacing/pacer.h"
#include "session/audio_feed.h"
#include "session/burst_limit.h"
#include "session/clipboard_relay.h"
#include "session/input_router.h"
#include "stats/stats_recorder.h"

namespace tobari::display {

// How a connection is named in reports before anybody signed in on it.
struct ClientLabel {
  std::string address;
  std::string session_id;  // for which it was brought here; empty when nobody said
};

// Life of the session, for the daemon's log and the host agent. Called on any thread, must not block.
class SessionObserver {
 public:
  virtual ~SessionObserver() = default;
  virtual void on_client_connected(const ClientInfo& client, const Admitted& admitted) = 0;
  // `admitted` is null when the client never got in.
  virtual void on_client_closed(const ClientLabel& client, const Admitted* admitted, const Error& reason) = 0;
  // What a client was shown in all, once that is over; before on_client_closed().
  virtual void on_client_statistics(const Admitted& /*admitted*/, const DisplayStats& /*statistics*/) {}
  virtual void on_source_lost(std::size_t screen, const Error& reason) = 0;
  // Something that the session tried was not let through; it goes on. As often as somebody tries.
  virtual void on_denied(const ClipboardRelay::Denial& /*denial*/) {}
  // The client has confirmed what it had to read before the desktop.
  virtual void on_notice_read(const Admitted& /*admitted*/) {}
};

class DisplaySession {
 public:
  // Connections that have not shown a ticket yet; further ones are closed at once.
  static constexpr std::size_t kMaxPending = 8;

  // Screens are known by their index; there is at least one, and there are never more than monitors can be.
  static constexpr std::size_t kMaxScreens = MonitorLayout::kMaxMonitors;

  // `ledger`: where what passes the clipboard is written down before it does; null: nowhere. Outlives the session.
  explicit DisplaySession(SessionObserver& observer, std::size_t screens = 1, TransferLedger* ledger = nullptr);
  ~DisplaySession();
  DisplaySession(const DisplaySession&) = delete;
  DisplaySession& operator=(const DisplaySession&) = delete;

  // A screen is shown by this from now on; a client that is connected stays and gets the new picture. Whether it starts
  // is known later: a source that does not is lost (on_source_lost). An index beyond what there was makes screens up to
  // it; one that is not below kMaxScreens is ignored. kSpareHead: shown only to a client that has a monitor for it.
  enum class Role : std::uint8_t { kDesktop, kSpareHead };
  void set_source(std::size_t screen, std::unique_ptr<FramebufferSource> source, Role role = Role::kDesktop);
  void set_source(std::unique_ptr<FramebufferSource> source) { set_source(0, std::move(source)); }
  // Makes screens until there are so many, or kMaxScreens: a client sees that they wait for their desktops.
  void add_screens(std::size_t count);

  // kExhausted: too many that are not signed in yet.
  [[nodiscard]] Result<void> add_client(std::unique_ptr<DisplayTransport> transport, ClientLabel label);

  // The desktop's end of the clipboard from now on; null: it has none.
  void set_clipboard(std::unique_ptr<ClipboardSource> clipboard);

  // Clients of this session id may do less than before: what is granted now and was granted before. Channels that this
  // closes are closed at once, and what is under way on them is dropped.
  void narrow(const std::string& session_id, const policy::Grant& grant);

  // Ends connections of this session id; with an empty one, whoever is connected.
  void drop_clients(const std::string& session_id, CloseReason reason);

  // Stands over every desktop's picture, with the time that is left until `until`, for whoever looks and comes to look,
  // until the next call. Empty text: nothing stands there.
  void warn(std::string text, Clock::Steady until);

  // Since the beginning, of all clients.
  [[nodiscard]] DisplayStats statistics();

  // A JPEG of what the (first) desktop shows now, client or not: encode/thumbnail.h. `taken` is called once, on the
  // encode thread, and must not block; never when the session ends before. One at a time: a second request replaces the
  // first.
  using TakenThumbnail = std::function<void(const Result<std::vector<std::byte>>&)>;
  void take_thumbnail(TakenThumbnail taken);

  void stop() noexcept;  // when it returns no observer is running or will be called

 private:
  class Screen;      // one desktop: its source's side
  class Connection;  // TransportEvents: one client's side
  struct View;       // what one surface of the client shows
  friend class Screen;
  friend class Connection;

  static constexpr std::chrono::milliseconds kHeldRetry{5};  // while what is shown has not been kept yet

  using Time = Clock::Steady;
  using Lock = std::unique_lock<std::mutex>;

  // ---- the encode thread (encode_thread.cpp)
  void run(const std::stop_token& stop);
  void housekeeping(Lock& lock);
  void bury(Lock& lock);
  void replace_source(Lock& lock, Screen& screen);
  void give_up_source(Lock& lock, std::size_t index);
  void apply_cursor(Lock& lock);
  void apply_audio(Lock& lock);
  void apply_clipboard(Lock& lock);
  void apply_repaint();
  void apply_warning();  // warnings.cpp
  void end_client_in_time(Lock& lock);
  void remember(const std::string& session_id, std::optional<policy::Grant> grant);
  void on_guarded_press();
  void make_thumbnail(Lock& lock);
  void sleep(Lock& lock, const std::stop_token& stop);
  [[nodiscard]] std::optional<Time> next_alarm();

  // ---- who shows what where (layout_steps.cpp)
  void apply_client(Lock& lock);
  void apply_layout(Lock& lock);
  void ask_sources(Lock& lock);
  void show_layout(Lock& lock);
  void refresh_views();
  [[nodiscard]] const MonitorLayout& client_layout() const;
  [[nodiscard]] std::vector<ScreenInfo> infos() const;

  // ---- pictures (painting.cpp)
  [[nodiscard]] bool show_something(Lock& lock);  // false: nothing to show now
  struct Slot {                                   // what the pacer lets through
    std::size_t budget = 0;
    Pacer::Urgency urgency = Pacer::Urgency::kOrdinary;
  };
  [[nodiscard]] bool answer_first(Lock& lock, Time now);
  [[nodiscard]] View* most_urgent(Time now);
  [[nodiscard]] bool paint(Lock& lock, View& view, Time now, Slot slot);
  [[nodiscard]] bool paint_damage(Lock& lock, View& view, Region damage, Time now, Slot slot);
  [[nodiscard]] bool refine(Lock& lock, View& view, Time now, Slot slot);
  // `answers`: the key or button that the frame is the first change after.
  void send(Lock& lock, const View& view, EncodedFrame frame, Time now, Slot slot, std::optional<Time> answers = {});
  [[nodiscard]] bool more_to_send(Time now) const;
  void tidy(Lock& lock, Time now);
  void start_tap_anew(Lock& lock);
  void give_back(Lock& lock);

  void wake() {  // with the lock held
    woken_ = true;
    changed_.notify_one();
  }

  SessionObserver& observer_;

  // ---- under mutex_: notes
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::vector<std::unique_ptr<Screen>> screens_;  // only grows
  std::list<std::shared_ptr<Connection>> connections_;
  std::shared_ptr<Connection> active_;  // the one that is shown the desktops
  MonitorLayout expected_layout_;       // of the client that signed in last: it is about to be the active one
  bool active_changed_ = false;
  bool layout_changed_ = false;  // of the client, or a size that a screen has
  bool cursor_changed_ = false;
  bool audio_changed_ = false;  // who hears, or what there is to hear
  bool clipboard_changed_ = false;
  // Sessions that were narrowed (to what) or ended (nothing) lately: a client that has just shown its ticket, and is
  // not known here yet, is to hear of it as well.
  std::deque<std::pair<std::string, std::optional<policy::Grant>>> lately_;
  std::optional<std::unique_ptr<ClipboardSource>> next_clipboard_;
  bool output_wanted_ = true;
  Region repaint_;
  Pacer pacer_;
  StatsRecorder recorder_;
  TakenThumbnail thumbnail_wanted_;
  std::string warning_;
  Time warning_until_{};
  std::optional<Time> warning_due_;  // when what stands there is not right any more
  bool woken_ = false;
  bool stopping_ = false;

  InputRouter input_;
  NoLedger no_ledger_;
  ClipboardRelay clipboard_;

  // ---- the encode thread's own
  std::unique_ptr<ClipboardSource> guest_clipboard_;
  AudioFeed audio_;
  std::shared_ptr<Connection> shown_;  // active_, as this thread has taken it up
  bool shown_is_new_ = false;          // it has not been given a layout yet
  std::shared_ptr<ShownTap> tap_;      // of shown_
  bool tap_is_new_ = false;            // it has not been given a layout since encoders began
  std::shared_ptr<ConnectionEncoders> encoders_;
  struct PointerLook {
    std::optional<CursorShape> shape;
    bool visible = true;
    friend bool operator==(const PointerLook&, const PointerLook&) = default;
  };
  std::optional<PointerLook> look_;  // as the client was told; none: nothing
  CursorPacer cursor_pacer_;
  std::optional<Time> cursor_due_;  // when a change waits
  Arrangement arrangement_;
  std::vector<std::unique_ptr<View>> views_;  // in the order of the arrangement's panes
  BurstLimit layout_limit_;
  std::optional<Time> layout_due_;  // when there were too many
  FrameId next_frame_ = 1;
  std::optional<Time> trim_at_;
  Time last_sent_{};
  std::optional<Time> pace_again_;
  bool pacer_allows_ = true;
  Time shown_since_{};

  std::jthread thread_;  // last: it uses the others
};

}  // namespace tobari::display
