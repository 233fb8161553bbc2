// SPDX-License-Identifier: GPL-3.0-or-later
// What ran when on one simulated host: a file that only grows, a line whenever a machine starts, ends, stands still,
// goes on or is saved, with the time by CLOCK_BOOTTIME, which all processes and name spaces of a computer share.
//
// The file is the truth: a machine runs when its last line says so, whoever wrote that, and whether or not the writer
// lives. So machines outlive their agent, as QEMU's do; somebody beside the agent can stop them; and an oracle reads
// afterwards what ran when (tests/load/storm/machines.py).
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/ids.h>
#include <tobari/base/result.h>
#include <tobari/base/unique_fd.h>

namespace tobari::vmhost {

struct MachineLine {
  enum class Kind : std::uint8_t { kUp, kDown, kPaused, kResumed, kSaved };
  std::int64_t at_ns = 0;  // CLOCK_BOOTTIME
  Kind kind = Kind::kUp;
  DesktopId machine;
  bool is_template = false;
  friend bool operator==(const MachineLine&, const MachineLine&) = default;
};

// "1234567890 up 0b6c… template": one blank between, no line end.
[[nodiscard]] std::string to_text(const MachineLine& line);
[[nodiscard]] Result<MachineLine> parse_machine_line(std::string_view text);

// One thread at a time; any number of processes.
class MachineLog {
 public:
  static constexpr std::size_t kMaxLineBytes = 128;

  // Made when it is not there.
  [[nodiscard]] static Result<MachineLog> open(const std::filesystem::path& file);
  // At its end, with the time of now, in one piece.
  [[nodiscard]] Result<void> append(MachineLine::Kind kind, const DesktopId& machine, bool is_template);
  // What was not read yet, whoever wrote it, in its order.
  [[nodiscard]] Result<std::vector<MachineLine>> read_new();

 private:
  explicit MachineLog(UniqueFd file) : file_(std::move(file)) {}

  UniqueFd file_;
  std::int64_t read_ = 0;  // bytes
  std::string begun_;      // of a line whose end is not there yet
};

}  // namespace tobari::vmhost
