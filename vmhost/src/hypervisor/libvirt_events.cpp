// SPDX-License-Identifier: GPL-3.0-or-later
#include "libvirt_events.h"

#include <mutex>

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "libvirt_error.h"

namespace tobari::vmhost {
namespace {

constexpr int kWakeMilliseconds = 1000;

}  // namespace

Result<std::shared_ptr<LibvirtEvents>> LibvirtEvents::shared() {
  static std::mutex mutex;
  static std::weak_ptr<LibvirtEvents> current;
  static bool registered = false;
  const std::scoped_lock lock(mutex);
  if (auto running = current.lock()) return running;
  if (!registered) {
    // Errors come back from the calls; libvirt need not print them as well.
    ::virSetErrorFunc(nullptr, [](void*, virErrorPtr) {});
    if (::virEventRegisterDefaultImpl() < 0) return libvirt_failure("register libvirt's event loop");
    registered = true;
  }
  const int timer = ::virEventAddTimeout(kWakeMilliseconds, &LibvirtEvents::on_timer, nullptr, nullptr);
  if (timer < 0) return libvirt_failure("add a timer to libvirt's event loop");
  std::shared_ptr<LibvirtEvents> made(new LibvirtEvents(timer));
  current = made;
  return made;
}

void LibvirtEvents::on_timer(int, void*) noexcept {}

LibvirtEvents::LibvirtEvents(int timer) noexcept
    : timer_(timer), thread_([](const std::stop_token& stop) {
        while (!stop.stop_requested()) ::virEventRunDefaultImpl();
      }) {}

LibvirtEvents::~LibvirtEvents() {
  thread_.request_stop();
  ::virEventUpdateTimeout(timer_, 0);
  thread_.join();
  ::virEventRemoveTimeout(timer_);
}

}  // namespace tobari::vmhost
