// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/guest_clipboard.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <utility>

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <tobari/base/log.h>

#include "filter/clipboard_content.h"

namespace tobari::display {
namespace {

// What is written just after the port was opened may be lost in the guest: said again until there is an answer. A
// desktop without the agent is not asked for ever.
constexpr std::chrono::seconds kGreetAgain{1};
constexpr std::chrono::seconds kLongestPause{60};
// What a guest that does not read may leave waiting here, besides the contents themselves.
constexpr std::size_t kMaxSmall = std::size_t{64} * 1024;
constexpr std::size_t kSlack = 64;

}  // namespace

GuestClipboard::GuestClipboard(UniqueFd port)
    : port_(std::move(port)), wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

GuestClipboard::~GuestClipboard() { stop(); }

Result<void> GuestClipboard::start(ClipboardEvents& events) {
  if (!port_ || !wake_) return fail(Errc::kInvalidArgument, "no port to the desktop's clipboard");
  if (thread_.joinable()) return fail(Errc::kInvalidArgument, "the clipboard is started already");
  const int flags = ::fcntl(port_.get(), F_GETFL);
  if (flags < 0 || ::fcntl(port_.get(), F_SETFL, flags | O_NONBLOCK) < 0) {
    return fail_errno(errno, "set up the port to the desktop's clipboard");
  }
  events_ = &events;
  thread_ = std::jthread([this](const std::stop_token& token) { run(token); });
  return {};
}

void GuestClipboard::stop() noexcept {
  if (!thread_.joinable()) return;
  thread_.request_stop();
  wake();
  thread_.join();
}

void GuestClipboard::wake() const noexcept { static_cast<void>(::eventfd_write(wake_.get(), 1)); }

// ---- any thread

void GuestClipboard::offer(policy::FormatSet formats) {
  {
    const std::scoped_lock lock(mutex_);
    offer_ = formats;
  }
  wake();
}

void GuestClipboard::ask(TransferId id, policy::Format format, std::size_t most) {
  {
    const std::scoped_lock lock(mutex_);
    asked_[id] = {.format = format, .most = most, .content = {}};
    port::ask(id, format, most, small_);
  }
  wake();
}

void GuestClipboard::answer(TransferId id, std::optional<ClipboardContent> content) {
  {
    const std::scoped_lock lock(mutex_);
    if (content) {
      answering_.push_back({.id = id, .content = std::move(*content), .sent = 0});
    } else if (small_.size() < kMaxSmall) {
      port::none(id, small_);
    }
  }
  wake();
}

// ---- the thread

void GuestClipboard::run(const std::stop_token& stop) {
  auto pause = std::chrono::duration_cast<std::chrono::milliseconds>(kGreetAgain);
  greet_at_ = SystemClock().now();
  while (!stop.stop_requested()) {
    int patience = -1;
    {
      const std::scoped_lock lock(mutex_);
      const auto now = SystemClock().now();
      if (!greeted_ && now >= greet_at_) {
        if (small_.empty()) port::hello(small_);
        greet_at_ = now + pause;
        pause = std::min<std::chrono::milliseconds>(pause * 2, kLongestPause);
      }
      if (!greeted_) {
        patience = static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(greet_at_ - now).count());
      }
    }
    if (!write_all()) break;
    std::array<pollfd, 2> items{{{port_.get(), POLLIN, 0}, {wake_.get(), POLLIN, 0}}};
    if (written_ < out_.size()) items[0].events |= POLLOUT;
    if (::poll(items.data(), items.size(), patience) < 0 && errno != EINTR) break;
    eventfd_t ignored = 0;
    static_cast<void>(::eventfd_read(wake_.get(), &ignored));
    if (items[0].revents != 0 && !read_all()) break;
  }
  if (stop.stop_requested()) return;
  begin_anew();  // the port has ended; the desktop has no clipboard any more
}

bool GuestClipboard::write_all() {
  for (;;) {
    if (written_ == out_.size()) {
      out_.clear();
      written_ = 0;
      const std::scoped_lock lock(mutex_);
      refill();
    }
    if (out_.empty()) return true;
    const ssize_t sent = ::send(port_.get(), out_.data() + written_, out_.size() - written_, MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return errno == EAGAIN;
    written_ += static_cast<std::size_t>(sent);
  }
}

// Small messages first; of a large content one part at a time.
void GuestClipboard::refill() {
  put(std::exchange(small_, {}));
  if (offer_ && greeted_) {
    ours_ = *std::exchange(offer_, std::nullopt);
    std::vector<std::byte> message;
    port::offer(ours_, message);
    put(message);
  }
  if (answering_.empty()) return;
  Answering& front = answering_.front();
  const std::span<const std::byte> content(front.content);
  const auto part = content.subspan(front.sent, std::min(port::kMaxPayload, content.size() - front.sent));
  front.sent += part.size();
  const bool last = front.sent == content.size();
  std::vector<std::byte> message;
  port::data(front.id, part, last, message);
  if (port::GreetingGuard().greets(message)) {
    log::warning("a clipboard content that speaks the port's language is not given to the desktop");
    message.clear();
    port::none(front.id, message);
    answering_.pop_front();
  } else if (last) {
    answering_.pop_front();
  }
  put(message);
}

void GuestClipboard::put(std::span<const std::byte> messages) {
  if (greeted_ && guard_.greets(messages)) {  // with the end of what was sent before: something goes between
    std::vector<std::byte> between;
    port::none(0, between);
    if (guard_.greets(between)) {
      between.clear();
      port::offer(ours_, between);
    }
    append(between);
  }
  append(messages);
}

void GuestClipboard::append(std::span<const std::byte> messages) {
  out_.insert(out_.end(), messages.begin(), messages.end());
  guard_.sent(messages);
}

bool GuestClipboard::read_all() {
  std::array<std::byte, 16384> buffer{};
  // One buffer a turn: what has to be written is not to wait behind a guest that never stops.
  const ssize_t got = ::recv(port_.get(), buffer.data(), buffer.size(), 0);
  if (got < 0) return errno == EAGAIN || errno == EINTR;
  if (got == 0) return false;
  reader_.add(std::span(buffer).first(static_cast<std::size_t>(got)));
  for (;;) {
    auto message = reader_.next();
    if (message && !*message) return true;
    const auto handled = message ? handle(*std::move(*message)) : std::unexpected(message.error());
    if (!handled) {
      log::warning("the desktop's clipboard is not listened to any more", {{"because", describe(handled.error())}});
      return false;
    }
  }
}

Result<void> GuestClipboard::handle(port::Message message) {
  switch (message.type) {
    case port::Type::kHello: {
      begin_anew();
      const std::scoped_lock lock(mutex_);
      greeted_ = true;
      if (!offer_) offer_ = ours_;
      return {};
    }
    case port::Type::kOffer: {
      TOBARI_ASSIGN(const policy::FormatSet formats, port::offered(message));
      events_->on_offer(formats);
      return {};
    }
    case port::Type::kAsk:
      events_->on_ask(message.id, message.format);
      return {};
    case port::Type::kData:
      on_data(std::move(message));
      return {};
    case port::Type::kNone:
      finish(message.id, fail(Errc::kNotFound, "the desktop does not give it"));
      return {};
  }
  return fail(Errc::kPeerProtocol, "unknown message of the desktop's clipboard");
}

// The agent has begun anew, or ended: what was under way is void.
void GuestClipboard::begin_anew() {
  std::vector<TransferId> open;
  {
    const std::scoped_lock lock(mutex_);
    for (const auto& [id, asked] : asked_) open.push_back(id);
    answering_.clear();
  }
  for (const TransferId id : open) finish(id, fail(Errc::kNotFound, "the desktop's clipboard has begun anew"));
  events_->on_offer({});
}

void GuestClipboard::on_data(port::Message message) {
  std::optional<Asked> whole;
  {
    const std::scoped_lock lock(mutex_);
    const auto found = asked_.find(message.id);
    if (found == asked_.end()) return;  // given up
    Asked& asked = found->second;
    asked.content.insert(asked.content.end(), message.payload.begin(), message.payload.end());
    // Checked text may be shorter (CRLF), a picture by what is behind it: the gate has the last word.
    const bool too_much = asked.content.size() > asked.most * (asked.format == policy::Format::kText ? 2 : 1) + kSlack;
    if (!too_much && !message.last) return;
    if (!too_much) whole = std::move(asked);
  }
  if (!whole) return finish(message.id, fail(Errc::kExhausted, "the desktop gives more than may pass at once"));
  finish(message.id, checked_content(whole->format, std::move(whole->content)));
}

void GuestClipboard::finish(TransferId id, Result<ClipboardContent> content) {
  {
    const std::scoped_lock lock(mutex_);
    if (asked_.erase(id) == 0) return;
  }
  events_->on_answer(id, std::move(content));
}

}  // namespace tobari::display
