// SPDX-License-Identifier: GPL-3.0-or-later
// The Attach stream to the broker (host.proto): opened, and opened again for ever. Loop thread only.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "host/loop.h"
#include "tobari/host.pb.h"

namespace grpc {
class Channel;
}

namespace tobari::vmhost {

class BrokerLink {
 public:
  struct Callbacks {
    std::function<void()> on_open;  // a new stream: say hello first
    std::function<void(const wire::ToHost&)> on_message;
    std::function<void()> on_end = [] {};  // one on which the broker had said something
  };

  BrokerLink(Loop& loop, std::shared_ptr<grpc::Channel> channel, Callbacks callbacks);
  ~BrokerLink();
  BrokerLink(const BrokerLink&) = delete;
  BrokerLink& operator=(const BrokerLink&) = delete;

  // In order; lost when the stream breaks or none is open: whoever must know is told again after on_open.
  void send(const wire::FromHost& message);
  // A stream is open and the broker has said something on it.
  [[nodiscard]] bool connected() const noexcept { return stream_ != nullptr && answered_; }

 private:
  class Stream;
  void open();
  void on_message(const std::shared_ptr<Stream>& from, const wire::ToHost& message);
  void on_end(const std::shared_ptr<Stream>& which, const std::string& why);

  Loop& loop_;
  const std::shared_ptr<grpc::Channel> channel_;
  const Callbacks callbacks_;
  std::shared_ptr<bool> alive_;  // what streams post to the loop looks at it first
  std::shared_ptr<Stream> stream_;
  std::chrono::milliseconds pause_;
  bool answered_ = false;  // on the stream that is open
  bool reported_ = false;  // one line when the broker goes away, not one a try
  Loop::Handle timer_;
};

}  // namespace tobari::vmhost
