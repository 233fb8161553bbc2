// SPDX-License-Identifier: GPL-3.0-or-later
#include <cstdio>
#include <cstdlib>
#include <malloc.h>
#include <string>

#include <tobari/base/log.h>

#include "cell/cell.h"
#include "daemon/managed.h"
#include "daemon/options.h"
#include "daemon/signals.h"
#include "daemon/standalone.h"
#include "rdp/library.h"

namespace {

constexpr int kBadConfiguration = 2;
// Two threads work at a time. An arena for each thread that ever was would keep some megabytes each.
constexpr int kArenas = 2;
// FreeRDP asks for the local time with every message that it may log, and each time the C library looks whether
// /etc/localtime has changed. Our log is in UTC.
constexpr const char* kTimeZone = "UTC0";
// A sanitizer reads files, starts threads and traces the program when it ends.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool kSanitized = true;
#else
constexpr bool kSanitized = false;
#endif

tobari::Result<void> enter() {
  TOBARI_ASSIGN(const auto cell, tobari::display::enter_cell());
  tobari::log::info("in its cell", {{"landlock_abi", std::to_string(cell.landlock_abi)},
                                    {"system_calls", std::to_string(cell.system_calls)}});
  if (!cell.no_name_spaces.empty()) tobari::log::warning("without name spaces", {{"why", cell.no_name_spaces}});
  return {};
}

tobari::Result<void> run(const tobari::display::Options& options) {
  TOBARI_ASSIGN(const auto level, tobari::log::parse_level(options.log_level));
  tobari::log::init("tobari-display", level);
  const auto signals = tobari::display::block_signals();
  tobari::display::init_rdp_library();
  tobari::log::info("starts", {{"freerdp", tobari::display::rdp_library_version()}});
  const bool managed = options.control_fd >= 0;
  // Alone it has to listen, open X and read files: for measuring, not for strangers.
  if (managed && !kSanitized) {
    TOBARI_TRY(enter());
  } else {
    tobari::log::warning("runs unconfined");
  }
  return managed ? tobari::display::run_managed(options, signals) : tobari::display::run_standalone(options, signals);
}

}  // namespace

int main(int argc, char** argv) {
  static_cast<void>(::mallopt(M_ARENA_MAX, kArenas));
  static_cast<void>(::setenv("TZ", kTimeZone, 1));
  const auto parsed = tobari::display::parse_options(argc, argv);
  if (parsed.exit_status) return *parsed.exit_status;
  const auto result = run(parsed.options);
  if (result) return 0;
  std::fprintf(stderr, "tobari-display: %s\n", result.error().message.c_str());
  return result.error().code == tobari::Errc::kInvalidArgument ? kBadConfiguration : 1;
}
