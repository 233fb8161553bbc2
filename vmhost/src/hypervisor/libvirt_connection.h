// SPDX-License-Identifier: GPL-3.0-or-later
// One connection to libvirtd, made again whenever it broke. What libvirt reports goes to an EventHub.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include <libvirt/libvirt.h>

#include <tobari/base/result.h>
#include <tobari/vmhost/domain_xml.h>

#include "event_hub.h"
#include "libvirt_events.h"

namespace tobari::vmhost {

// By its name; nothing for domains that are not ours.
[[nodiscard]] std::optional<DomainKey> key_of(virDomainPtr domain);

class LibvirtConnection {
 public:
  LibvirtConnection(std::string uri, std::shared_ptr<EventHub> hub, std::shared_ptr<LibvirtEvents> events);
  ~LibvirtConnection();
  LibvirtConnection(const LibvirtConnection&) = delete;
  LibvirtConnection& operator=(const LibvirtConnection&) = delete;

  // Alive when asked; whoever holds it may find it broken in the next call. kUnavailable while there is none.
  [[nodiscard]] Result<std::shared_ptr<virConnect>> get();

 private:
  struct Shared;  // what callbacks may still touch after this object has gone

  void run(const std::stop_token& stop);
  [[nodiscard]] Result<void> connect();

  const std::string uri_;
  const std::shared_ptr<LibvirtEvents> events_;  // outlives the connection
  const std::shared_ptr<Shared> shared_;
  std::mutex mutex_;
  std::shared_ptr<virConnect> connection_;
  std::jthread reconnect_;
};

}  // namespace tobari::vmhost
