// SPDX-License-Identifier: GPL-3.0-or-later
// Runs a program that reads a stranger's file, so that whatever that file makes of it is of no use: a user of its own,
// no network, no file but those named, no more memory, time and room than it is given.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <tobari/base/result.h>

namespace tobari::vmhost {

struct ConfinedCommand {
  std::vector<std::string> arguments;                    // [0]: the program, an absolute path
  std::vector<std::filesystem::path> may_read{};         // beside the system's programs and libraries
  std::vector<std::filesystem::path> may_write{};        // folders in which it may make and change files
  std::optional<std::uint32_t> user{};                   // and group of that number; needs root
  std::uint64_t memory_bytes = std::uint64_t{2} << 30U;  // of address space
  std::uint64_t file_bytes = ~std::uint64_t{0} >> 1U;    // of the largest file that it writes
  std::chrono::seconds within = std::chrono::hours(6);
  std::vector<std::string> environment{};  // "NAME=VALUE", beside a bare one
  std::vector<int> also_good{};            // exit statuses beside 0
};

struct ConfinedWatch {
  std::function<void(std::string_view)> on_output{};  // what it prints, as it comes
  std::function<Result<void>()> on_tick{};  // several times a second; an error ends the program and is the result
};

// Blocks until it has ended; nothing of it is left then. The caller's thread must live as long: the program is killed
// with it. kNotFound: it is not installed. kTimeout, kExhausted (the disk is full, or a limit is reached);
// kUnavailable: this kernel cannot confine it; kInvalidArgument: it ended with an error, its first words are the
// message.
[[nodiscard]] Result<void> run_confined(const ConfinedCommand& command, const ConfinedWatch& watch = {});

}  // namespace tobari::vmhost
