// SPDX-License-Identifier: GPL-3.0-or-later
// The folder with this host's recordings: what is written there, how much it may be, how long it is kept. Files of
// sessions that go on are called .part; what was left so by a host that died is closed at the next start. Any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include <tobari/base/clock.h>
#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>
#include <tobari/recording/chain.h>
#include <tobari/recording/format.h>

namespace tobari::vmhost {

// What the audit is told. `file` is a name inside the folder.
struct RecordingReport {
  enum class Kind : std::uint8_t { kStarted, kEnded, kFailed, kDeleted };
  Kind kind = Kind::kStarted;
  std::string session;
  std::string detail;     // for people, with the file's name, its bytes and its hash
  bool required = false;  // kFailed: the session must not go on
};
// `stored` is called once the report cannot be lost any more, on any thread. What hangs on it waits for that.
using TellAudit = std::function<void(const RecordingReport& report, std::function<void()> stored)>;

class RecordingStore;

// One recording that is being written. Not thread safe.
class RecordingFile {
 public:
  // `bytes`: that are in it already.
  RecordingFile(RecordingStore& store, std::string session, UniqueFd fd, std::uint64_t bytes = 0);
  RecordingFile(RecordingFile&&) noexcept = default;
  RecordingFile& operator=(RecordingFile&&) noexcept = default;

  // On the disk when it returns. An error leaves the file as it was before, as far as that can be.
  [[nodiscard]] Result<void> append(recording::View piece);
  // Under its final name, kept by the rules from now on.
  [[nodiscard]] Result<void> close();
  [[nodiscard]] const std::string& name() const noexcept { return name_; }

 private:
  RecordingStore* store_;
  std::string name_;
  UniqueFd fd_;
  std::uint64_t bytes_ = 0;
};

// One that an agent has left in the middle, and that its display goes on with.
struct InterruptedRecording {
  RecordingFile file;
  recording::Chain chain;  // of what is in it
};

class RecordingStore {
 public:
  struct Options {
    std::filesystem::path folder{};
    std::chrono::days keep_for{0};      // older ones are deleted; 0: none for its age
    std::chrono::days never_before{0};  // younger ones are never deleted, whatever else is said
    std::uint64_t max_bytes = 0;        // of all together; the oldest go first; 0: as many as the disk holds
    std::uint64_t least_free = std::uint64_t{64} << 20;  // below that no recording begins
    std::set<std::string> interrupted{};  // sessions of which a recording may go on: not closed at the start
  };
  // Makes the folder and closes what was left open; `tell` hears of that, and of everything that is deleted.
  [[nodiscard]] static Result<std::unique_ptr<RecordingStore>> open(Options options, const Clock& clock,
                                                                    TellAudit tell);
  RecordingStore(Options options, const Clock& clock, TellAudit tell);

  // Whether one can begin: kExhausted or kIo say why not.
  [[nodiscard]] Result<void> ready();
  // kAlreadyExists: this session has one.
  [[nodiscard]] Result<RecordingFile> begin(const std::string& session);
  // Reads all of what there is, and cuts off a piece that is not whole. kNotFound: there is nothing; on another error
  // it stays as it is.
  [[nodiscard]] Result<InterruptedRecording> resume(const std::string& session);
  // Nobody goes on with it after all.
  void close_interrupted(const std::string& session);
  // Room for so many bytes more. Deletes what may be deleted; kExhausted: that is not enough.
  [[nodiscard]] Result<void> reserve(std::uint64_t bytes);
  void tidy();  // by age; from time to time

  [[nodiscard]] const TellAudit& tell() const noexcept { return tell_; }
  [[nodiscard]] std::uint64_t bytes();

 private:
  friend class RecordingFile;
  struct Kept {
    std::uint64_t bytes = 0;
    Clock::Wall ended{};
  };
  [[nodiscard]] Result<void> take_stock();
  void close_left_over(const std::filesystem::path& part);
  [[nodiscard]] bool may_go(const std::string& name, const Kept& kept) const;
  void remove(const std::string& name, const std::string& why);
  void unlink_later(const std::filesystem::path& going, const std::string& name, const std::string& why);
  void finished(const std::string& name, std::uint64_t bytes);
  void grown(std::uint64_t bytes);

  const Options options_;
  const Clock& clock_;
  const TellAudit tell_;
  std::mutex mutex_;
  std::map<std::string, Kept> kept_;  // by name
  std::uint64_t bytes_ = 0;           // of them and of those that are written
};

// "file NAME, 123 bytes, blake2b 0123..."
[[nodiscard]] std::string describe_recording(const std::string& name, std::uint64_t bytes, const recording::Hash& hash);

}  // namespace tobari::vmhost
