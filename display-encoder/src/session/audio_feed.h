// SPDX-License-Identifier: GPL-3.0-or-later
// Sound on its way from a desktop that may be replaced or gone at any moment to a client that may be, too. A source
// runs only while somebody hears it.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include <tobari/base/log.h>
#include <tobari/display/audio_source.h>
#include <tobari/display/display_transport.h>

namespace tobari::display {

// set_source() and set_listener() are called by one thread, the encode thread, without a lock that a source's thread
// could want.
class AudioFeed final : private AudioEvents {
 public:
  // Null: the desktop has no sound. When it returns, the former source is not used any more.
  void set_source(AudioSource* source) {
    if (source == source_) return;
    stop();
    source_ = source;
    start_if_heard();
  }
  // This source is about to go (null: it had no sound).
  void leave(const AudioSource* source) {
    if (source != nullptr && source == source_) set_source(nullptr);
  }
  // Null: nobody hears it.
  void set_listener(std::shared_ptr<DisplayTransport> listener) {
    const bool anybody = listener != nullptr;
    {
      const std::scoped_lock lock(mutex_);
      listener_.swap(listener);
    }
    if (anybody) {
      start_if_heard();
    } else {
      stop();
    }
  }

 private:
  void start_if_heard() {
    if (source_ == nullptr || running_ || !listener()) return;
    const auto started = source_->start(static_cast<AudioEvents&>(*this));
    running_ = started.has_value();
    if (!started) log::warning("the desktop stays silent", {{"because", describe(started.error())}});
  }
  void stop() noexcept {
    if (std::exchange(running_, false)) source_->stop();
  }

  [[nodiscard]] std::shared_ptr<DisplayTransport> listener() {
    const std::scoped_lock lock(mutex_);
    return listener_;
  }
  void on_audio(const AudioBlock& block) override {
    if (const auto to = listener()) to->play(block);
  }

  AudioSource* source_ = nullptr;
  bool running_ = false;
  std::mutex mutex_;
  std::shared_ptr<DisplayTransport> listener_;
};

}  // namespace tobari::display
