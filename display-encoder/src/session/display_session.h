// SPDX-License-Identifier: GPL-3.0-or-later
// One desktop and whoever looks at it: one source at a time, at most one client.
//
// One thread encodes; it alone uses the source, the painter and the pacer, and it sleeps unless a client is to be shown
// something. Everybody else (the source's thread, clients' threads, whoever calls the public functions) leaves a note
// under the lock and wakes it. Damage is such a note, of size one: however much happens, there is one region.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <tobari/display/display_transport.h>
#include <tobari/display/framebuffer_source.h>
#include <tobari/display/region.h>

#include "pacing/pacer.h"
#include "session/input_relay.h"
#include "session/painter.h"

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
  virtual void on_source_lost(const Error& reason) = 0;
};

class DisplaySession {
 public:
  // Connections that have not shown a ticket yet; further ones are closed at once.
  static constexpr std::size_t kMaxPending = 8;

  explicit DisplaySession(SessionObserver& observer);
  ~DisplaySession();
  DisplaySession(const DisplaySession&) = delete;
  DisplaySession& operator=(const DisplaySession&) = delete;

  // The desktop is shown by this from now on; a client that is connected stays and gets the new picture. Whether it
  // starts is known later: a source that does not is lost (on_source_lost).
  void set_source(std::unique_ptr<FramebufferSource> source);

  // kExhausted: too many that are not signed in yet.
  [[nodiscard]] Result<void> add_client(std::unique_ptr<DisplayTransport> transport, ClientLabel label);

  // Ends connections of this session id; with an empty one, whoever is connected.
  void drop_clients(const std::string& session_id, CloseReason reason);

  void stop() noexcept;  // when it returns no observer is running or will be called

 private:
  class SourceNotes;  // SourceEvents: the source's side
  class Connection;   // TransportEvents: one client's side
  friend class SourceNotes;
  friend class Connection;

  using Time = Clock::Steady;
  using Lock = std::unique_lock<std::mutex>;

  // ---- the encode thread
  void run(const std::stop_token& stop);
  void housekeeping(Lock& lock);
  void bury(Lock& lock);
  void replace_source(Lock& lock);
  void give_up_source(Lock& lock);
  void apply_surface(Lock& lock);
  void apply_client(Lock& lock);
  void apply_cursor(Lock& lock);
  void apply_wish(Lock& lock);
  void end_idle_client(Lock& lock);
  [[nodiscard]] bool show_something(Lock& lock);  // false: nothing to show now
  [[nodiscard]] bool paint(Lock& lock, Time now);
  [[nodiscard]] bool refine(Lock& lock, Time now);
  void send(Lock& lock, EncodedFrame frame, Time now);
  void sleep(Lock& lock, const std::stop_token& stop);
  [[nodiscard]] std::optional<Time> next_alarm() const;

  void wake() {  // with the lock held
    woken_ = true;
    changed_.notify_one();
  }

  SessionObserver& observer_;
  InputRelay input_;

  // ---- under mutex_: notes
  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::unique_ptr<FramebufferSource> next_source_;
  std::optional<Size> new_surface_;
  Size surface_;  // what new clients are told
  Region damage_;
  std::optional<CursorShape> cursor_;
  bool cursor_visible_ = true;
  bool cursor_changed_ = false;
  bool visibility_changed_ = false;
  std::optional<Error> lost_;
  std::list<std::shared_ptr<Connection>> connections_;
  std::shared_ptr<Connection> active_;  // the one that is shown the desktop
  bool active_changed_ = false;
  bool output_wanted_ = true;
  std::optional<Size> wish_;
  Region repaint_;
  Pacer pacer_;
  bool woken_ = false;
  bool stopping_ = false;

  // ---- the encode thread's own
  std::unique_ptr<FramebufferSource> source_;
  std::unique_ptr<SourceNotes> source_notes_;
  Painter painter_;
  std::shared_ptr<Connection> shown_;  // active_, as this thread has taken it up
  FrameId next_frame_ = 1;
  std::optional<Time> trim_at_;
  std::optional<Time> pace_again_;
  bool pacer_allows_ = true;
  Time shown_since_{};
  std::optional<Time> not_before_;  // after a step that came to nothing, so that it is not tried in a busy loop

  std::jthread thread_;  // last: it uses the others
};

}  // namespace tobari::display
