// SPDX-License-Identifier: GPL-3.0-or-later
// All recordings of this host: opens one for each session that asks for it. Loop thread only.
#pragma once

#include <functional>
#include <list>
#include <memory>
#include <set>
#include <string>

#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

#include "host/loop.h"
#include "recording/recording_sink.h"
#include "recording/recording_store.h"

namespace tobari::vmhost {

class Recordings {
 public:
  static constexpr std::size_t kMaxOpen = 1024;

  // `report`: into the audit; durable when it returns. Called on the loop thread.
  using Report = std::function<void(const RecordingReport&)>;
  [[nodiscard]] static Result<std::unique_ptr<Recordings>> create(Loop& loop, RecordingStore::Options options,
                                                                  const Clock& clock);
  ~Recordings();
  void set_report(Report report) { report_ = std::move(report); }

  // The display's end of the line for this session's recording. kExhausted, kIo: it could not be written.
  [[nodiscard]] Result<UniqueFd> open(const std::string& session, bool required);
  // As open(), of a recording that an agent before this one had begun (Options::interrupted).
  [[nodiscard]] Result<UniqueFd> resume(const std::string& session, bool required);
  [[nodiscard]] bool interrupted(const std::string& session) const { return interrupted_.contains(session); }
  void close_interrupted();  // those that were not resumed: nobody goes on with them
  // One that did not even begin, of a session that goes on without.
  void note_failure(const std::string& session, const std::string& why);

 private:
  explicit Recordings(Loop& loop) : loop_(loop) {}
  [[nodiscard]] Result<UniqueFd> add(const std::string& session, bool required, RecordingSink::Begin begin);
  void tell(const RecordingReport& report, const std::function<void()>& stored);
  void tidy_later();
  void forget_finished();

  Loop& loop_;
  Report report_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  std::set<std::string> interrupted_;
  std::unique_ptr<RecordingStore> store_;
  std::list<RecordingSink> sinks_;
  Loop::Handle tidy_timer_;
};

}  // namespace tobari::vmhost
