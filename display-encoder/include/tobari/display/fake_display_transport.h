// SPDX-License-Identifier: GPL-3.0-or-later
// A client in memory, for tests: keeps a picture of what it was sent (solid and uncompressed rectangles, copies, tiles
// of its cache; others it only counts), acknowledges at once, late or never, and does as a person tells it. No thread
// of its own: events come on the caller's thread.
#pragma once

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <format>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include <tobari/display/display_transport.h>

namespace tobari::display {

class FakeDisplayTransport final : public DisplayTransport, private ClipboardEnd {
 public:
  enum class Acks : std::uint8_t { kAtOnce, kByHand };

  // Whoever is told to go goes at once, or still says what is on its way, until it disconnects.
  enum class Leaves : std::uint8_t { kAtOnce, kByHand };

  explicit FakeDisplayTransport(Acks acks = Acks::kAtOnce, Leaves leaves = Leaves::kAtOnce)
      : acks_(acks), leaves_(leaves) {}
  ~FakeDisplayTransport() override { stop(); }

  // ---- what the client does
  MonitorLayout authenticate(const ClientInfo& client, const Admitted& admitted) {
    return events_->on_authenticated(client, admitted);
  }
  void become_ready(ClientCodecs codecs = {.clear = false, .planar = false}) { events_->on_ready({true, codecs}); }
  bool close_pipeline() { return events_->on_pipeline_closed(); }
  void acknowledge(FrameId id) { events_->on_frame_ack(id); }
  void want_audio(bool wanted) { events_->on_audio_wanted(wanted); }
  // Its end of the clipboard; to be used when clipboard_open().
  void copies(policy::FormatSet formats) { events_->clipboard_events().on_offer(formats); }
  void pastes(TransferId id, policy::Format format) { events_->clipboard_events().on_ask(id, format); }
  void gives(TransferId id, Result<ClipboardContent> content) {
    events_->clipboard_events().on_answer(id, std::move(content));
  }
  void disconnect() { finish(Error{Errc::kUnavailable, "gone"}); }
  [[nodiscard]] TransportEvents& events() noexcept { return *events_; }
  [[nodiscard]] InputSink& input() noexcept { return *input_; }

  // ---- what it has; all of these are for any thread
  template <class Predicate>  // called with this object's lock held
  bool wait_until(Predicate predicate, std::chrono::milliseconds limit = std::chrono::seconds(10)) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [this, &predicate] { return predicate(*this); });
  }
  [[nodiscard]] bool shows(const FrameView& expected) const {  // only inside wait_until
    return expected.size == size_ && shows(expected, {});
  }
  // The same of a part of the desktop: the picture lies with its top left at `where`.
  [[nodiscard]] bool shows(const FrameView& expected, Point where) const {
    const Rect part{where.x, where.y, expected.size.width, expected.size.height};
    if (intersect(part, bounds(size_)) != part) return false;
    for (int y = 0; y < expected.size.height; ++y) {
      for (int x = 0; x < expected.size.width; ++x) {
        if (std::memcmp(expected.at(x, y), at({where.x + x, where.y + y}), 3) != 0) return false;
      }
    }
    return true;
  }
  [[nodiscard]] std::size_t commands(Codec codec) const {  // of this kind so far; only inside wait_until
    const auto found = commands_.find(codec);
    return found == commands_.end() ? 0 : found->second;
  }
  [[nodiscard]] std::size_t frames() const noexcept { return frames_; }                       // only inside wait_until
  [[nodiscard]] std::optional<std::size_t> line_rate() const noexcept { return line_rate_; }  // of the last frame
  [[nodiscard]] std::size_t layouts() const noexcept { return layouts_; }  // how often it was given one
  [[nodiscard]] const OutputLayout& layout() const noexcept { return layout_; }
  [[nodiscard]] Size size() const noexcept { return size_; }  // only inside wait_until
  [[nodiscard]] bool cursor_visible() const noexcept { return cursor_visible_; }
  [[nodiscard]] const std::optional<CursorShape>& cursor() const noexcept { return cursor_; }
  [[nodiscard]] std::size_t cursors() const noexcept { return cursors_; }  // how often it was given a shape
  [[nodiscard]] std::optional<CloseReason> closed() const noexcept { return closed_; }
  [[nodiscard]] const std::vector<std::int16_t>& heard() const noexcept { return heard_; }  // only inside wait_until
  [[nodiscard]] bool clipboard_open() const noexcept { return clipboard_open_; }
  [[nodiscard]] policy::FormatSet clipboard_offered() const noexcept { return clipboard_offered_; }
  // What it was asked for, and what it was given (or not), by number.
  [[nodiscard]] const std::map<TransferId, policy::Format>& clipboard_asked() const noexcept { return asked_; }
  [[nodiscard]] const std::map<TransferId, std::optional<ClipboardContent>>& clipboard_given() const noexcept {
    return given_;
  }
  [[nodiscard]] const std::optional<policy::Grant>& narrowed() const noexcept { return narrowed_; }

  // ---- DisplayTransport
  [[nodiscard]] Result<void> start(TransportEvents& events, InputSink& input) override {
    events_ = &events;
    input_ = &input;
    return {};
  }
  void set_layout(const OutputLayout& layout) override {
    change([this, &layout] {
      layout_ = layout;
      size_ = layout.monitors.size();
      ++layouts_;
      pixels_.assign(static_cast<std::size_t>(size_.area()) * kBytesPerPixel, std::byte{0xEE});
    });
  }
  void send(FrameId id, std::size_t surface, EncodedFrame frame) override {
    change([this, surface, &frame] {
      for (const EncodedRect& rect : frame.rects) paint(layout_.surfaces.at(surface), rect);
      ++frames_;
      line_rate_ = frame.line_rate;
    });
    events_->on_frames_left(id);
    if (acks_ == Acks::kAtOnce) events_->on_frame_ack(id);
  }
  void set_cursor(const std::optional<CursorShape>& shape) override {
    change([this, &shape] {
      cursor_ = shape;
      ++cursors_;
    });
  }
  void set_cursor_visible(bool visible) override {
    change([this, visible] { cursor_visible_ = visible; });
  }
  void play(const AudioBlock& block) override {
    change([this, &block] { heard_.insert(heard_.end(), block.samples.begin(), block.samples.end()); });
  }
  void open_clipboard() override {
    change([this] { clipboard_open_ = true; });
  }
  void close_clipboard() override {
    change([this] { clipboard_open_ = false; });
  }
  [[nodiscard]] ClipboardEnd& clipboard() noexcept override { return *this; }
  void narrow(const policy::Grant& grant) override {
    change([this, &grant] { narrowed_ = grant; });
  }
  [[nodiscard]] std::size_t unsent() const noexcept override { return 0; }
  void close(CloseReason reason) noexcept override {
    std::size_t shown = 0;
    change([this, reason, &shown] {
      if (!closed_) closed_ = reason;
      shown = frames_;
    });
    if (leaves_ == Leaves::kAtOnce) finish(Error{Errc::kCancelled, closed_for(reason, shown)});
  }
  // What on_closed() is told: who closes it may have destroyed it before a test can look.
  [[nodiscard]] static std::string closed_for(CloseReason reason, std::size_t frames) {
    return std::format("closed for reason {} after {} frames", static_cast<int>(reason), frames);
  }
  void stop() noexcept override {
    if (events_ == nullptr) return;
    finish(Error{Errc::kCancelled, "stopped"});
    // Whoever stops it may destroy it next, so not while another thread still tells of the end.
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return told_ || teller_ == std::this_thread::get_id(); });
  }

 private:
  void offer(policy::FormatSet formats) override {
    change([this, formats] { clipboard_offered_ = formats; });
  }
  void ask(TransferId id, policy::Format format, std::size_t /*most*/) override {
    change([this, id, format] { asked_[id] = format; });
  }
  void answer(TransferId id, std::optional<ClipboardContent> content) override {
    change([this, id, &content] { given_[id] = std::move(content); });
  }

  [[nodiscard]] const std::byte* at(Point p) const noexcept {
    return pixels_.data() +
           (static_cast<std::size_t>(p.y) * static_cast<std::size_t>(size_.width) + static_cast<std::size_t>(p.x)) *
               kBytesPerPixel;
  }
  void paint(const Rect& surface, const EncodedRect& rect) {
    const auto placed = [&surface](Rect at) {
      at.x += surface.x;
      at.y += surface.y;
      return at;
    };
    ++commands_[rect.codec];
    if (rect.codec == Codec::kCopy) {
      return put(placed(rect.rect), cut(placed({rect.from.x, rect.from.y, rect.rect.width, rect.rect.height})));
    }
    if (rect.codec == Codec::kStore) {
      cache_[rect.slot] = cut(placed(rect.rect));
      return;
    }
    if (rect.codec == Codec::kRecall) return put(placed(rect.rect), cache_.at(rect.slot));
    if (rect.codec != Codec::kSolid && rect.codec != Codec::kUncompressed) return;
    std::size_t from = 0;
    for (int y = rect.rect.y; y < rect.rect.bottom(); ++y) {
      for (int x = rect.rect.x; x < rect.rect.right(); ++x) {
        std::byte* to = const_cast<std::byte*>(at({surface.x + x, surface.y + y}));
        std::memcpy(to, rect.data.data() + from, kBytesPerPixel);
        if (rect.codec != Codec::kSolid) from += kBytesPerPixel;
      }
    }
  }
  // Pixels row by row; the rectangle lies on the surface.
  [[nodiscard]] std::vector<std::byte> cut(const Rect& rect) const {
    std::vector<std::byte> pixels;
    for (int y = rect.y; y < rect.bottom(); ++y) {
      pixels.insert(pixels.end(), at({rect.x, y}),
                    at({rect.x, y}) + static_cast<std::size_t>(rect.width) * kBytesPerPixel);
    }
    return pixels;
  }
  void put(const Rect& rect, const std::vector<std::byte>& pixels) {
    const std::size_t row = static_cast<std::size_t>(rect.width) * kBytesPerPixel;
    for (int y = 0; y < rect.height; ++y) {
      std::memcpy(const_cast<std::byte*>(at({rect.x, rect.y + y})), pixels.data() + static_cast<std::size_t>(y) * row,
                  row);
    }
  }
  template <class Body>
  void change(Body body) {
    {
      const std::scoped_lock lock(mutex_);
      body();
    }
    changed_.notify_all();
  }
  void finish(Error reason) {
    {
      const std::scoped_lock lock(mutex_);
      if (std::exchange(finished_, true)) return;
      teller_ = std::this_thread::get_id();
    }
    events_->on_closed(reason);
    const std::scoped_lock lock(mutex_);
    told_ = true;
    changed_.notify_all();
  }

  Acks acks_;
  Leaves leaves_;
  TransportEvents* events_ = nullptr;
  InputSink* input_ = nullptr;
  std::mutex mutex_;
  std::condition_variable changed_;
  Size size_;
  std::vector<std::byte> pixels_;
  std::map<Codec, std::size_t> commands_;
  std::map<std::uint16_t, std::vector<std::byte>> cache_;
  std::size_t frames_ = 0;
  std::optional<std::size_t> line_rate_;
  std::size_t layouts_ = 0;
  OutputLayout layout_;
  std::optional<CursorShape> cursor_;
  std::size_t cursors_ = 0;
  bool cursor_visible_ = true;
  std::vector<std::int16_t> heard_;
  bool clipboard_open_ = false;
  policy::FormatSet clipboard_offered_;
  std::map<TransferId, policy::Format> asked_;
  std::map<TransferId, std::optional<ClipboardContent>> given_;
  std::optional<policy::Grant> narrowed_;
  std::optional<CloseReason> closed_;
  bool finished_ = false;
  std::jthread::id teller_;  // of on_closed()
  bool told_ = false;
};

}  // namespace tobari::display
