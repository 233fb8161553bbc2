// SPDX-License-Identifier: GPL-3.0-or-later
// What this machine knows: programs, files, journal, and the daemons' own pages.
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <format>
#include <poll.h>
#include <spawn.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include <tobari/base/unique_fd.h>

#include "bundle.h"
#include "daemon/files.h"
#include "plain_http.h"

namespace tobari::cli {
namespace {

namespace fs = std::filesystem;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kMaxLogBytes = std::size_t{4} << 20U;  // of one source: its end
constexpr std::size_t kMaxPageBytes = std::size_t{8} << 20U;
constexpr std::chrono::seconds kPageWithin{5};
constexpr std::chrono::seconds kProgramWithin{20};
constexpr std::size_t kMaxLines = 20'000;  // of the journal

// The end of what comes until the other side closes.
Result<std::string> read_end(int fd, Steady::time_point deadline) {
  std::string all;
  std::array<char, 65536> bytes{};
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Steady::now()).count();
    pollfd entry{fd, POLLIN, 0};
    if (left <= 0 || ::poll(&entry, 1, static_cast<int>(left)) == 0) return fail(Errc::kTimeout, "it takes too long");
    const ssize_t got = ::read(fd, bytes.data(), bytes.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(errno, "read");
    if (got == 0) break;
    all.append(bytes.data(), static_cast<std::size_t>(got));
    if (all.size() > 2 * kMaxLogBytes) all.erase(0, all.size() - kMaxLogBytes);
  }
  if (all.size() > kMaxLogBytes) all.erase(0, all.size() - kMaxLogBytes);
  return all;
}

// What a program prints on both of its outputs.
Result<std::string> output_of(std::vector<std::string> arguments) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return fail_errno(errno, "make a pipe");
  const UniqueFd reading(ends[0]);
  UniqueFd writing(ends[1]);
  std::vector<char*> words;
  for (std::string& argument : arguments) words.push_back(argument.data());
  words.push_back(nullptr);
  posix_spawn_file_actions_t actions{};
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, writing.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, writing.get(), STDERR_FILENO);
  pid_t pid = -1;
  const int error = ::posix_spawnp(&pid, words[0], &actions, nullptr, words.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  writing.reset();
  if (error != 0) return fail_errno(error, "run " + arguments.front());
  auto text = read_end(reading.get(), Steady::now() + kProgramWithin);
  if (!text.has_value()) ::kill(pid, SIGKILL);
  int status = 0;
  while (::waitpid(pid, &status, 0) < 0 && errno == EINTR) {
  }
  return text;
}

Result<std::string> end_of_file(const fs::path& file) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!fd) return fail_errno(errno, "open " + file.string());
  struct stat about{};
  if (::fstat(fd.get(), &about) != 0) return fail_errno(errno, "look at " + file.string());
  if (!S_ISREG(about.st_mode)) return fail(Errc::kInvalidArgument, file.string() + " is no regular file");
  const off_t begin = std::max<off_t>(about.st_size - static_cast<off_t>(kMaxLogBytes), 0);
  if (::lseek(fd.get(), begin, SEEK_SET) < 0) return fail_errno(errno, "read " + file.string());
  return read_end(fd.get(), Steady::now() + kProgramWithin);
}

// Beside this program, where they are installed together; else wherever the path leads.
std::string program(const char* name) {
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  if (!error && fs::exists(self.parent_path() / name, error)) return (self.parent_path() / name).string();
  return name;
}

std::string versions() {
  std::string text = "tobari " TOBARI_VERSION "\n";
  for (const char* name : {"tobari-broker", "tobari-gateway", "tobari-vmhost", "tobari-display"}) {
    const auto said = output_of({program(name), "--version"});
    text += said.has_value() ? *said : std::format("{}: {}\n", name, said.error().message);
  }
  utsname system{};
  if (::uname(&system) == 0) text += std::format("{} {} {}\n", system.sysname, system.release, system.machine);
  if (const auto release = broker::read_small_file("/etc/os-release"); release.has_value()) text += *release;
  return text;
}

// "metrics_listen: 127.0.0.1:9464", "metrics_listen: 9464"
std::optional<net::Endpoint> status_of(std::string_view yaml) {
  constexpr std::string_view kKey = "metrics_listen:";
  for (std::size_t at = 0; at < yaml.size(); at = std::min(yaml.find('\n', at), yaml.size() - 1) + 1) {
    std::string_view line = yaml.substr(at, yaml.find('\n', at) - at);
    if (!line.starts_with(kKey)) continue;
    line.remove_prefix(kKey.size());
    line = line.substr(0, line.find('#'));
    std::string value(line);
    std::erase_if(value, [](char c) { return c == ' ' || c == '"' || c == '\'' || c == '\r' || c == '\t'; });
    if (value.find_first_not_of("0123456789") == std::string::npos) value.insert(0, "127.0.0.1:");
    const auto endpoint = net::parse_endpoint(value);
    return endpoint.has_value() ? std::optional(*endpoint) : std::nullopt;
  }
  return std::nullopt;
}

void collect_status(const net::Endpoint& at, Bundle& bundle) {
  std::string folder = net::to_string(at);
  std::ranges::replace(folder, ':', '-');
  for (const char* page : {"healthz", "readyz", "metrics"}) {
    const auto answer = get_plain(at, std::string("/") + page, kPageWithin, kMaxPageBytes);
    const std::string name = std::format("status/{}/{}.txt", folder, page);
    if (answer.has_value()) {
      bundle.add(name, std::format("status {}\n{}", answer->status, answer->body));
    } else {
      bundle.add_or_why(name, Result<std::string>(std::unexpected(answer.error())));
    }
  }
}

// Two files of the same name from different folders.
std::string entry_name(const std::string& folder, const fs::path& file, std::size_t number) {
  std::string name = file.filename().string();
  std::erase_if(name, [](char c) { return static_cast<unsigned char>(c) < 0x21 || c == '/' || c == 0x7f; });
  constexpr std::size_t kLongest = 60;
  return std::format("{}/{}-{}", folder, number, name.substr(0, kLongest));
}

}  // namespace

void collect_machine(const BundleSources& sources, Bundle& bundle) {
  bundle.add("versions.txt", versions());
  std::vector<net::Endpoint> status = sources.status;
  std::size_t number = 0;
  for (const fs::path& file : sources.configs) {
    const std::string name = entry_name("config", file, ++number);
    const auto yaml = broker::read_small_file(file);
    if (!yaml.has_value()) {
      bundle.add_or_why(name, Result<std::string>(std::unexpected(yaml.error())));
      continue;
    }
    bundle.add_config(name, *yaml);
    if (const auto at = status_of(*yaml)) status.push_back(*at);
  }
  for (const net::Endpoint& at : status) collect_status(at, bundle);
  bundle.add_or_why("logs/journal.txt",
                    output_of({"journalctl", "--no-pager", "--quiet", "--output=short-iso-precise", "--unit=tobari-*",
                               std::format("--since=-{}h", sources.hours), std::format("--lines={}", kMaxLines)}));
  number = 0;
  for (const fs::path& file : sources.logs) bundle.add_or_why(entry_name("logs", file, ++number), end_of_file(file));
}

}  // namespace tobari::cli
