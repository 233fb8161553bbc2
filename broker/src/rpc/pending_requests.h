// SPDX-License-Identifier: GPL-3.0-or-later
// Requests sent to hosts whose answers are awaited, each with a deadline. Every callback is called exactly once: with
// the answer, a timeout, or the reason for which no answer will come. Callbacks run on the thread that brings the news,
// without any lock held.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <variant>

#include <tobari/base/clock.h>
#include <tobari/base/ids.h>
#include <tobari/base/result.h>

namespace tobari::broker {

struct OpenedDisplay {
  std::string certificate_sha256;  // 64 hex digits
};

struct TakenThumbnail {
  std::string jpeg;
};

// A piece of an image's file, on its way from one host to another.
struct TakenImagePart {
  std::string bytes;
  std::uint64_t file_bytes = 0;
};

using HostAnswer = std::variant<OpenedDisplay, TakenThumbnail, TakenImagePart>;

class PendingRequests {
 public:
  using Callback = std::function<void(Result<HostAnswer>)>;
  static constexpr std::size_t kMaxPending = 4096;

  PendingRequests();
  ~PendingRequests() { stop(); }

  // False: too many are pending; the callback was not taken.
  [[nodiscard]] bool add(const std::string& request_id, const HostId& host, Clock::Steady deadline, Callback callback);
  // Only the host that was asked may answer; anything else is ignored.
  void complete(const std::string& request_id, const HostId& host, Result<HostAnswer> result);
  // The host is gone: its requests fail.
  void fail_host(const HostId& host, const Error& reason);
  void stop();

 private:
  struct Entry {
    HostId host;
    Clock::Steady deadline;
    Callback callback;
  };

  void watch_deadlines();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, Entry> entries_;
  bool stopping_ = false;
  std::jthread watcher_;  // last: it uses the rest
};

}  // namespace tobari::broker
