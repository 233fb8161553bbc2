// SPDX-License-Identifier: GPL-3.0-or-later
// The thread that runs libvirt's event loop. libvirt has one loop a process, so all connections share this thread; it
// ends with its last holder.
#pragma once

#include <memory>
#include <thread>

#include <tobari/base/result.h>

namespace tobari::vmhost {

class LibvirtEvents {
 public:
  // The process's one, made when nobody holds it.
  [[nodiscard]] static Result<std::shared_ptr<LibvirtEvents>> shared();
  ~LibvirtEvents();
  LibvirtEvents(const LibvirtEvents&) = delete;
  LibvirtEvents& operator=(const LibvirtEvents&) = delete;

 private:
  explicit LibvirtEvents(int timer) noexcept;
  static void on_timer(int timer, void* unused) noexcept;

  int timer_;  // keeps the loop from sleeping for ever; fires at once when it is to end
  std::jthread thread_;
};

}  // namespace tobari::vmhost
