// SPDX-License-Identifier: GPL-3.0-or-later
// News of hosts and their desktops, for requests that wait until a desktop runs. Such a request is a coroutine: while
// it waits it is an entry in a list, and no thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <coroutine>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <tobari/base/ids.h>

namespace tobari::broker {

// What a coroutine returns that runs until its end by itself, on whatever thread goes on with it. Begins at once.
struct Unattended {
  struct Promise {
    [[nodiscard]] Unattended get_return_object() const noexcept { return {}; }
    [[nodiscard]] std::suspend_never initial_suspend() const noexcept { return {}; }
    [[nodiscard]] std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
  using promise_type = Promise;
};

enum class Woken : std::uint8_t { kByNews, kByTime };

class DesktopNews {
 public:
  static constexpr std::size_t kMaxWaiting = 4096;  // further ones do not wait
  static constexpr std::chrono::milliseconds kTryAgain{100};
  using Deadline = std::chrono::steady_clock::time_point;
  using Post = std::function<bool(std::function<void()>)>;

  // For co_await. What goes on with the coroutine afterwards is a worker.
  class [[nodiscard]] Wait {
   public:
    [[nodiscard]] bool await_ready() const noexcept { return false; }
    bool await_suspend(std::coroutine_handle<> waiting) { return news_.begin(*this, waiting); }
    [[nodiscard]] Woken await_resume() const noexcept { return woken_; }

   private:
    friend class DesktopNews;
    Wait(DesktopNews& news, std::uint64_t mark, HostId host, Deadline until)
        : news_(news), mark_(mark), host_(std::move(host)), until_(until) {}

    DesktopNews& news_;
    const std::uint64_t mark_;
    const HostId host_;
    const Deadline until_;
    Woken woken_ = Woken::kByTime;
  };

  // `post` gives work to the workers, and says whether they took it.
  explicit DesktopNews(Post post);
  ~DesktopNews() { stop(); }
  DesktopNews(const DesktopNews&) = delete;
  DesktopNews& operator=(const DesktopNews&) = delete;

  // Something has changed at this host: its line, a desktop. Any thread; returns at once.
  void heard_of(const HostId& host);
  // Taken before one looks at the desktops: what is heard between the look and the wait ends the wait at once.
  [[nodiscard]] std::uint64_t mark() const;
  Wait after(std::uint64_t mark, HostId host, Deadline until) { return {*this, mark, std::move(host), until}; }
  [[nodiscard]] std::size_t waiting() const;

  // Who waits goes on no more: those coroutines end where they are. Before the workers stop.
  void stop();

 private:
  // A coroutine that waits, and that ends there when nobody goes on with it.
  class Suspended {
   public:
    explicit Suspended(std::coroutine_handle<> handle) : handle_(handle) {}
    Suspended(Suspended&& other) noexcept : handle_(std::exchange(other.handle_, {})) {}
    Suspended& operator=(Suspended&&) = delete;
    ~Suspended() {
      if (handle_) handle_.destroy();
    }
    void resume() { std::exchange(handle_, {}).resume(); }

   private:
    std::coroutine_handle<> handle_;
  };
  struct Entry {
    Wait* wait;  // in the coroutine's own memory, there while it is suspended
    HostId host;
    Deadline until;
    std::optional<Woken> why;  // it is over already, but the workers were busy
    Suspended suspended;
  };

  [[nodiscard]] bool begin(Wait& wait, std::coroutine_handle<> handle);
  void go_on(std::list<Entry> woken, Woken why);
  void watch_deadlines();

  const Post post_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::list<Entry> waiting_;
  std::map<HostId, std::uint64_t> heard_;  // of as many hosts as have ever been attached here
  std::uint64_t count_ = 0;
  bool stopping_ = false;
  std::jthread watcher_;  // last: it uses the rest
};

}  // namespace tobari::broker
