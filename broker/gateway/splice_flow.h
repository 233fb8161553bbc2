// SPDX-License-Identifier: GPL-3.0-or-later
// One direction of a session: bytes go from socket to socket through a pipe with splice(2) and never enter this
// process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

namespace tobari::gateway {

struct Pipe {
  UniqueFd read_end, write_end;
};

// Empty pipes for whoever has bytes under way. A quiet session holds none: the kernel limits a user's pipe pages
// (fs.pipe-user-pages-soft), and thousands of quiet sessions must not use them up.
class PipePool {
 public:
  [[nodiscard]] Result<Pipe> take();
  void give_back(Pipe pipe);  // must be empty
  [[nodiscard]] std::size_t idle() const noexcept { return idle_.size(); }

 private:
  static constexpr std::size_t kMaxIdle = 64;
  std::vector<Pipe> idle_;
};

class SpliceFlow {
 public:
  // The sockets are non-blocking and stay the caller's.
  SpliceFlow(int from, int to, PipePool& pool) noexcept : from_(from), to_(to), pool_(pool) {}
  SpliceFlow(const SpliceFlow&) = delete;
  SpliceFlow& operator=(const SpliceFlow&) = delete;

  void set_readable() noexcept { readable_ = true; }  // `from` may have bytes, its end or an error
  void set_writable() noexcept { writable_ = true; }  // `to` may take bytes

  enum class Pumped : std::uint8_t { kWaiting, kMore, kFinished };
  // Moves up to about `budget` bytes. kMore: call again soon; kWaiting: after the next set_…; kFinished: `from` ended,
  // all is delivered and `to` has been told (SHUT_WR). An error ends the session.
  [[nodiscard]] Result<Pumped> pump(std::size_t budget);

  [[nodiscard]] std::uint64_t delivered() const noexcept { return delivered_; }

 private:
  [[nodiscard]] Result<void> fill();
  [[nodiscard]] Result<void> drain();
  void release_pipe();

  int from_, to_;
  PipePool& pool_;
  std::optional<Pipe> pipe_;
  std::size_t in_pipe_ = 0;
  std::uint64_t delivered_ = 0;
  // Edge-triggered readiness: true until the kernel says EAGAIN.
  bool readable_ = true, writable_ = true;
  bool from_ended_ = false, finished_ = false;
};

}  // namespace tobari::gateway
