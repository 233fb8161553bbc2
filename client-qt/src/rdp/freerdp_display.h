// SPDX-License-Identifier: GPL-3.0-or-later
// RemoteDisplay over FreeRDP: a thread of its own owns the connection; input goes to it through a bounded queue, and
// what it has to say comes back as events of the GUI thread.
#pragma once

#include <memory>
#include <thread>

#include "rdp/link.h"
#include "session/remote_display.h"

namespace tobari::client {

class FreeRdpDisplay final : public RemoteDisplay, private LinkEvents {
  Q_OBJECT
 public:
  explicit FreeRdpDisplay(QObject* parent = nullptr);
  ~FreeRdpDisplay() override;

  // Does once, on any thread, what the first connection would otherwise wait for (a third of a second: FreeRDP times
  // its pixel routines against each other).
  static void warm_up();

  void start(const DisplayTarget& target) override;
  void stop() override;
  void send(const Input& input) override;
  [[nodiscard]] std::shared_ptr<Frame> frame() const override { return frame_; }

 private:
  void on_picture(bool first) override;
  void on_pointer(const PointerShape& shape) override;
  void post(std::function<void()> event);  // to the GUI thread; lost after stop()

  std::shared_ptr<Frame> frame_ = std::make_shared<Frame>();
  std::unique_ptr<Link> link_;
  std::jthread thread_;
  bool stopped_ = false;
};

}  // namespace tobari::client
