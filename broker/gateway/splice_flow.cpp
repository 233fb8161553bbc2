// SPDX-License-Identifier: GPL-3.0-or-later
#include "splice_flow.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include <sys/socket.h>

namespace tobari::gateway {
namespace {

// What one call asks for; a pipe of the usual 16 pages takes at most that much.
constexpr std::size_t kChunkBytes = std::size_t{64} * 1024;
constexpr unsigned kFlags = SPLICE_F_MOVE | SPLICE_F_NONBLOCK;

}  // namespace

Result<Pipe> PipePool::take() {
  if (!idle_.empty()) {
    Pipe pipe = std::move(idle_.back());
    idle_.pop_back();
    return pipe;
  }
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return fail_errno(errno, "make a pipe");
  return Pipe{.read_end = UniqueFd(ends[0]), .write_end = UniqueFd(ends[1])};
}

void PipePool::give_back(Pipe pipe) {
  if (idle_.size() < kMaxIdle) idle_.push_back(std::move(pipe));
}

Result<SpliceFlow::Pumped> SpliceFlow::pump(std::size_t budget) {
  if (finished_) return Pumped::kFinished;
  const std::uint64_t until = delivered_ + budget;
  while (delivered_ < until) {
    if (in_pipe_ > 0) {
      if (!writable_) return Pumped::kWaiting;
      TOBARI_TRY(drain());
    } else if (from_ended_) {
      release_pipe();
      ::shutdown(to_, SHUT_WR);  // fails only when `to` is gone, which the other direction notices
      finished_ = true;
      return Pumped::kFinished;
    } else if (readable_) {
      TOBARI_TRY(fill());
    } else {
      release_pipe();
      return Pumped::kWaiting;
    }
  }
  return Pumped::kMore;
}

// Only into an empty pipe: then EAGAIN can mean nothing but an empty socket.
Result<void> SpliceFlow::fill() {
  if (!pipe_) {
    TOBARI_ASSIGN(pipe_, pool_.take());
  }
  const ssize_t moved = ::splice(from_, nullptr, pipe_->write_end.get(), nullptr, kChunkBytes, kFlags);
  if (moved > 0) {
    in_pipe_ = static_cast<std::size_t>(moved);
  } else if (moved == 0) {
    from_ended_ = true;
  } else if (errno == EAGAIN) {
    readable_ = false;
  } else if (errno != EINTR) {
    return fail_errno(errno, "read");
  }
  return {};
}

Result<void> SpliceFlow::drain() {
  const ssize_t moved = ::splice(pipe_->read_end.get(), nullptr, to_, nullptr, in_pipe_, kFlags);
  if (moved > 0) {
    in_pipe_ -= static_cast<std::size_t>(moved);
    delivered_ += static_cast<std::uint64_t>(moved);
  } else if (moved < 0 && errno == EAGAIN) {
    writable_ = false;
  } else if (moved == 0 || errno != EINTR) {
    return fail_errno(moved == 0 ? EPIPE : errno, "write");
  }
  return {};
}

void SpliceFlow::release_pipe() {
  if (pipe_) pool_.give_back(*std::exchange(pipe_, std::nullopt));
}

}  // namespace tobari::gateway
