// SPDX-License-Identifier: GPL-3.0-or-later
// One recording on its way from a display process to the disk, on a thread of its own: a slow disk makes nobody else
// wait. What the display sends is taken for the claim of a process that parses hostile bytes: it must continue the
// chain, piece by piece, or the recording has failed. The protocol: tobari/recording/line.h.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <thread>

#include <tobari/base/unique_fd.h>
#include <tobari/recording/chain.h>

#include "recording/recording_store.h"

namespace tobari::vmhost {

class RecordingSink {
 public:
  // kGoOn: an agent before this one had the beginning; the display is told how much of it there is.
  enum class Begin : std::uint8_t { kAnew, kGoOn };
  // `socket`: our end. `store` outlives it.
  RecordingSink(RecordingStore& store, std::string session, bool required, UniqueFd socket, Begin begin = Begin::kAnew);
  ~RecordingSink();  // the recording ends here, whatever its state is
  RecordingSink(const RecordingSink&) = delete;
  RecordingSink& operator=(const RecordingSink&) = delete;

  [[nodiscard]] bool finished() const noexcept { return finished_; }
  [[nodiscard]] const std::string& session() const noexcept { return session_; }

 private:
  void run();
  [[nodiscard]] bool go_on();  // false: there is nothing to go on with
  void record();
  [[nodiscard]] Result<bool> finish();   // false: the agent ends before the audit knows
  [[nodiscard]] Result<bool> receive();  // false: the display says no more
  [[nodiscard]] Result<void> take_pieces();
  [[nodiscard]] Result<void> take(recording::View piece);
  [[nodiscard]] bool report(RecordingReport::Kind kind, std::string detail);
  void answer(std::uint64_t bytes) noexcept;

  RecordingStore& store_;
  const std::string session_;
  const bool required_;
  const Begin begin_;
  UniqueFd socket_;
  UniqueFd stop_;  // eventfd
  recording::Chain chain_;
  recording::Bytes buffer_;
  std::optional<RecordingFile> file_;
  recording::Hash kept_hash_{};  // of what is in the file
  std::uint64_t kept_bytes_ = 0;
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> finished_ = false;
  std::jthread thread_;
};

}  // namespace tobari::vmhost
