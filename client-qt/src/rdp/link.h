// SPDX-License-Identifier: GPL-3.0-or-later
// One RDP connection, from the first packet to the last, on the thread that calls run(). No FreeRDP type leaves this
// folder.
#pragma once

#include <memory>

#include <tobari/base/result.h>

#include "session/remote_display.h"

namespace tobari::client {

// Called on the connection's threads while run() runs.
class LinkEvents {
 public:
  virtual void on_picture(bool first) = 0;  // the frame has damage that nobody was told of
  virtual void on_pointer(const PointerShape& shape) = 0;

 protected:
  ~LinkEvents() = default;
};

class Link {
 public:
  // `frame` and `events` outlive the link. Nothing is sent yet.
  [[nodiscard]] static Result<std::unique_ptr<Link>> create(const DisplayTarget& target, Frame& frame,
                                                            LinkEvents& events);
  ~Link();
  Link(const Link&) = delete;
  Link& operator=(const Link&) = delete;

  [[nodiscard]] DisplayEnd run();  // once; blocks until the connection is over

  // Any thread, while the link exists.
  void request_stop();
  void send(const Input& input);

 private:
  class Impl;
  explicit Link(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace tobari::client
