// SPDX-License-Identifier: GPL-3.0-or-later
// How a hostile client gets in, and what is seen of it on the other side.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <tobari/base/result.h>

#include "rogue.h"
#include "stand.h"

namespace tobari::leak {

// Of one thing that passed towards the machine, whatever the rules say of it. All of it only rises.
struct Passed {
  std::size_t canaries = 0;
  std::size_t calls = 0;
  std::size_t files = 0;
  friend bool operator==(const Passed&, const Passed&) = default;
};

class Door {
 public:
  virtual ~Door() = default;
  [[nodiscard]] virtual Result<Target> open(const std::string& session) = 0;
  [[nodiscard]] virtual Passed passed() = 0;
  // Whether the end of this session was reported as a violation; nothing when nobody here can know.
  [[nodiscard]] virtual std::optional<bool> violation(const std::string& session) = 0;
  [[nodiscard]] virtual Result<void> sound() = 0;  // the other side is as it should be
};

// A display process with a machine that is played.
class StandDoor final : public Door {
 public:
  StandDoor(Stand& stand, std::vector<wire::ChannelGrant> channels) : stand_(stand), channels_(std::move(channels)) {}
  [[nodiscard]] Result<Target> open(const std::string& session) override;
  [[nodiscard]] Passed passed() override;
  [[nodiscard]] std::optional<bool> violation(const std::string& session) override;
  [[nodiscard]] Result<void> sound() override;

 private:
  Stand& stand_;
  const std::vector<wire::ChannelGrant> channels_;
};

// A whole Tobari: whoever started this program asks the broker, for each line {"need": "connection"} that is printed,
// and answers with one line {"address", "port", "user", "secret", "routing_token"}. What reached the machine is looked
// for in its memory and on its disk afterwards.
class BrokerDoor final : public Door {
 public:
  [[nodiscard]] Result<Target> open(const std::string& session) override;
  [[nodiscard]] Passed passed() override { return {}; }
  [[nodiscard]] std::optional<bool> violation(const std::string&) override { return std::nullopt; }
  [[nodiscard]] Result<void> sound() override { return {}; }
};

}  // namespace tobari::leak
