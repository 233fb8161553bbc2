// SPDX-License-Identifier: GPL-3.0-or-later
// Asks another thread for something and waits a little: the thread that owns a program's state, or one that may hang in
// a system call or a database. Who does not answer in time is not asked again until he has: questions do not pile up.
// One asking thread.
#pragma once

#include <chrono>
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <utility>

#include <tobari/base/result.h>

namespace tobari::metrics {

template <class T>
class Inquiry {
 public:
  using Answer = Result<T>;
  // Makes the other thread run it; false: it does not take it. What is asked may run late, as long as that thread does.
  using Post = std::function<bool(std::function<void()>)>;

  // `whom`: for the error, "the database".
  Inquiry(std::string whom, Post post, std::function<Answer()> question, std::chrono::milliseconds patience)
      : whom_(std::move(whom)), post_(std::move(post)), question_(std::move(question)), patience_(patience) {}

  // kTimeout, kUnavailable, or what the question says.
  [[nodiscard]] Answer ask() {
    if (!pending_.valid()) {
      auto promise = std::make_shared<std::promise<Answer>>();
      pending_ = promise->get_future();
      if (!post_([promise, question = question_] { promise->set_value(question()); })) {
        pending_ = {};
        return fail(Errc::kUnavailable, whom_ + " is busy or stopping");
      }
    }
    if (pending_.wait_for(patience_) != std::future_status::ready) {
      return fail(Errc::kTimeout, whom_ + " does not answer");
    }
    try {
      return pending_.get();
    } catch (const std::future_error&) {  // the thread has ended, and its queue with it
      return fail(Errc::kUnavailable, whom_ + " has ended");
    }
  }

 private:
  const std::string whom_;
  const Post post_;
  const std::function<Answer()> question_;
  const std::chrono::milliseconds patience_;
  std::future<Answer> pending_;
};

}  // namespace tobari::metrics
