// SPDX-License-Identifier: GPL-3.0-or-later
// Sits between a display process and its machine and looks at every byte, descriptors included: a socket that is passed
// along (QEMU's listeners) is tapped as well.
#pragma once

#include <cstdint>
#include <list>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <tobari/base/unique_fd.h>

#include "canary.h"

namespace tobari::leak {

class Tap {
 public:
  explicit Tap(std::string client_stem);  // of the canaries that must not reach the machine
  ~Tap();
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  // The display's end of a line to `machine`.
  [[nodiscard]] UniqueFd connect(UniqueFd machine);

  struct Seen {
    std::uint64_t bytes_to_machine = 0;
    std::uint64_t bytes_from_machine = 0;
    std::size_t canaries = 0;          // on their way to the machine
    std::size_t files_to_machine = 0;  // descriptors that are no sockets: there is no reason for any
    std::set<std::string> interfaces;  // D-Bus names that the display used
  };
  [[nodiscard]] Seen seen();

 private:
  struct Line {
    UniqueFd display;
    UniqueFd machine;
    CanarySearch search;
    std::string kept;     // the end of a D-Bus name that was cut
    bool spoken = false;  // the display, on this line
  };
  void run(const std::stop_token& stop);
  [[nodiscard]] bool pass(Line& line, bool to_machine);
  void look(Line& line, std::span<const std::byte> bytes);
  [[nodiscard]] UniqueFd interpose(UniqueFd passed);

  const std::string stem_;
  std::mutex mutex_;
  Seen seen_;
  std::list<Line> lines_;  // under mutex_, except what the thread alone reads: the descriptors
  std::vector<Line> new_lines_;
  UniqueFd wake_;
  std::jthread thread_;
};

}  // namespace tobari::leak
