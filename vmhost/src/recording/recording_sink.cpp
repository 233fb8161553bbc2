// SPDX-License-Identifier: GPL-3.0-or-later
#include "recording/recording_sink.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <future>
#include <memory>
#include <poll.h>
#include <utility>

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <tobari/base/log.h>
#include <tobari/recording/line.h>

namespace tobari::vmhost {
namespace {

constexpr std::size_t kReadBytes = std::size_t{256} * 1024;
constexpr std::chrono::milliseconds kLook{100};  // whether we are to stop, while the audit's report is stored
// Kept for the next chunk, but not after a large one.
constexpr std::size_t kKeptBytes = std::size_t{512} * 1024;

}  // namespace

RecordingSink::RecordingSink(RecordingStore& store, std::string session, bool required, UniqueFd socket, Begin begin)
    : store_(store),
      session_(std::move(session)),
      required_(required),
      begin_(begin),
      socket_(std::move(socket)),
      stop_(::eventfd(0, EFD_CLOEXEC)),
      thread_([this] { run(); }) {}

RecordingSink::~RecordingSink() {
  stopping_ = true;
  static_cast<void>(::eventfd_write(stop_.get(), 1));
}

void RecordingSink::run() {
  if (begin_ == Begin::kAnew || go_on()) record();
  socket_.reset();
  finished_ = true;
}

// What the display sent and the former agent had not written is not there: the display sends it again.
bool RecordingSink::go_on() {
  auto interrupted = store_.resume(session_);
  if (!interrupted && interrupted.error().code == Errc::kNotFound) {
    answer(0);
    return true;
  }
  if (!interrupted) {
    log::error("recording does not go on", {{"session", session_}, {"because", describe(interrupted.error())}});
    answer(recording::kHostFailed);
    static_cast<void>(report(RecordingReport::Kind::kFailed, interrupted.error().message));
    return false;
  }
  file_.emplace(std::move(interrupted->file));
  chain_ = std::move(interrupted->chain);
  kept_hash_ = chain_.hash();
  kept_bytes_ = chain_.bytes();
  log::info("recording goes on", {{"session", session_}, {"bytes", std::to_string(kept_bytes_)}});
  if (chain_.ended()) {
    const auto known = finish();
    if (known && *known) answer(chain_.bytes());
    return false;
  }
  // Whether the one before came to say that it began is not known: twice is better than never.
  const std::string what = "file " + file_->name() + ", taken up again";
  if (chain_.begun() && !report(RecordingReport::Kind::kStarted, what)) return false;
  answer(chain_.bytes());
  return true;
}

Result<bool> RecordingSink::finish() {
  if (!report(RecordingReport::Kind::kEnded, describe_recording(file_->name(), kept_bytes_, kept_hash_))) return false;
  TOBARI_TRY(file_->close());
  return true;
}

void RecordingSink::record() {
  std::string why = "the display process ended before it";
  for (;;) {
    const auto more = receive();
    const auto taken = more ? take_pieces() : std::unexpected(more.error());
    if (!taken) {
      why = taken.error().message;
      log::error("recording failed", {{"session", session_}, {"because", describe(taken.error())}});
      break;
    }
    if (chain_.ended()) return;
    if (!*more) break;
  }
  if (stopping_) return;
  // A ticket that nobody used, or one whose client never got so far.
  if (!file_ && !chain_.begun() && buffer_.empty()) return;
  answer(recording::kHostFailed);
  std::string detail = why;
  if (file_) detail += "; " + describe_recording(file_->name(), kept_bytes_, kept_hash_);
  if (!report(RecordingReport::Kind::kFailed, std::move(detail)) || !file_) return;
  if (const auto closed = file_->close(); !closed) log::error("recording", {{"because", describe(closed.error())}});
}

Result<bool> RecordingSink::receive() {
  std::array<pollfd, 2> items{{{socket_.get(), POLLIN, 0}, {stop_.get(), POLLIN, 0}}};
  while (::poll(items.data(), items.size(), -1) < 0) {
    if (errno != EINTR) return fail_errno(errno, "wait for the display");
  }
  if (items[1].revents != 0) return false;
  const std::size_t before = buffer_.size();
  buffer_.resize(before + kReadBytes);
  ssize_t got = -1;
  do {
    got = ::recv(socket_.get(), buffer_.data() + before, kReadBytes, MSG_DONTWAIT);
  } while (got < 0 && errno == EINTR);
  buffer_.resize(before + (got > 0 ? static_cast<std::size_t>(got) : 0));
  if (got < 0 && errno == EAGAIN) return true;
  if (got < 0 && errno != ECONNRESET) return fail_errno(errno, "hear from the display");
  return got > 0;
}

Result<void> RecordingSink::take_pieces() {
  std::size_t at = 0;
  for (;;) {
    const recording::View rest = recording::View(buffer_).subspan(at);
    if (chain_.ended() && rest.empty()) break;
    TOBARI_ASSIGN(const std::size_t size, chain_.next_size(rest));
    if (size == 0 || size > rest.size()) break;
    TOBARI_TRY(take(rest.first(size)));
    at += size;
  }
  buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at));
  if (buffer_.empty() && buffer_.capacity() > kKeptBytes) recording::Bytes().swap(buffer_);
  return {};
}

Result<void> RecordingSink::take(recording::View piece) {
  TOBARI_ASSIGN(const auto taken, chain_.take(piece));
  using Kind = recording::Chain::Kind;
  if (taken.kind == Kind::kHeader) {
    if (chain_.header().session != session_) return fail(Errc::kPeerProtocol, "a recording of another session");
    if (!file_) {
      TOBARI_ASSIGN(file_, store_.begin(session_));
    }
  }
  TOBARI_TRY(file_->append(piece));
  kept_hash_ = chain_.hash();
  kept_bytes_ = chain_.bytes();
  bool known = true;
  if (taken.kind == Kind::kHeader) known = report(RecordingReport::Kind::kStarted, "file " + file_->name());
  if (taken.kind == Kind::kTrailer) {
    TOBARI_ASSIGN(known, finish());
  }
  if (known) answer(chain_.bytes());
  return {};
}

// Returns when it cannot be lost any more, so that what is answered afterwards holds. False: the agent ends before
// that. The file then keeps the name of one that is not finished, and the next start reports it.
bool RecordingSink::report(RecordingReport::Kind kind, std::string detail) {
  const auto stored = std::make_shared<std::promise<void>>();
  const auto done = stored->get_future();
  store_.tell()({kind, session_, std::move(detail), required_}, [stored] { stored->set_value(); });
  while (done.wait_for(kLook) != std::future_status::ready) {
    if (stopping_) return false;
  }
  return true;
}

void RecordingSink::answer(std::uint64_t bytes) noexcept {
  std::array<std::byte, 8> out{};
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<std::byte>(bytes >> (8 * i));
  static_cast<void>(::send(socket_.get(), out.data(), out.size(), MSG_NOSIGNAL | MSG_DONTWAIT));
}

}  // namespace tobari::vmhost
