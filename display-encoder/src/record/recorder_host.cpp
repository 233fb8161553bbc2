// SPDX-License-Identifier: GPL-3.0-or-later
// The recorder's thread: takes chunks, seals them, hands them to the host and hears how far it is.
#include <algorithm>
#include <array>
#include <cerrno>
#include <format>
#include <poll.h>
#include <utility>

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <tobari/base/log.h>
#include <tobari/display/display_transport.h>
#include <tobari/recording/line.h>

#include "record/recorder.h"

namespace tobari::display {
namespace {

// The host ends this process soon after it has asked for it.
constexpr std::chrono::milliseconds kLastWords{700};
constexpr std::chrono::milliseconds kLongestPause{60'000};

}  // namespace

Recorder::~Recorder() { stop(); }

void Recorder::stop() noexcept {
  end("the display has ended");
  {
    const std::scoped_lock lock(mutex_);
    const Time soon = SystemClock().now() + kLastWords;
    finish_by_ = finish_by_ ? std::min(*finish_by_, soon) : soon;
    stopping_ = true;
  }
  wake();
  if (thread_.joinable()) thread_.join();
}

void Recorder::run() {
  line_since_ = SystemClock().now();
  hand_over(sealer_.header());
  for (;;) {
    const auto done = turn();
    if (!done) return fail_with(done.error());
    if (*done) {
      const std::scoped_lock lock(mutex_);
      state_ = State::kDone;
      next_host_.reset();
      return;
    }
    std::array<pollfd, 2> items{{{wake_.get(), POLLIN, 0}, {host_.get(), POLLIN, 0}}};
    if (next_out_ < out_.size() && !away()) items[1].events |= POLLOUT;
    if (::poll(items.data(), items.size(), static_cast<int>(pause().count())) < 0 && errno != EINTR) {
      return fail_with(fail_errno(errno, "wait for the host").error());
    }
    eventfd_t ignored = 0;
    if (items[0].revents != 0) static_cast<void>(::eventfd_read(wake_.get(), &ignored));
  }
}

Result<bool> Recorder::turn() {
  std::deque<Chunk> chunks;
  std::optional<std::string> reason;
  take_line();
  take_chunks(chunks, reason);
  for (const Chunk& chunk : chunks) seal(chunk);
  if (reason) {
    std::uint64_t end = 0;
    {
      const std::scoped_lock lock(mutex_);
      end = time_us(SystemClock().now());
    }
    hand_over(sealer_.finish(end, *reason));
    finished_ = true;
  }
  TOBARI_TRY(write_some());
  TOBARI_TRY(read_answers());
  if (finished_ && kept_ == handed_over_) return true;
  TOBARI_TRY(check_deadlines());
  return false;
}

// What is due. Whatever is taken stays counted as waiting until the host has it.
void Recorder::take_chunks(std::deque<Chunk>& chunks, std::optional<std::string>& reason) {
  const std::scoped_lock lock(mutex_);
  const Time now = SystemClock().now();
  if (!open_.events.empty() && now - open_.since >= options_.limits.flush_after) close_chunk();
  chunks = std::exchange(closed_, {});
  // One that is empty holds a place, so that oldest() does not forget what is being sealed.
  for (const Chunk& chunk : chunks) on_the_way_.push_back({0, chunk.events.size(), chunk.since});
  reason = std::exchange(ending_, std::nullopt);
}

void Recorder::hand_over(recording::Bytes piece) {
  const std::size_t size = piece.size();
  out_.push_back({std::move(piece), handed_over_});
  handed_over_ += size;
}

void Recorder::seal(const Chunk& chunk) {
  hand_over(sealer_.seal(chunk.note, chunk.events));
  const std::scoped_lock lock(mutex_);
  const auto place = std::ranges::find(on_the_way_, std::uint64_t{0}, &OnTheWay::until);
  if (place != on_the_way_.end()) place->until = handed_over_;
}

Result<void> Recorder::write_some() {
  while (!away() && next_out_ < out_.size()) {
    const recording::Bytes& piece = out_[next_out_].bytes;
    const ssize_t sent =
        ::send(host_.get(), piece.data() + out_from_, piece.size() - out_from_, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0 && errno == EAGAIN) return {};
    // What the host said last is read all the same: it may be why.
    if (sent < 0 && (errno == EPIPE || errno == ECONNRESET)) {
      TOBARI_TRY(read_answers());
      return host_ ? line_lost("the host does not take the recording any more") : Result<void>();
    }
    if (sent < 0) return fail_errno(errno, "hand the recording to the host");
    out_from_ += static_cast<std::size_t>(sent);
    sent_ += static_cast<std::uint64_t>(sent);
    if (out_from_ < piece.size()) continue;
    ++next_out_;  // kept until it is on the disk: a new line may begin before it
    out_from_ = 0;
  }
  return {};
}

Result<void> Recorder::read_answers() {
  while (host_) {
    const ssize_t got =
        ::recv(host_.get(), answer_.data() + answer_bytes_, answer_.size() - answer_bytes_, MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0 && errno == EAGAIN) return {};
    if (got < 0 && errno != ECONNRESET) return fail_errno(errno, "hear from the host");
    if (got <= 0) {
      if (finished_ && kept_ == handed_over_) return {};
      return line_lost("the host does not write the recording any more");
    }
    answer_bytes_ += static_cast<std::size_t>(got);
    if (answer_bytes_ < answer_.size()) continue;
    answer_bytes_ = 0;
    std::uint64_t bytes = 0;
    for (std::size_t i = 0; i < answer_.size(); ++i) bytes |= std::to_integer<std::uint64_t>(answer_[i]) << (8 * i);
    if (bytes == recording::kHostFailed) return fail(Errc::kIo, "the host could not write the recording");
    if (bytes < kept_ || bytes > (host_speaks_first_ ? handed_over_ : sent_)) {
      return fail(Errc::kPeerProtocol, "the host counts wrongly");
    }
    acknowledged(bytes);
    if (host_speaks_first_) TOBARI_TRY(go_on_from(bytes));
  }
  return {};
}

void Recorder::acknowledged(std::uint64_t bytes) {
  kept_ = bytes;
  for (; !out_.empty() && out_.front().from + out_.front().bytes.size() <= bytes; out_.pop_front()) {
    if (next_out_ > 0) --next_out_;
  }
  const std::scoped_lock lock(mutex_);
  header_kept_ = header_kept_ || bytes >= sealer_.header().size();
  while (!on_the_way_.empty() && on_the_way_.front().until != 0 && on_the_way_.front().until <= bytes) {
    waiting_ -= on_the_way_.front().raw;
    on_the_way_.pop_front();
  }
}

// ---- a line that is replaced

void Recorder::replace_line(UniqueFd host) {
  {
    const std::scoped_lock lock(mutex_);
    if (state_ == State::kDone || state_ == State::kFailed) return;  // which the host sees by its end
    next_host_ = std::move(host);
  }
  wake();
}

void Recorder::take_line() {
  const std::scoped_lock lock(mutex_);
  if (!next_host_) return;
  host_ = std::move(next_host_);
  host_speaks_first_ = true;
  answer_bytes_ = 0;
  lost_since_.reset();
  line_since_ = SystemClock().now();
}

Result<void> Recorder::line_lost(const char* why) {
  if (options_.limits.line_again_within.count() <= 0) return fail(Errc::kUnavailable, why);
  host_.reset();
  lost_since_ = SystemClock().now();
  log::warning("recording waits for the host", {{"session", options_.session}, {"because", why}});
  return {};
}

// What it had in memory only is sent again, whole pieces as before.
Result<void> Recorder::go_on_from(std::uint64_t bytes) {
  const std::uint64_t next = out_.empty() ? handed_over_ : out_.front().from;
  if (next != bytes) return fail(Errc::kPeerProtocol, "the host goes on within a piece");
  next_out_ = 0;
  out_from_ = 0;
  sent_ = bytes;
  host_speaks_first_ = false;
  line_since_ = SystemClock().now();
  log::info("recording goes on", {{"session", options_.session}, {"from", std::to_string(bytes)}});
  const std::scoped_lock lock(mutex_);
  if (finish_by_ && !stopping_) finish_by_ = std::max(*finish_by_, line_since_ + options_.limits.finish_within);
  return {};
}

// ---- time

// While the host's agent is started again only its return is waited for, whatever else would be due.
Result<void> Recorder::check_deadlines() {
  const RecorderLimits& limits = options_.limits;
  const std::scoped_lock lock(mutex_);
  const Time now = SystemClock().now();
  if (finish_by_ && now >= *finish_by_ && (stopping_ || !away())) {
    return fail(Errc::kTimeout, "the host did not take the recording's end");
  }
  if (!host_ && lost_since_ && now - *lost_since_ >= limits.line_again_within) {
    return fail(Errc::kUnavailable, "no agent of the host went on with the recording");
  }
  const auto since = host_speaks_first_ ? std::optional(line_since_) : oldest();
  if (host_ && since && now - std::max(*since, line_since_) >= limits.give_up_after) {
    return fail(Errc::kTimeout,
                std::format("the host did not write the recording for {} ms", limits.give_up_after.count()));
  }
  if (!options_.required && waiting_ > limits.waiting_bytes) {
    return fail(Errc::kExhausted, "the host writes the recording too slowly");
  }
  return {};
}

// Until the next thing that is due by itself.
std::chrono::milliseconds Recorder::pause() {
  const RecorderLimits& limits = options_.limits;
  const std::scoped_lock lock(mutex_);
  std::optional<Time> next;
  const auto sooner = [&next](Time due) {
    if (!next || due < *next) next = due;
  };
  if (finish_by_ && (stopping_ || !away())) sooner(*finish_by_);
  if (!open_.events.empty()) sooner(open_.since + limits.flush_after);
  if (!host_ && lost_since_) sooner(*lost_since_ + limits.line_again_within);
  const auto since = host_speaks_first_ ? std::optional(line_since_) : oldest();
  if (host_ && since) sooner(std::max(*since, line_since_) + limits.give_up_after);
  if (!next) return kLongestPause;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(*next - SystemClock().now());
  return std::clamp(left, std::chrono::milliseconds(0), kLongestPause);
}

void Recorder::fail_with(const Error& why) {
  std::function<void(const Error&)> failed;
  {
    const std::scoped_lock lock(mutex_);
    // What is over needs not to be ended for it.
    if (options_.required && state_ == State::kRecording) failed = std::move(failed_);
    state_ = State::kFailed;
    open_ = {};
    closed_.clear();
    on_the_way_.clear();
    waiting_ = 0;
    next_host_.reset();
  }
  out_.clear();
  next_out_ = 0;
  host_.reset();
  log::error("recording failed", {{"session", options_.session}, {"because", describe(why)}});
  if (failed) failed(why);
}

}  // namespace tobari::display
