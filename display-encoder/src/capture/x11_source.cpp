// SPDX-License-Identifier: GPL-3.0-or-later
#include "capture/x11_source.h"

#include <atomic>
#include <utility>

#include "capture/x11_controller.h"
#include "capture/x11_grabber.h"
#include "capture/x11_watcher.h"

namespace tobari::display {

// Three connections, each on the thread that uses it: what happens, what it looks like, what we do.
class X11Source::Impl {
 public:
  Impl(std::unique_ptr<X11Watcher> watcher, std::unique_ptr<X11Grabber> grabber,
       std::unique_ptr<X11Controller> controller)
      : watcher_(std::move(watcher)), grabber_(std::move(grabber)), controller_(std::move(controller)) {}

  Result<void> start(SourceEvents& events) {
    TOBARI_TRY(watcher_->start(events));
    controller_->start();
    return {};
  }

  void stop() noexcept {
    stopped_ = true;
    watcher_->stop();
    controller_->stop();
  }

  Result<FrameView> acquire(const Region& wanted) {
    const Size size = watcher_->size();
    if (!size.valid() || stopped_) return fail(Errc::kUnavailable, "no picture yet");
    return grabber_->grab(wanted, size);
  }

  void rest() noexcept { grabber_->rest(); }
  Result<void> request_mode(const SourceMode& mode) { return controller_->request_size(mode.size); }
  InputSink& input() noexcept { return *controller_; }

 private:
  std::unique_ptr<X11Watcher> watcher_;
  std::unique_ptr<X11Grabber> grabber_;
  std::unique_ptr<X11Controller> controller_;
  std::atomic<bool> stopped_{false};
};

Result<std::unique_ptr<X11Source>> X11Source::create(const std::string& display) {
  TOBARI_ASSIGN(auto watcher, X11Watcher::create(display));
  TOBARI_ASSIGN(auto grabber, X11Grabber::create(display));
  TOBARI_ASSIGN(auto controller, X11Controller::create(display));
  auto impl = std::make_unique<Impl>(std::move(watcher), std::move(grabber), std::move(controller));
  return std::unique_ptr<X11Source>(new X11Source(std::move(impl)));
}

X11Source::X11Source(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
X11Source::~X11Source() { stop(); }

Result<void> X11Source::start(SourceEvents& events) { return impl_->start(events); }
void X11Source::stop() noexcept { impl_->stop(); }
Result<FrameView> X11Source::acquire(const Region& wanted) { return impl_->acquire(wanted); }
void X11Source::rest() noexcept { impl_->rest(); }
Result<void> X11Source::request_mode(const SourceMode& mode) { return impl_->request_mode(mode); }
InputSink& X11Source::input() noexcept { return impl_->input(); }

}  // namespace tobari::display
