// SPDX-License-Identifier: GPL-3.0-or-later
// The connection to one guest's agent over its virtio-serial port. Connects, again whenever it broke, greets until it
// is answered, and gives the one order that its VM's life needs. Loop thread only.
#pragma once

#include <functional>
#include <string>
#include <utility>

#include "core/guest_protocol.h"
#include "host/loop.h"

namespace tobari::vmhost {

// What a guest is told once it answers.
struct GuestOrder {
  std::string command;                // its first word, as answers name it
  std::function<std::string()> line;  // the whole, made anew each time; empty: nothing is said
  bool required = false;              // the guest is not ready before it has done it: said again until then
  bool when_up = false;               // not before its desktop is up
};

class GuestAgent {
 public:
  // `on_state`: whether the guest's desktop is up and the order done; perhaps repeated. Must not destroy this object.
  GuestAgent(Loop& loop, std::string desktop, std::string socket_path, GuestOrder order,
             std::function<void(bool ready)> on_state);

  // False when nobody is there to hear it.
  bool ask_shutdown();
  bool say(const std::string& line) { return answered_ && send(line); }
  // Everything that the guest answers or says by itself, after this object has made of it what it can. Must not destroy
  // it.
  void set_news(std::function<void(const GuestEvent&)> on_news) { on_news_ = std::move(on_news); }

 private:
  void connect();
  void disconnect();
  void greet();
  void first_answer();
  void give_order();
  void tell() { on_state_(up_ && (done_ || !order_.required)); }
  void on_event(short revents);
  void handle(const GuestEvent& event);
  bool send(const std::string& line);

  Loop& loop_;
  const std::string desktop_;  // for logs
  const std::string socket_path_;
  const GuestOrder order_;
  const std::function<void(bool ready)> on_state_;
  std::function<void(const GuestEvent&)> on_news_;
  GuestProtocol protocol_;
  bool answered_ = false;
  int greetings_ = 0;
  bool ordered_unasked_ = false;  // with the first greeting
  bool up_ = false;
  bool done_ = false;
  bool warned_ = false;  // one line about a guest that talks nonsense is enough
  UniqueFd socket_;
  Loop::Handle watch_;
  Loop::Handle timer_;
  Loop::Handle order_timer_;
};

}  // namespace tobari::vmhost
