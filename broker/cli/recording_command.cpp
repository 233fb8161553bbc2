// SPDX-License-Identifier: GPL-3.0-or-later
// tobari recording …: another program, so that this one needs no video decoders. It lies beside us.
#include <cerrno>
#include <filesystem>
#include <string>
#include <string_view>
#include <unistd.h>
#include <vector>

#include <CLI/CLI.hpp>

#include "commands.h"

namespace tobari::cli {
namespace {
constexpr const char* kName = "recording";
constexpr const char* kProgram = "tobari-recording";
}  // namespace

void describe_recording_command(CLI::App& app) {
  app.add_subcommand(kName, "what was shown: list, info, verify, export, keygen");
}

bool is_recording_command(int argc, char** argv) { return argc > 1 && std::string_view(argv[1]) == kName; }

Result<void> run_recording_command(int argc, char** argv) {
  std::string name = kProgram;
  std::vector<char*> arguments{name.data()};
  for (int i = 2; i < argc; ++i) arguments.push_back(argv[i]);
  arguments.push_back(nullptr);
  std::error_code ignored;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  ::execv((self.parent_path() / kProgram).c_str(), arguments.data());
  ::execvp(kProgram, arguments.data());
  return fail_errno(errno, "start tobari-recording, which reads recordings");
}

}  // namespace tobari::cli
