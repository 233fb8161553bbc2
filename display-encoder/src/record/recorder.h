// SPDX-License-Identifier: GPL-3.0-or-later
// Records one session: what its client is shown, sealed here (the key never leaves this process but sealed) and handed
// to the host, which has the files, writes and syncs them, and says how far it has got.
//
// All it has is the line to the host (tobari/recording/line.h), so that a process without files and network can record.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <tobari/base/clock.h>
#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>
#include <tobari/display/shown_tap.h>
#include <tobari/recording/keys.h>
#include <tobari/recording/sealer.h>

namespace tobari::display {

struct RecorderLimits {
  // A chunk is closed when it is so old or so large.
  std::chrono::milliseconds flush_after{500};
  std::size_t flush_bytes = std::size_t{256} * 1024;
  // Required: what was shown and is not on the host's disk is at most so old; then nothing more is shown until it is.
  std::chrono::milliseconds unrecorded{2000};
  // What waits in memory for the host's disk. Required: then nothing more is shown; optional: recording is given up.
  std::size_t waiting_bytes = std::size_t{32} << 20;
  // No progress for so long: the recording has failed.
  std::chrono::milliseconds give_up_after{10'000};
  // For the last bytes, once the session is over.
  std::chrono::milliseconds finish_within{5000};
  // A line that breaks is replaced in this time, because the host's agent is started again; what must be recorded is
  // held meanwhile. 0: it is not, and the recording has failed.
  std::chrono::milliseconds line_again_within{0};

  // Where a reader may begin: when so much was shown since the last such place, and so many times as much as that took.
  // At rest sooner than in the middle of something; so a seek has little to go through, and starts are a fraction of
  // the recording.
  std::size_t idle_bytes = std::size_t{1} << 20;
  std::size_t idle_times = 2;
  std::size_t busy_bytes = std::size_t{8} << 20;
  std::size_t busy_times = 4;
  std::chrono::seconds longest_without{300};  // when anything was shown since
};

struct RecorderOptions {
  recording::PublicKey reader;
  std::string session;  // a UUID
  bool required = false;
  RecorderLimits limits = {};
};

class Recorder final : public ShownTap {
 public:
  // `host`: the connected socket. Whoever made it holds it until stop(), or until it is the last to hold it: its own
  // thread, which tells a session of a failure, must not be. kInvalidArgument: `session` is no UUID.
  [[nodiscard]] static Result<std::shared_ptr<Recorder>> create(RecorderOptions options, UniqueFd host);
  Recorder(RecorderOptions options, recording::Sealer sealer, UniqueFd host, UniqueFd wake);
  ~Recorder() override;
  Recorder(const Recorder&) = delete;
  Recorder& operator=(const Recorder&) = delete;

  // Ends it; waits for the host, but not for long, and for the recorder's thread.
  void stop() noexcept;

  // Begun, and not everything is on the host's disk yet.
  [[nodiscard]] bool busy();

  [[nodiscard]] const std::string& session() const noexcept { return options_.session; }
  // A new agent of the host goes on with it, and says first how far it has got. Any thread.
  void replace_line(UniqueFd host);

  // ---- ShownTap
  void begin(const ClientInfo& client, const Admitted& admitted, std::function<void(const Error&)> failed) override;
  void end(const std::string& reason) override;
  [[nodiscard]] bool holds() override;
  void on_layout(const OutputLayout& layout, bool anew) override;
  void on_frame(std::uint32_t id, std::size_t surface, const EncodedFrame& frame) override;
  void on_pointer(const std::optional<CursorShape>& shape, bool visible) override;
  void on_pointer_place(Point place) override;
  [[nodiscard]] Wish wishes() override;
  void start_anew(const OutputLayout& layout, std::span<const FrameView> pictures) override;

 private:
  using Time = Clock::Steady;
  enum class State : std::uint8_t { kIdle, kRecording, kEnding, kDone, kFailed };
  struct Chunk {
    recording::Sealer::Chunk note;
    recording::Bytes events;
    Time since{};
  };
  struct OnTheWay {           // handed over, not on the disk
    std::uint64_t until = 0;  // bytes of the recording
    std::size_t raw = 0;      // of its events
    Time since{};
  };

  // ---- with mutex_ held (recorder.cpp)
  void append(recording::EventType type, recording::View data);
  void begin_chunk(std::uint8_t flags, Size desktop);
  void close_chunk();
  [[nodiscard]] std::uint64_t time_us(Time now) const;
  [[nodiscard]] std::optional<Time> oldest() const;  // of what is not on the host's disk
  void wake() noexcept;
  void put_layout(const OutputLayout& layout, std::size_t former);
  void put_pointer();

  // ---- the recorder's thread (recorder_host.cpp)
  void run();
  [[nodiscard]] Result<bool> turn();  // true: all is done
  void take_line();
  void take_chunks(std::deque<Chunk>& chunks, std::optional<std::string>& reason);
  void seal(const Chunk& chunk);
  void hand_over(recording::Bytes piece);
  [[nodiscard]] Result<void> write_some();
  [[nodiscard]] Result<void> read_answers();
  void acknowledged(std::uint64_t bytes);
  [[nodiscard]] Result<void> line_lost(const char* why);
  [[nodiscard]] Result<void> go_on_from(std::uint64_t bytes);
  [[nodiscard]] bool away() const noexcept { return !host_ || host_speaks_first_; }
  [[nodiscard]] Result<void> check_deadlines();
  [[nodiscard]] std::chrono::milliseconds pause();
  void fail_with(const Error& why);

  const RecorderOptions options_;

  std::mutex mutex_;
  State state_ = State::kIdle;
  std::function<void(const Error&)> failed_;
  Time begun_{};
  Chunk open_;
  std::deque<Chunk> closed_;
  std::deque<OnTheWay> on_the_way_;
  std::size_t waiting_ = 0;  // bytes of events that are not on the disk
  bool header_kept_ = false;
  std::optional<std::string> ending_;
  std::optional<Time> finish_by_;
  bool stopping_ = false;
  UniqueFd next_host_;
  std::size_t since_start_ = 0;  // bytes of events since the last start
  std::size_t last_start_ = 0;   // bytes of events that it took
  Time started_at_{};
  std::size_t surfaces_ = 0;

  // ---- the encode thread's
  recording::Bytes scratch_;
  std::optional<Point> pointer_place_;
  std::optional<CursorShape> pointer_shape_;
  bool pointer_visible_ = true;

  // ---- the thread's
  recording::Sealer sealer_;
  UniqueFd host_;
  UniqueFd wake_;
  struct Piece {
    recording::Bytes bytes;
    std::uint64_t from = 0;  // where it is in the recording
  };
  std::deque<Piece> out_;          // what the host does not have on its disk
  std::size_t next_out_ = 0;       // of these, which one is sent next
  std::size_t out_from_ = 0;       // of that one, what has gone
  std::uint64_t handed_over_ = 0;  // bytes made so far
  std::uint64_t sent_ = 0;         // bytes that have gone
  std::uint64_t kept_ = 0;         // bytes that the host has on its disk
  bool finished_ = false;          // the end was made
  std::array<std::byte, 8> answer_{};
  std::size_t answer_bytes_ = 0;
  bool host_speaks_first_ = false;  // the line is new
  std::optional<Time> lost_since_;  // there is none
  Time line_since_{};
  std::jthread thread_;  // last: it uses the others
};

}  // namespace tobari::display
