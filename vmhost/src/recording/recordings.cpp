// SPDX-License-Identifier: GPL-3.0-or-later
#include "recording/recordings.h"

#include <cerrno>
#include <chrono>
#include <utility>

#include <sys/socket.h>

namespace tobari::vmhost {
namespace {
constexpr std::chrono::minutes kTidyEvery{10};
}  // namespace

// Whoever reports may be any thread; the agent's state is the loop's. What is reported at the start waits in the loop
// until the agent is there.
Result<std::unique_ptr<Recordings>> Recordings::create(Loop& loop, RecordingStore::Options options,
                                                       const Clock& clock) {
  std::unique_ptr<Recordings> made(new Recordings(loop));
  made->interrupted_ = options.interrupted;
  TellAudit tell = [&loop, self = made.get(), alive = made->alive_](const RecordingReport& report,
                                                                    std::function<void()> stored) {
    loop.post([self, alive, report, stored = std::move(stored)] {
      if (*alive) self->tell(report, stored);
    });
  };
  TOBARI_ASSIGN(made->store_, RecordingStore::open(std::move(options), clock, std::move(tell)));
  made->tidy_later();
  return made;
}

Recordings::~Recordings() {
  sinks_.clear();
  *alive_ = false;
}

void Recordings::tell(const RecordingReport& report, const std::function<void()>& stored) {
  if (!report_) return;  // the agent ends; the next one finds the file as it is
  report_(report);
  stored();
}

void Recordings::note_failure(const std::string& session, const std::string& why) {
  if (report_) report_({RecordingReport::Kind::kFailed, session, why});
}

void Recordings::tidy_later() {
  tidy_timer_ = loop_.after(kTidyEvery, [this] {
    store_->tidy();
    forget_finished();
    tidy_later();
  });
}

void Recordings::forget_finished() {
  sinks_.remove_if([](const RecordingSink& sink) { return sink.finished(); });
}

Result<UniqueFd> Recordings::open(const std::string& session, bool required) {
  forget_finished();
  if (sinks_.size() >= kMaxOpen) return fail(Errc::kExhausted, "too many sessions are recorded at once");
  TOBARI_TRY(store_->ready());
  return add(session, required, RecordingSink::Begin::kAnew);
}

Result<UniqueFd> Recordings::resume(const std::string& session, bool required) {
  interrupted_.erase(session);
  return add(session, required, RecordingSink::Begin::kGoOn);
}

void Recordings::close_interrupted() {
  for (const std::string& session : std::exchange(interrupted_, {})) store_->close_interrupted(session);
}

Result<UniqueFd> Recordings::add(const std::string& session, bool required, RecordingSink::Begin begin) {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return fail_errno(errno, "make a socket pair");
  sinks_.emplace_back(*store_, session, required, UniqueFd(ends[0]), begin);
  return UniqueFd(ends[1]);
}

}  // namespace tobari::vmhost
