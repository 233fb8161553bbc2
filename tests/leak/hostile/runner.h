// SPDX-License-Identifier: GPL-3.0-or-later
// Carries out attacks and judges what became of them.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "attack.h"
#include "door.h"

namespace tobari::leak {

struct Outcome {
  std::size_t attempts = 0;
  std::size_t cut_off = 0;  // ended and reported
  std::size_t ended = 0;    // ended otherwise
  std::size_t ignored = 0;
  std::size_t through = 0;  // bytes, calls and canaries that passed, in either direction
  std::string fault;        // the first thing that is not as it should be; empty: nothing
};

class Runner {
 public:
  // `open_channels`: on which the server may speak; `name` makes session names unique.
  Runner(Door& door, std::string name, std::set<std::string> open_channels, Canaries& client, std::string machine_stem)
      : door_(door),
        name_(std::move(name)),
        open_(std::move(open_channels)),
        canaries_(client),
        machine_stem_(std::move(machine_stem)) {}

  [[nodiscard]] Outcome run(const Attack& attack, std::size_t attempts);
  // Ways to get in without a ticket of one's own: none may work. One row each.
  [[nodiscard]] std::map<std::string, Outcome> try_tickets(std::size_t attempts);

 private:
  // At which moment of a connection the attack comes.
  enum class Moment : std::uint8_t { kAtOnce, kWithGraphics, kWithPicture };
  [[nodiscard]] Result<void> ensure_client();
  void attempt(const Attack& attack, Moment moment, Outcome& outcome);
  void judge(const Attack& attack, bool served, Outcome& outcome);
  [[nodiscard]] std::size_t spoken();  // bytes of the server on channels that are not open, canaries of the machine

  Door& door_;
  const std::string name_;
  const std::set<std::string> open_;
  Canaries& canaries_;
  const std::string machine_stem_;
  std::unique_ptr<Rogue> client_;
  std::string session_;
  std::size_t sessions_ = 0;
};

}  // namespace tobari::leak
