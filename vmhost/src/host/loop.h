// SPDX-License-Identifier: GPL-3.0-or-later
// The agent's event loop: one thread owns the agent's whole state and does nothing that blocks. Other threads post().
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

namespace tobari::vmhost {

class Loop {
 public:
  using Task = std::move_only_function<void()>;
  using Steady = std::chrono::steady_clock;

  // Takes back what it stands for when destroyed: its function is not called any more. Loop thread only.
  class [[nodiscard]] Handle {
   public:
    Handle() = default;
    Handle(Handle&& other) noexcept : loop_(std::exchange(other.loop_, nullptr)), id_(other.id_) {}
    Handle& operator=(Handle&& other) noexcept {
      if (this != &other) {
        reset();
        loop_ = std::exchange(other.loop_, nullptr);
        id_ = other.id_;
      }
      return *this;
    }
    ~Handle() { reset(); }
    void reset() noexcept;
    [[nodiscard]] explicit operator bool() const noexcept { return loop_ != nullptr; }

   private:
    friend class Loop;
    Handle(Loop* loop, std::uint64_t id) : loop_(loop), id_(id) {}
    Loop* loop_ = nullptr;
    std::uint64_t id_ = 0;
  };

  [[nodiscard]] static Result<std::unique_ptr<Loop>> create();
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Runs until stop(). What was posted before stop() is still done.
  void run();
  void stop();           // any thread, any number of times
  void post(Task task);  // any thread; runs on the loop thread, in order
  // Lets go of everything that was not run, and of what it holds: before the parts end that this uses. When nobody
  // posts any more.
  void clear();

  // `on_event` gets poll(2)'s revents. The descriptor stays the caller's and must outlive the handle.
  [[nodiscard]] Handle watch(int fd, short events, std::function<void(short)> on_event);
  // Once, unless the handle goes first.
  [[nodiscard]] Handle after(std::chrono::milliseconds delay, Task task);

 private:
  explicit Loop(UniqueFd wake) : wake_(std::move(wake)) {}
  struct Watched {
    int fd = -1;
    short events = 0;
    std::function<void(short)> on_event;
  };
  void forget(std::uint64_t id) noexcept;
  void run_posted();
  void run_due();
  [[nodiscard]] int poll_timeout() const;
  void poll_once();

  UniqueFd wake_;  // eventfd
  std::mutex mutex_;
  std::vector<Task> posted_;
  bool stopping_ = false;
  std::uint64_t next_id_ = 1;
  std::map<std::uint64_t, std::shared_ptr<Watched>> watched_;
  std::multimap<Steady::time_point, std::pair<std::uint64_t, Task>> timers_;
};

}  // namespace tobari::vmhost
