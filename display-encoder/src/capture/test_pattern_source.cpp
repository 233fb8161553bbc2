// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/test_pattern_source.h"

#include <algorithm>
#include <array>
#include <bitset>
#include <chrono>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "capture/tone_source.h"

namespace tobari::display {
namespace {

using Steady = std::chrono::steady_clock;

constexpr std::size_t kMaxPendingEchoes = 1024;  // a consumer that types faster than we draw loses echoes, not memory

CursorShape arrow() {
  constexpr std::array<std::string_view, 16> kRows{"X           ", "XX          ", "X.X         ", "X..X        ",
                                                   "X...X       ", "X....X      ", "X.....X     ", "X......X    ",
                                                   "X.......X   ", "X........X  ", "X.....XXXXX ", "X..X..X     ",
                                                   "X.X X..X    ", "XX  X..X    ", "X    X..X   ", "      XX    "};
  CursorShape shape{{12, 16}, {0, 0}, {}};
  for (const std::string_view row : kRows) {
    for (const char c : row) shape.argb.push_back(c == 'X' ? 0xFF000000U : c == '.' ? 0xFFFFFFFFU : 0U);
  }
  return shape;
}

}  // namespace

class TestPatternSource::Impl final : public InputSink {
 public:
  Impl(Pattern pattern, Size size) : pattern_kind_(pattern), pattern_(pattern, size), size_(size) {}
  ~Impl() override { stop(); }

  Result<void> start(SourceEvents& events) {
    if (thread_.joinable()) return fail(Errc::kInvalidArgument, "the source is started already");
    thread_ = std::jthread([this, &events](const std::stop_token& token) { run(token, events); });
    return {};
  }

  void stop() noexcept {
    thread_.request_stop();
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
  }

  Result<FrameView> acquire(const Region& wanted) {
    const std::lock_guard lock(mutex_);
    if (!showing_) return fail(Errc::kUnavailable, "no picture yet");
    const Canvas& live = pattern_.canvas();
    if (!copy_ || copy_->size() != live.size()) {
      copy_.emplace(live);
      return copy_->view();
    }
    for (const Rect& rect : wanted.rects()) copy_rect(intersect(rect, bounds(live.size())), live);
    return copy_->view();
  }

  Result<void> request_size(Size size) {
    if (!size.valid()) return fail(Errc::kInvalidArgument, "not a size that a desktop can have");
    const std::lock_guard lock(mutex_);
    if (size != size_) {
      size_ = size;
      wake_.notify_one();
    }
    return {};
  }

  void lose(std::string reason) {
    const std::lock_guard lock(mutex_);
    lost_ = std::move(reason);
    wake_.notify_one();
  }

  AudioSource& audio() noexcept { return tone_; }

  void key(const KeyEvent& event) override {
    const std::lock_guard lock(mutex_);
    const std::size_t index = (event.scancode & 0x7FU) + (event.extended ? 128U : 0U);
    if (event.pressed && !keys_.test(index)) echo(Echo{event.scancode, event.extended, std::nullopt});
    keys_.set(index, event.pressed);
  }

  void move(const PointerMove& /*event*/) override {}

  void button(const PointerButton& event) override {
    const std::lock_guard lock(mutex_);
    if (event.pressed) echo(Echo{0, false, event.button});
  }

  void set_locks(const LockState& /*locks*/) override {}

  void release_all() override {
    const std::lock_guard lock(mutex_);
    keys_.reset();
  }

 private:
  struct Echo {
    std::uint8_t scancode = 0;
    bool extended = false;
    std::optional<Button> button;
  };

  void echo(const Echo& what) {
    if (echoes_.size() >= kMaxPendingEchoes) return;
    echoes_.push_back(what);
    wake_.notify_one();
  }

  void run(const std::stop_token& token, SourceEvents& events) {
    {
      const std::lock_guard lock(mutex_);
      showing_ = true;
    }
    events.on_surface(pattern_.canvas().size());  // only this thread replaces the pattern, so it may read it unlocked
    events.on_cursor_shape(arrow());
    events.on_cursor_visible(true);
    Steady::time_point next_step = Steady::now() + step_interval(pattern_kind_);
    while (!token.stop_requested()) {
      if (!wait(token, next_step)) return;
      if (const auto reason = take_loss()) {
        events.on_lost(Error{Errc::kUnavailable, *reason, __FILE__, __LINE__});
        return;
      }
      if (resize()) events.on_surface(pattern_.canvas().size());
      if (const auto damage = draw(next_step); !damage.empty()) events.on_damage(damage);
    }
  }

  // Sleeps until there is something to do; a pattern that stands still has no next step. False: stopped.
  bool wait(const std::stop_token& token, Steady::time_point next_step) {
    std::unique_lock lock(mutex_);
    const auto due = [this] { return !echoes_.empty() || lost_ || size_ != pattern_.canvas().size(); };
    if (step_interval(pattern_kind_).count() == 0) {
      wake_.wait(lock, token, due);
    } else {
      wake_.wait_until(lock, token, next_step, due);
    }
    return !token.stop_requested();
  }

  std::optional<std::string> take_loss() {
    const std::lock_guard lock(mutex_);
    if (lost_) showing_ = false;
    return std::exchange(lost_, std::nullopt);
  }

  bool resize() {
    const std::lock_guard lock(mutex_);
    if (size_ == pattern_.canvas().size()) return false;
    pattern_ = TestPattern(pattern_kind_, size_);
    return true;
  }

  std::vector<Rect> draw(Steady::time_point& next_step) {
    std::vector<Rect> damage;
    const std::lock_guard lock(mutex_);
    const Size size = pattern_.canvas().size();
    for (const Echo& what : std::exchange(echoes_, {})) {
      const Rect cell = what.button ? echo_cell(size, *what.button) : echo_cell(size, what.scancode, what.extended);
      if (const Rect changed = pattern_.echo(cell); !changed.empty()) damage.push_back(changed);
    }
    const auto interval = step_interval(pattern_kind_);
    if (interval.count() == 0) return damage;
    if (const auto now = Steady::now(); now >= next_step) {
      if (const Rect changed = pattern_.step(); !changed.empty()) damage.push_back(changed);
      next_step = std::max(next_step + interval, now);  // late: go on from here, do not catch up
    }
    return damage;
  }

  void copy_rect(const Rect& rect, const Canvas& live) {
    for (int y = rect.y; y < rect.bottom(); ++y) {
      std::memcpy(copy_->row(y) + rect.x, live.view().at(rect.x, y),
                  static_cast<std::size_t>(rect.width) * kBytesPerPixel);
    }
  }

  const Pattern pattern_kind_;
  std::mutex mutex_;
  std::condition_variable_any wake_;
  TestPattern pattern_;  // replaced and drawn by thread_ only, under mutex_
  Size size_;            // asked for
  bool showing_ = false;
  std::optional<Canvas> copy_;  // the consumer's
  std::vector<Echo> echoes_;
  std::bitset<256> keys_;
  std::optional<std::string> lost_;
  ToneSource tone_;
  std::jthread thread_;
};

Result<std::unique_ptr<TestPatternSource>> TestPatternSource::make(std::string_view name, Size size) {
  TOBARI_ASSIGN(const Pattern pattern, parse_pattern(name));
  if (!size.valid()) return fail(Errc::kInvalidArgument, "not a size that a desktop can have");
  return std::unique_ptr<TestPatternSource>(new TestPatternSource(std::make_unique<Impl>(pattern, size)));
}

TestPatternSource::TestPatternSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TestPatternSource::~TestPatternSource() = default;
Result<void> TestPatternSource::start(SourceEvents& events) { return impl_->start(events); }
void TestPatternSource::stop() noexcept { impl_->stop(); }
Result<FrameView> TestPatternSource::acquire(const Region& wanted) { return impl_->acquire(wanted); }
Result<void> TestPatternSource::request_mode(const SourceMode& mode) { return impl_->request_size(mode.size); }
InputSink& TestPatternSource::input() noexcept { return *impl_; }
AudioSource* TestPatternSource::audio() noexcept { return &impl_->audio(); }
void TestPatternSource::lose(std::string reason) { impl_->lose(std::move(reason)); }

}  // namespace tobari::display
