// SPDX-License-Identifier: GPL-3.0-or-later
// The connection to one guest's agent over its virtio-serial port. Connects, again whenever it broke, greets until it
// is answered, and sets the host name. Loop thread only.
#pragma once

#include <functional>
#include <string>

#include "core/guest_protocol.h"
#include "host/loop.h"

namespace tobari::vmhost {

class GuestAgent {
 public:
  // `on_state`: whether the guest's desktop is up; perhaps repeated. Must not destroy this object.
  GuestAgent(Loop& loop, std::string desktop, std::string socket_path, std::string host_name,
             std::function<void(bool ready)> on_state);

  // False when nobody is there to hear it.
  bool ask_shutdown();

 private:
  void connect();
  void disconnect();
  void greet();
  void on_event(short revents);
  void handle(const GuestEvent& event);
  bool send(const std::string& line);

  Loop& loop_;
  const std::string desktop_;  // for logs
  const std::string socket_path_;
  const std::string host_name_;
  const std::function<void(bool ready)> on_state_;
  GuestProtocol protocol_;
  bool answered_ = false;
  bool warned_ = false;  // one line about a guest that talks nonsense is enough
  UniqueFd socket_;
  Loop::Handle watch_;
  Loop::Handle timer_;
};

}  // namespace tobari::vmhost
