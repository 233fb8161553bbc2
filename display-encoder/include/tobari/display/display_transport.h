// SPDX-License-Identifier: GPL-3.0-or-later
// The seam to one client: RDP today. A transport is one connection from accept to close; it is not used again.
//
// Contract. start() once; from then on events come on a thread of the transport's own: at most one on_authenticated(),
// later on_ready() (again whenever the client's picture became void), in between and after that the rest, on_closed()
// last of all, always exactly once. Events must not call stop(). Everything else may be called from any thread and does
// not block: it is queued in order and written by the transport's thread. stop() ends the connection and returns when
// no event is running or will come; the destructor calls it.
//
// State, not a queue: what is given to send() must reach the client because encoders mirror the client's state, so ask
// the pacer before encoding (src/pacing).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include <tobari/base/result.h>
#include <tobari/display/audio_source.h>
#include <tobari/display/clipboard.h>
#include <tobari/display/encoder.h>
#include <tobari/display/frame.h>
#include <tobari/display/input.h>
#include <tobari/display/monitor.h>
#include <tobari/display/shown_tap.h>
#include <tobari/policy/grant.h>

namespace tobari::display {

using FrameId = std::uint32_t;

// What is known about a client when it has shown its ticket. The strings are the client's own claims, at most
// kMaxClientText bytes, printable or not: for logs only.
struct ClientInfo {
  std::string address;
  std::string name;
  MonitorLayout layout;  // the monitors that it would fill; not checked against the grant; empty: not said, or absurd
};
inline constexpr std::size_t kMaxClientText = 64;

// How the client takes pictures.
struct ClientPipeline {
  bool graphics = false;  // RDPGFX; false: bitmap updates only (src/rdp/legacy_output.h)
  ClientCodecs codecs;
  bool acknowledges = true;  // on_frame_ack() comes, from the client itself or because the transport asks it
};

// kTimeLimit: the session has lasted as long as it may. kDenied: the policy does not allow it any more. kNotRecorded:
// it must be recorded, and that is not possible any more.
enum class CloseReason : std::uint8_t { kServerStops, kTakenOver, kDropped, kIdle, kTimeLimit, kDenied, kNotRecorded };

// What a client may do once it is admitted.
struct Admitted {
  policy::Grant grant;
  std::string session_id;           // of the broker's; empty when there is no broker
  std::shared_ptr<ShownTap> tap{};  // hears what it is shown; null: nobody
};

// Who may connect. Called on the transport's thread, must not block for long. An error refuses: kUnauthenticated for
// wrong credentials, kTimeout for a ticket that was right but is used or expired.
class Admission {
 public:
  virtual ~Admission() = default;
  [[nodiscard]] virtual Result<Admitted> admit(const std::string& user, const std::string& secret) = 0;
  // What a connection that was brought here for this session can be granted at most, before it has shown anything:
  // static channels are named in its first packets. Empty when nothing is known of the session.
  [[nodiscard]] virtual policy::Grant foreseen(const std::string& session_id) = 0;
};

class TransportEvents {
 public:
  // Returns the monitors that the desktop has now (empty: nothing is known yet); the client is told, and set_layout()
  // may change it later.
  [[nodiscard]] virtual MonitorLayout on_authenticated(const ClientInfo& client, const Admitted& admitted) = 0;
  // Pictures can be shown: first set_layout(), then everything is to be sent anew with encoders that start anew.
  virtual void on_ready(const ClientPipeline& pipeline) = 0;
  // A frame given to send() is now so many bytes for the line (bulk compression has made them fewer).
  virtual void on_frame_written(FrameId id, std::size_t bytes) = 0;
  // A client that had a pipeline closed it, which is how some say that they could not decode something. True: offer it
  // again, on_ready() follows. False: go on without, as with one that never had it.
  [[nodiscard]] virtual bool on_pipeline_closed() = 0;
  virtual void on_frame_ack(FrameId up_to) = 0;
  virtual void on_frames_left(FrameId up_to) = 0;  // the kernel has them, whole; not for each, but for the last of some
  virtual void on_acks_suspended() = 0;            // the client will not acknowledge until it does again
  virtual void on_drained() = 0;                   // unsent() became small again
  virtual void on_round_trip(std::chrono::microseconds) = 0;
  virtual void on_layout_wish(const MonitorLayout& layout) = 0;  // its window or its monitors changed
  virtual void on_output_wanted(bool wanted) = 0;                // false: it is minimised
  virtual void on_repaint(const Rect& rect) = 0;                 // on the desktop, from its top left
  virtual void on_audio_wanted(bool wanted) = 0;  // true: it may hear the desktop and plays sound; at first it does not
  // What the client's end of the clipboard does, after open_clipboard(). Lives as long as this object.
  [[nodiscard]] virtual ClipboardEvents& clipboard_events() noexcept = 0;
  // kUnauthenticated or kTimeout: refused. kPermissionDenied: it used a channel that it was not granted.
  // kPeerProtocol: malformed input. kCancelled: we closed it. kUnavailable: it went away.
  virtual void on_closed(const Error& reason) = 0;

 protected:
  ~TransportEvents() = default;
};

class DisplayTransport {
 public:
  virtual ~DisplayTransport() = default;

  [[nodiscard]] virtual Result<void> start(TransportEvents& events, InputSink& input) = 0;

  // The client's picture becomes void; frames for these surfaces follow.
  virtual void set_layout(const OutputLayout& layout) = 0;
  // One frame of one surface, by its index in the layout last given; its rectangles count from the surface's top left.
  virtual void send(FrameId id, std::size_t surface, EncodedFrame frame) = 0;
  virtual void set_cursor(const std::optional<CursorShape>& shape) = 0;  // none: the client's own arrow
  virtual void set_cursor_visible(bool visible) = 0;
  // Sound, to be heard as soon as the line allows; dropped when that would be late, or the client plays none.
  virtual void play(const AudioBlock& block) = 0;

  // The client may use the clipboard from now on (its end is heard of by clipboard_events()), and no longer. A client
  // that was not granted it in the beginning has none.
  virtual void open_clipboard() = 0;
  virtual void close_clipboard() = 0;
  [[nodiscard]] virtual ClipboardEnd& clipboard() noexcept = 0;
  // Less is granted than before: channels that are not in it any more are closed.
  virtual void narrow(const policy::Grant& grant) = 0;

  // Bytes given to send() that the other end of the connection has not taken. on_drained() comes when less than
  // kDrained of them wait for the kernel.
  [[nodiscard]] virtual std::size_t unsent() const noexcept = 0;
  static constexpr std::size_t kDrained = std::size_t{64} * 1024;

  virtual void close(CloseReason reason) noexcept = 0;  // tells the client why; on_closed() follows
  virtual void stop() noexcept = 0;
};

}  // namespace tobari::display
