// SPDX-License-Identifier: GPL-3.0-or-later
// The ledger of transfers as the host agent, and the broker behind it, keep it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>

#include <tobari/base/clock.h>

#include "session/transfer_ledger.h"

namespace tobari::wire {
class FromDisplay;
class TransferAnswer;
}  // namespace tobari::wire

namespace tobari::display {

class AgentLedger final : public TransferLedger {
 public:
  // Questions without an answer; a transfer beyond them is refused at once.
  static constexpr std::size_t kMaxOpen = 16;
  // So many transfers in so long: what is durable costs the broker's disk.
  static constexpr std::size_t kMaxInPeriod = 40;
  static constexpr std::chrono::seconds kPeriod{4};

  explicit AgentLedger(std::function<void(const wire::FromDisplay&)> send) : send_(std::move(send)) {}

  void enter(const Transfer& transfer, std::function<void(Result<void>)> done) override;
  void answered(const wire::TransferAnswer& answer);
  // While it is away everything is refused at once: nothing passes that is not written down, and what it would be asked
  // is not kept for later.
  void set_away(bool away);

 private:
  struct Open {
    std::function<void(Result<void>)> done;
    Clock::Steady since;
  };
  const std::function<void(const wire::FromDisplay&)> send_;
  std::mutex mutex_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Open> open_;
  Clock::Steady period_began_{};
  std::size_t in_period_ = 0;
  bool away_ = false;
};

}  // namespace tobari::display
