// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/picture_source.h"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <optional>
#include <poll.h>
#include <span>
#include <thread>
#include <utility>
#include <variant>

#include <sys/eventfd.h>
#include <sys/socket.h>

#include <tobari/base/log.h>

#include "capture/damage_batch.h"
#include "capture/input_queue.h"
#include "capture/picture_port.h"
#include "capture/qemu_surface.h"

namespace tobari::display {
namespace {

constexpr int kPacketsPerTurn = 64;  // before input is looked at again

struct ReceivedPacket {
  std::span<const std::byte> bytes;  // empty: nothing is there now
  UniqueFd descriptor;
};

// One packet into `buffer`. kUnavailable: the other side has gone.
Result<ReceivedPacket> receive_packet(int socket, std::span<std::byte> buffer) {
  iovec part{buffer.data(), buffer.size()};
  union {
    cmsghdr header;
    char bytes[CMSG_SPACE(sizeof(int))];
  } control{};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  message.msg_control = control.bytes;
  message.msg_controllen = CMSG_LEN(sizeof(int));  // the room for one would hold two
  const ssize_t got = ::recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return ReceivedPacket{};
  if (got < 0) return fail(Errc::kUnavailable, "the desktop's picture is gone");
  ReceivedPacket packet;
  const cmsghdr* const header = CMSG_FIRSTHDR(&message);
  if (header != nullptr && header->cmsg_level == SOL_SOCKET && header->cmsg_type == SCM_RIGHTS &&
      header->cmsg_len == CMSG_LEN(sizeof(int))) {
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof descriptor);
    packet.descriptor.reset(descriptor);
  }
  if (got == 0) return fail(Errc::kUnavailable, "the desktop's picture has ended");
  if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return fail(Errc::kPeerProtocol, "the desktop's picture port sends too much");
  }
  packet.bytes = buffer.first(static_cast<std::size_t>(got));
  return packet;
}

}  // namespace

class PictureSource::Impl final : public InputSink {
 public:
  Impl(UniqueFd connection, UniqueFd wake) : connection_(std::move(connection)), wake_(std::move(wake)) {}

  Result<void> start(SourceEvents& events) {
    if (thread_.joinable() || stopping_) return fail(Errc::kInvalidArgument, "the source was started already");
    {
      const std::lock_guard lock(mutex_);
      running_ = true;
    }
    thread_ = std::jthread([this, &events] { run(events); });
    return {};
  }

  void stop() noexcept {
    if (!thread_.joinable()) return;
    stopping_ = true;
    forget_input();
    wake();
    thread_.join();
  }

  Result<FrameView> acquire(const Region& wanted) { return surface_.view(wanted); }
  void rest() noexcept { surface_.rest(); }

  Result<void> request_mode(const SourceMode& mode) {
    if (!mode.size.valid()) return fail(Errc::kInvalidArgument, "not a size that a desktop can have");
    const std::lock_guard lock(mutex_);
    if (!running_ || !largest_.valid()) return fail(Errc::kUnavailable, "the display is not there");
    if (mode.size.width > largest_.width || mode.size.height > largest_.height) {
      return fail(Errc::kInvalidArgument, "the desktop cannot have that size");
    }
    wanted_size_ = mode.size;
    wake();
    return {};
  }

  void key(const KeyEvent& event) override { push(event); }
  void move(const PointerMove& event) override { push(event); }
  void button(const PointerButton& event) override { push(event); }
  void set_locks(const LockState& locks) override { push(locks); }
  void release_all() override {
    const std::lock_guard lock(mutex_);
    queue_.release_all();
    if (!queue_.empty()) wake();
  }

 private:
  template <class Event>
  void push(const Event& event) {
    const std::lock_guard lock(mutex_);
    if (!running_) return;
    queue_.push(event);
    if (!queue_.empty()) wake();
  }

  void wake() const noexcept { static_cast<void>(::eventfd_write(wake_.get(), 1)); }

  void forget_input() noexcept {
    const std::lock_guard lock(mutex_);
    running_ = false;
    queue_.clear();
    wanted_size_.reset();
  }

  // ---- the source's thread
  void run(SourceEvents& events) {
    Result<void> alive;
    while (alive && !stopping_) {
      const int output = unsent_ || prepare_input() ? POLLOUT : 0;
      std::array<pollfd, 2> waiting{
          {{connection_.get(), static_cast<short>(POLLIN | output), 0}, {wake_.get(), POLLIN, 0}}};
      if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) break;
      if (stopping_) return;
      eventfd_t ignored = 0;
      static_cast<void>(::eventfd_read(wake_.get(), &ignored));
      if ((waiting[0].revents & POLLOUT) != 0) send_input();
      if ((waiting[0].revents & ~POLLOUT) != 0) alive = receive(events);
      flush_damage(events);
    }
    forget_input();
    if (stopping_) return;
    const Error reason = alive ? fail(Errc::kIo, "the desktop's picture cannot be waited for").error() : alive.error();
    log::warning("display source lost", {{"reason", reason.message}});
    events.on_lost(reason);
  }

  // Takes the next thing to say into unsent_; false: there is nothing.
  bool prepare_input() {
    const std::lock_guard lock(mutex_);
    while (!unsent_ && (wanted_size_ || !queue_.empty())) {
      if (const auto size = std::exchange(wanted_size_, std::nullopt)) {
        unsent_ = picture::size_packet(*size);
      } else {
        unsent_ = std::visit([](const auto& event) { return picture::packet_of(event); }, queue_.pop());
      }
    }
    return unsent_.has_value();
  }

  // What a desktop does not take yet stays; whether it is there at all is seen by reading.
  void send_input() {
    while (unsent_ || prepare_input()) {
      const ssize_t sent = ::send(connection_.get(), unsent_->data(), unsent_->size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0 && errno == EAGAIN) return;
      unsent_.reset();
    }
  }

  Result<void> receive(SourceEvents& events) {
    for (int i = 0; i < kPacketsPerTurn && !stopping_; ++i) {
      TOBARI_ASSIGN(ReceivedPacket packet, receive_packet(connection_.get(), buffer_));
      if (packet.bytes.empty()) return {};
      TOBARI_ASSIGN(const picture::Said said, picture::parse(packet.bytes));
      if (std::holds_alternative<picture::Surface>(said) != static_cast<bool>(packet.descriptor)) {
        return fail(Errc::kPeerProtocol, "the desktop's picture port sends a surface without its file");
      }
      TOBARI_TRY(std::visit([&](const auto& each) { return take(each, packet.descriptor, events); }, said));
    }
    return {};
  }

  Result<void> take(const picture::Surface& surface, const UniqueFd& file, SourceEvents& events) {
    TOBARI_TRY(surface_.share(file.get(), surface.scanout));
    {
      const std::lock_guard lock(mutex_);
      largest_ = surface.largest;
    }
    damage_.clear();
    if (!stopping_) events.on_surface(surface.scanout.size);
    return {};
  }

  Result<void> take(const picture::Damage& damage, const UniqueFd&, SourceEvents& events) {
    const Size size = surface_.size();
    if (!size.valid()) return fail(Errc::kPeerProtocol, "the desktop's picture port begins without a surface");
    for (const Rect& rect : damage.rects) {
      damage_.add(clip_update(rect.x, rect.y, rect.width, rect.height, size));
      if (damage_.full()) flush_damage(events);
    }
    return {};
  }

  Result<void> take(const CursorShape& shape, const UniqueFd&, SourceEvents& events) {
    if (pointer_ == shape) return {};
    pointer_ = shape;
    if (!stopping_) events.on_cursor_shape(*pointer_);
    return {};
  }

  Result<void> take(const picture::PointerShown& pointer, const UniqueFd&, SourceEvents& events) {
    if (std::exchange(pointer_shown_, pointer.shown) != pointer.shown && !stopping_) {
      events.on_cursor_visible(pointer.shown);
    }
    return {};
  }

  void flush_damage(SourceEvents& events) {
    if (!damage_.empty() && !stopping_) events.on_damage(damage_.rects());
    damage_.clear();
  }

  const UniqueFd connection_;
  const UniqueFd wake_;
  std::atomic<bool> stopping_{false};
  QemuSurface surface_;

  std::mutex mutex_;
  InputQueue queue_;
  std::optional<Size> wanted_size_;
  Size largest_;
  bool running_ = false;

  // The source's thread only.
  std::array<std::byte, picture::kMaxPacketBytes> buffer_{};
  std::optional<picture::Packet> unsent_;
  DamageBatch damage_;
  std::optional<CursorShape> pointer_;
  std::optional<bool> pointer_shown_;

  std::jthread thread_;
};

Result<std::unique_ptr<PictureSource>> PictureSource::create(UniqueFd connection) {
  if (!connection) return fail(Errc::kInvalidArgument, "no connection to the desktop's picture port");
  UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!wake) return fail_errno(errno, "make an event descriptor");
  return std::unique_ptr<PictureSource>(
      new PictureSource(std::make_unique<Impl>(std::move(connection), std::move(wake))));
}

PictureSource::PictureSource(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
PictureSource::~PictureSource() { stop(); }

Result<void> PictureSource::start(SourceEvents& events) { return impl_->start(events); }
void PictureSource::stop() noexcept { impl_->stop(); }
Result<FrameView> PictureSource::acquire(const Region& wanted) { return impl_->acquire(wanted); }
void PictureSource::rest() noexcept { impl_->rest(); }
Result<void> PictureSource::request_mode(const SourceMode& mode) { return impl_->request_mode(mode); }
InputSink& PictureSource::input() noexcept { return *impl_; }

}  // namespace tobari::display
