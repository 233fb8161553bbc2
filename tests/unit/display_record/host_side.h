// SPDX-License-Identifier: GPL-3.0-or-later
// The host of one recording, in this process: keeps what it is given in memory, and answers as a test wants it.
#pragma once

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <mutex>
#include <poll.h>
#include <string>
#include <thread>
#include <utility>

#include <sys/socket.h>

#include <tobari/base/unique_fd.h>
#include <tobari/recording/chain.h>
#include <tobari/recording/line.h>
#include <tobari/recording/recording.h>

namespace tobari::display {

class HostSide {
 public:
  HostSide() {
    int ends[2] = {-1, -1};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) std::abort();
    ours_.reset(ends[0]);
    theirs_.reset(ends[1]);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }

  [[nodiscard]] UniqueFd take_line() { return std::move(theirs_); }  // the recorder's end

  void answer_nothing(bool silent) {
    const std::scoped_lock lock(mutex_);
    silent_ = silent;
    if (!silent_ && chain_.begun()) answer(chain_.bytes());
  }
  void fail() {
    const std::scoped_lock lock(mutex_);
    silent_ = true;
    answer(recording::kHostFailed);
  }
  void hang_up() { ::shutdown(ours_.get(), SHUT_RDWR); }
  // As the next agent of the host: says first what is on its disk.
  void go_on_with(recording::Bytes disk) {
    const std::scoped_lock lock(mutex_);
    bytes_ = std::move(disk);
    take_pieces();
    answer(bytes_.size());
  }
  // What would be in the file: whole pieces.
  [[nodiscard]] recording::Bytes disk() {
    const std::scoped_lock lock(mutex_);
    return {bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(chain_.bytes())};
  }
  [[nodiscard]] bool closed() {
    const std::scoped_lock lock(mutex_);
    return closed_;
  }
  void lie(std::uint64_t bytes) {
    const std::scoped_lock lock(mutex_);
    answer(bytes);
  }

  // Until the recorder has closed its end, or what it sent is enough.
  [[nodiscard]] recording::Bytes wait_for(std::size_t bytes) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [this, bytes] { return closed_ || bytes_.size() >= bytes; });
    return bytes_;
  }
  // Until the last chunk and its trailer are there.
  [[nodiscard]] recording::Bytes wait_for_end() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(20), [this] {
      const auto all = recording::Recording::over(bytes_);
      if (!all) return false;
      const auto verified = all->verify();
      return verified && verified->ended;
    });
    return bytes_;
  }

 private:
  void run(const std::stop_token& stop) {
    std::array<std::byte, 65536> piece{};
    while (!stop.stop_requested()) {
      pollfd item{ours_.get(), POLLIN, 0};
      if (::poll(&item, 1, 20) <= 0) continue;
      const ssize_t got = ::recv(ours_.get(), piece.data(), piece.size(), 0);
      const std::scoped_lock lock(mutex_);
      if (got <= 0) {
        closed_ = true;
        changed_.notify_all();
        return;
      }
      bytes_.insert(bytes_.end(), piece.begin(), piece.begin() + got);
      take_pieces();
      if (!silent_ && chain_.begun()) answer(chain_.bytes());
      changed_.notify_all();
    }
  }
  void take_pieces() {
    while (!chain_.ended()) {
      const recording::View rest = recording::View(bytes_).subspan(chain_.bytes());
      const auto size = chain_.next_size(rest);
      if (!size || *size == 0 || *size > rest.size() || !chain_.take(rest.first(*size))) return;
    }
  }
  void answer(std::uint64_t value) {
    std::array<std::byte, 8> out{};
    for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::byte>(value >> (8 * i));
    static_cast<void>(::send(ours_.get(), out.data(), out.size(), MSG_NOSIGNAL));
  }

  UniqueFd ours_;
  UniqueFd theirs_;
  std::mutex mutex_;
  std::condition_variable changed_;
  recording::Bytes bytes_;
  recording::Chain chain_;  // of what is whole in them
  bool silent_ = false;
  bool closed_ = false;
  std::jthread thread_;
};

inline const std::string kSession = "0f8fad5b-d9cb-469f-a165-70867728950e";

}  // namespace tobari::display
