// SPDX-License-Identifier: GPL-3.0-or-later
#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstddef>
#include <fcntl.h>
#include <format>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>

#include <tobari/base/unique_fd.h>
#include <tobari/vmhost/domain_xml.h>

#include "fence/machine_processes.h"

// glibc 2.41 forgets to say that these are C.
extern "C" {
#include <sys/pidfd.h>
}

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

// The name is among the first arguments; a command line of QEMU has some thousand bytes.
constexpr std::size_t kMaxCommandLine = 65536;

std::string first_bytes(const fs::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  std::string content;
  std::array<char, 8192> chunk{};
  while (fd && content.size() < kMaxCommandLine) {
    const ssize_t n = ::read(fd.get(), chunk.data(), chunk.size());
    if (n <= 0) break;
    content.append(chunk.data(), static_cast<std::size_t>(n));
  }
  return content;
}

// "-name\0guest=tobari-<id>,debug-threads=on\0"
std::optional<DesktopId> desktop_of(std::string_view command_line) {
  bool is_name = false;
  while (!command_line.empty()) {
    const std::size_t end = std::min(command_line.find('\0'), command_line.size());
    std::string_view argument = command_line.substr(0, end);
    command_line.remove_prefix(std::min(end + 1, command_line.size()));
    if (std::exchange(is_name, argument == "-name")) {
      constexpr std::string_view kGuest = "guest=";
      if (!argument.starts_with(kGuest)) return std::nullopt;
      argument.remove_prefix(kGuest.size());
      const auto key = parse_domain_name(argument.substr(0, argument.find(',')));
      if (!key || key->is_template) return std::nullopt;
      return key->id;
    }
  }
  return std::nullopt;
}

// "PID (NAME) STATE …"; a name may hold anything.
bool is_stopped(std::string_view stat) {
  const std::size_t end = stat.rfind(')');
  return end != std::string_view::npos && end + 2 < stat.size() && stat[end + 2] == 'T';
}

class QemuProcesses final : public MachineProcesses {
 public:
  explicit QemuProcesses(fs::path proc) : proc_(std::move(proc)) {}

  std::vector<MachineProcess> list() override {
    std::vector<MachineProcess> found;
    std::error_code error;
    for (fs::directory_iterator each(proc_, error), end; !error && each != end; each.increment(error)) {
      const std::string name = each->path().filename().string();
      pid_t pid = 0;
      const auto [stop, wrong] = std::from_chars(name.data(), name.data() + name.size(), pid);
      if (wrong != std::errc() || stop != name.data() + name.size()) continue;
      auto desktop = desktop_of(first_bytes(each->path() / "cmdline"));
      if (desktop) found.push_back({*std::move(desktop), pid, is_stopped(first_bytes(each->path() / "stat"))});
    }
    return found;
  }

  Result<void> freeze(const MachineProcess& process) override { return signal(process, SIGSTOP); }
  Result<void> thaw(const MachineProcess& process) override { return signal(process, SIGCONT); }

 private:
  // By descriptor, looked at once more: the number may be somebody else's by now.
  [[nodiscard]] Result<void> signal(const MachineProcess& process, int number) const {
    const UniqueFd fd(::pidfd_open(process.pid, 0));
    if (!fd && errno == ESRCH) return fail(Errc::kNotFound, "the process has ended");
    if (!fd) return fail_errno(errno, std::format("open process {}", process.pid));
    const auto desktop = desktop_of(first_bytes(proc_ / std::to_string(process.pid) / "cmdline"));
    if (desktop != process.desktop) return fail(Errc::kNotFound, "the process has ended");
    if (::pidfd_send_signal(fd.get(), number, nullptr, 0) != 0) {
      return fail_errno(errno, std::format("signal process {}", process.pid));
    }
    return {};
  }

  const fs::path proc_;
};

}  // namespace

std::unique_ptr<MachineProcesses> make_qemu_processes(std::filesystem::path proc) {
  return std::make_unique<QemuProcesses>(std::move(proc));
}

}  // namespace tobari::vmhost
