// SPDX-License-Identifier: GPL-3.0-or-later
// What other threads leave for the thread that owns the peer.
#pragma once

#include <atomic>
#include <mutex>
#include <optional>
#include <unistd.h>
#include <utility>
#include <variant>
#include <vector>

#include <sys/eventfd.h>

#include <tobari/base/clock.h>
#include <tobari/base/unique_fd.h>
#include <tobari/display/display_transport.h>

namespace tobari::display {

struct LayoutNote {
  OutputLayout layout;
};
struct FrameNote {
  FrameId id;
  std::size_t surface;
  EncodedFrame frame;
};
struct CursorNote {
  std::optional<CursorShape> shape;
};
struct CursorVisibleNote {
  bool visible;
};
struct AudioNote {
  std::vector<std::int16_t> samples;
  unsigned rate;
  Clock::Steady captured;
};
struct NarrowNote {
  policy::Grant grant;
};
using PeerNote = std::variant<LayoutNote, FrameNote, CursorNote, CursorVisibleNote, NarrowNote>;

struct OpenClipboardNote {
  bool open;
};
struct OfferNote {
  policy::FormatSet formats;
};
struct AskNote {
  TransferId id;
  policy::Format format;
  std::size_t most;
};
struct AnswerNote {
  TransferId id;
  std::optional<ClipboardContent> content;
};
using ClipboardNote = std::variant<OpenClipboardNote, OfferNote, AskNote, AnswerNote>;

class PeerNotes {
 public:
  PeerNotes() : wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  void add(PeerNote note) {
    {
      const std::scoped_lock lock(mutex_);
      if (const auto* frame = std::get_if<FrameNote>(&note)) bytes_ += data_bytes(frame->frame);
      notes_.push_back(std::move(note));
    }
    wake();
  }
  // Sound is taken by itself, because it goes before pictures. What comes when this much of it waits already is late.
  static constexpr std::size_t kMaxAudioSamples = 4 * kMaxAudioBlockFrames * kAudioChannels;
  void add_audio(const AudioBlock& block) {
    {
      const std::scoped_lock lock(mutex_);
      if (audio_samples_ + block.samples.size() > kMaxAudioSamples) return;
      audio_samples_ += block.samples.size();
      audio_.push_back(AudioNote{{block.samples.begin(), block.samples.end()}, block.rate, block.captured});
    }
    wake();
  }
  // In order. However often somebody copies something, the newest offer counts; the rest is bounded by whoever asks.
  void add_clipboard(ClipboardNote note) {
    {
      const std::scoped_lock lock(mutex_);
      const bool replaces = std::holds_alternative<OfferNote>(note) && !clipboard_.empty() &&
                            std::holds_alternative<OfferNote>(clipboard_.back());
      if (replaces) clipboard_.pop_back();
      clipboard_.push_back(std::move(note));
    }
    wake();
  }
  [[nodiscard]] std::vector<ClipboardNote> take_clipboard() {
    const std::scoped_lock lock(mutex_);
    return std::exchange(clipboard_, {});
  }
  [[nodiscard]] std::vector<PeerNote> take() {
    const std::scoped_lock lock(mutex_);
    bytes_ = 0;
    return std::exchange(notes_, {});
  }
  [[nodiscard]] std::vector<AudioNote> take_audio() {
    const std::scoped_lock lock(mutex_);
    audio_samples_ = 0;
    return std::exchange(audio_, {});
  }
  [[nodiscard]] std::size_t bytes() const noexcept { return bytes_.load(std::memory_order_relaxed); }

  // The first reason counts.
  void close(CloseReason reason) noexcept {
    {
      const std::scoped_lock lock(mutex_);
      if (!close_) close_ = reason;
    }
    wake();
  }
  [[nodiscard]] std::optional<CloseReason> closing() const {
    const std::scoped_lock lock(mutex_);
    return close_;
  }

  [[nodiscard]] int fd() const noexcept { return wake_.get(); }
  void clear_wake() const noexcept {
    eventfd_t ignored = 0;
    static_cast<void>(::eventfd_read(wake_.get(), &ignored));
  }

 private:
  void wake() const noexcept { static_cast<void>(::eventfd_write(wake_.get(), 1)); }

  mutable std::mutex mutex_;
  std::vector<PeerNote> notes_;
  std::vector<AudioNote> audio_;
  std::vector<ClipboardNote> clipboard_;
  std::size_t audio_samples_ = 0;  // in audio_
  std::optional<CloseReason> close_;
  std::atomic<std::size_t> bytes_ = 0;
  UniqueFd wake_;
};

}  // namespace tobari::display
