// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/freerdp_display.h"

#include <utility>

#include <freerdp/primitives.h>

#include <tobari/base/log.h>

namespace tobari::client {

FreeRdpDisplay::FreeRdpDisplay(QObject* parent) : RemoteDisplay(parent) {}

FreeRdpDisplay::~FreeRdpDisplay() { stop(); }

void FreeRdpDisplay::warm_up() { (void)primitives_get(); }

void FreeRdpDisplay::start(const DisplayTarget& target) {
  auto link = Link::create(target, *frame_, *this);
  if (!link) {
    log::error("make a connection", {{"error", describe(link.error())}});
    return post([this] { emit ended(DisplayEnd::kUnreachable); });
  }
  link_ = std::move(*link);
  thread_ = std::jthread([this] {
    const DisplayEnd reason = link_->run();
    post([this, reason] { emit ended(reason); });
  });
}

void FreeRdpDisplay::stop() {
  stopped_ = true;
  if (!link_) return;
  link_->request_stop();
  if (thread_.joinable()) thread_.join();
  link_.reset();
}

void FreeRdpDisplay::send(const Input& input) {
  if (link_) link_->send(input);
}

void FreeRdpDisplay::on_picture(bool first) {
  post([this, first] {
    if (first) emit first_picture();
    emit frame_changed();
  });
}

void FreeRdpDisplay::on_pointer(const PointerShape& shape) {
  post([this, shape] { emit pointer_changed(shape); });
}

void FreeRdpDisplay::post(std::function<void()> event) {
  QMetaObject::invokeMethod(
      this,
      [this, event = std::move(event)] {
        if (!stopped_) event();
      },
      Qt::QueuedConnection);
}

}  // namespace tobari::client
