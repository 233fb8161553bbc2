// SPDX-License-Identifier: GPL-3.0-or-later
// tobari recording …: another program, so that this one needs no video decoders. It lies beside us.
#include <array>
#include <cerrno>
#include <filesystem>
#include <string>
#include <unistd.h>
#include <vector>

#include <CLI/CLI.hpp>

#include "commands.h"

namespace tobari::cli {
namespace {

constexpr const char* kProgram = "tobari-recording";

Result<void> become(std::vector<std::string> arguments) {
  std::error_code ignored;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", ignored);
  const std::filesystem::path beside = self.parent_path() / kProgram;
  arguments.insert(arguments.begin(), kProgram);
  std::vector<char*> raw;
  for (std::string& argument : arguments) raw.push_back(argument.data());
  raw.push_back(nullptr);
  ::execv(beside.c_str(), raw.data());
  ::execvp(kProgram, raw.data());
  return fail_errno(errno, "start tobari-recording, which reads recordings");
}

}  // namespace

void add_recording_command(CLI::App& app, Context& context) {
  CLI::App* group = app.add_subcommand("recording", "what was shown: list, info, verify, export, keygen");
  group->prefix_command();
  group->set_help_flag();
  group->callback([group, &context] { context.run = [arguments = group->remaining()] { return become(arguments); }; });
}

}  // namespace tobari::cli
