// SPDX-License-Identifier: GPL-3.0-or-later
// Whom a hypervisor tells what happened. Any thread.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include <tobari/vmhost/hypervisor.h>

namespace tobari::vmhost {

class EventHub : public std::enable_shared_from_this<EventHub> {
 public:
  using Call = std::function<void(const DomainEvent&)>;

  void notify(const DomainEvent& event) {
    const std::scoped_lock lock(mutex_);
    for (const auto& [watch, call] : calls_) call(event);
  }

  [[nodiscard]] std::unique_ptr<Subscription> add(Call call) {
    auto watch = std::make_unique<Watch>(shared_from_this());
    const std::scoped_lock lock(mutex_);
    calls_.emplace(watch.get(), std::move(call));
    return watch;
  }

 private:
  class Watch final : public Subscription {
   public:
    explicit Watch(std::shared_ptr<EventHub> hub) : hub_(std::move(hub)) {}
    ~Watch() override {
      // Held during calls as well: when this returns, none is running.
      const std::scoped_lock lock(hub_->mutex_);
      hub_->calls_.erase(this);
    }

   private:
    std::shared_ptr<EventHub> hub_;
  };

  std::mutex mutex_;
  std::map<const Watch*, Call> calls_;
};

}  // namespace tobari::vmhost
