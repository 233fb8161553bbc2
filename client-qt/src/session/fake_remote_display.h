// SPDX-License-Identifier: GPL-3.0-or-later
// A display without a server: does what the test says, and keeps what was asked of it.
#pragma once

#include <memory>
#include <vector>

#include "session/remote_display.h"

namespace tobari::client {

class FakeRemoteDisplay final : public RemoteDisplay {
 public:
  using RemoteDisplay::RemoteDisplay;

  void start(const DisplayTarget& target) override { targets.push_back(target); }
  void stop() override { stopped = true; }
  void send(const Input& input) override { inputs.push_back(input); }
  [[nodiscard]] std::shared_ptr<Frame> frame() const override { return frame_; }

  // A whole picture of one colour.
  void show(QSize size, std::uint32_t rgb) {
    if (!frame_->resize(size)) return;
    frame_->begin_update();
    auto* words = reinterpret_cast<std::uint32_t*>(frame_->pixels());
    for (int i = 0; i < size.width() * size.height(); ++i) words[i] = 0xff000000U | rgb;
    const bool tell = frame_->end_update(QRect(QPoint(0, 0), size));
    emit first_picture();
    if (tell) emit frame_changed();
  }
  void end(DisplayEnd reason) { emit ended(reason); }

  std::vector<DisplayTarget> targets;
  std::vector<Input> inputs;
  bool stopped = false;

 private:
  std::shared_ptr<Frame> frame_ = std::make_shared<Frame>();
};

}  // namespace tobari::client
