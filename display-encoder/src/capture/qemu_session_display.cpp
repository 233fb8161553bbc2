// SPDX-License-Identifier: GPL-3.0-or-later
// What QEMU draws, on its way to SourceEvents and to the consumer.
#include <format>
#include <utility>

#include <sys/stat.h>

#include <tobari/base/log.h>
#include <tobari/base/no_throw.h>

#include "capture/qemu_session.h"

namespace tobari::display {
namespace {

constexpr unsigned kMaxRefusalsLogged = 10;  // a guest can cause them as often as it likes
constexpr int kAfterWhatIsWaiting = G_PRIORITY_DEFAULT + 10;
constexpr const char* kUnsupported = "org.qemu.Display1.Error.Unsupported";

int millimetres(int pixels) noexcept { return pixels * 254 / 960; }  // at 96 dpi

}  // namespace

Result<void> QemuSession::on_scanout_map(UniqueFd fd, const Scanout& scanout) {
  TOBARI_TRY(surface_.share(fd.get(), scanout));
  struct stat file{};
  const bool known = ::fstat(fd.get(), &file) == 0 && file.st_size > 0;
  input_.set_head(place_of_head(scanout, known ? static_cast<std::size_t>(file.st_size) : 0));
  announce(scanout.size);
  return {};
}

Result<void> QemuSession::on_scanout(const Scanout& scanout, std::span<const std::byte> bytes) {
  TOBARI_TRY(surface_.replace(scanout, bytes));
  input_.set_head({scanout.size, {}, scanout.size});  // a copy is the head's alone
  announce(scanout.size);
  return {};
}

// A guest that flips between two pictures gives a new surface for each: that is damage, not another size.
void QemuSession::announce(Size size) {
  if (events_ == nullptr) return;
  if (announced_ == size) {
    damaged(bounds(size));
    return;
  }
  const bool first = !announced_.valid();
  announced_ = size;
  damage_.clear();
  events_->on_surface(size);
  if (!first) return;
  // QEMU may speak of the pointer before the first picture; consumers hear of the surface first.
  if (cursor_.has_value()) events_->on_cursor_shape(*cursor_);
  if (cursor_visible_.has_value()) events_->on_cursor_visible(*cursor_visible_);
}

void QemuSession::on_update_map(const Rect& rect) { damaged(rect); }

Result<void> QemuSession::on_update(const Rect& rect, Point skip, std::size_t stride,
                                    std::span<const std::byte> bytes) {
  TOBARI_TRY(surface_.update(rect, skip, stride, bytes));
  damaged(rect);
  return {};
}

// Calls that arrived together become one event: it is sent when nothing more is waiting.
void QemuSession::damaged(const Rect& rect) {
  damage_.add(rect);
  if (damage_.full()) {
    flush_damage();
  } else if (!damage_.empty() && !std::exchange(flush_posted_, true)) {
    loop_.post(
        [this] {
          flush_posted_ = false;
          flush_damage();
        },
        kAfterWhatIsWaiting);
  }
}

void QemuSession::flush_damage() {
  if (!damage_.empty() && events_ != nullptr) events_->on_damage(damage_.rects());
  damage_.clear();
}

void QemuSession::on_cursor(CursorShape shape) {
  if (events_ == nullptr || cursor_ == shape) return;  // QEMU repeats it a lot
  cursor_ = std::move(shape);
  if (announced_.valid()) events_->on_cursor_shape(*cursor_);
}

void QemuSession::on_mouse(bool visible) {
  if (events_ == nullptr || cursor_visible_ == visible) return;
  cursor_visible_ = visible;
  if (announced_.valid()) events_->on_cursor_visible(visible);
}

void QemuSession::on_refused(const Error& error) {
  if (++refusals_ <= kMaxRefusalsLogged) log::warning("display refused", {{"reason", describe(error)}});
  if (error.code != Errc::kPeerProtocol) return;
  // Not from inside the call: it may be the listener itself that goes away.
  loop_.post([this, error] { lose(error); });
}

Result<FrameView> QemuSession::acquire(const Region& wanted) {
  auto view = surface_.view(wanted);
  if (!view.has_value() && view.error().code == Errc::kPeerProtocol && started_ && !stopped_) {
    loop_.post([this, error = view.error()] { lose(error); });
  }
  return view;
}

Result<void> QemuSession::request_mode(const SourceMode& mode) {
  if (mode.shown && !mode.size.valid()) return fail(Errc::kInvalidArgument, "not a size that a desktop can have");
  if (!resizable_) return fail(Errc::kInvalidArgument, "this virtual machine's display keeps its size");
  const std::lock_guard lock(mode_mutex_);
  if (!std::exchange(wanted_mode_, mode).has_value() && started_) loop_.post([this] { send_mode(); });
  return {};
}

// The newest wish only. QEMU answers at once; whether the guest follows is seen by the next surface.
void QemuSession::send_mode() {
  if (ours_ == nullptr || lost_) return;
  std::optional<SourceMode> mode;
  {
    const std::lock_guard lock(mode_mutex_);
    mode = std::exchange(wanted_mode_, std::nullopt);
  }
  if (!mode.has_value()) return;
  const Size size = mode->shown ? mode->size : Size{};  // 0x0: the head is unplugged
  const Size physical =
      mode->physical.valid() ? mode->physical : Size{millimetres(size.width), millimetres(size.height)};
  ++pending_;
  g_dbus_connection_call(ours_.get(), nullptr, console_path_.c_str(), "org.qemu.Display1.Console", "SetUIInfo",
                         g_variant_new("(qqiiuu)", static_cast<unsigned>(physical.width),
                                       static_cast<unsigned>(physical.height), mode->position.x, mode->position.y,
                                       static_cast<unsigned>(size.width), static_cast<unsigned>(size.height)),
                         nullptr, G_DBUS_CALL_FLAGS_NONE, G_MAXINT, cancellable_.get(), on_mode_answered, this);
}

void QemuSession::on_mode_answered(GObject* source, GAsyncResult* result, gpointer self) {
  no_throw("answer to another size", [=] {
    auto& session = *static_cast<QemuSession*>(self);
    GError* error = nullptr;
    const VariantRef reply(g_dbus_connection_call_finish(G_DBUS_CONNECTION(source), result, &error));
    const ErrorRef owned(error);
    if (error != nullptr && g_dbus_error_is_remote_error(error) != FALSE) {
      char* const name = g_dbus_error_get_remote_error(error);
      if (std::string_view(name) == kUnsupported) session.resizable_ = false;
      g_free(name);
    }
    session.operation_ended();
  });
}

}  // namespace tobari::display
