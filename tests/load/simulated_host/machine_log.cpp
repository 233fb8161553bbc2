// SPDX-License-Identifier: GPL-3.0-or-later
#include "machine_log.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <ctime>
#include <fcntl.h>
#include <format>
#include <span>
#include <unistd.h>
#include <utility>

namespace tobari::vmhost {
namespace {

constexpr std::array<std::pair<MachineLine::Kind, std::string_view>, 5> kKinds{{
    {MachineLine::Kind::kUp, "up"},
    {MachineLine::Kind::kDown, "down"},
    {MachineLine::Kind::kPaused, "paused"},
    {MachineLine::Kind::kResumed, "resumed"},
    {MachineLine::Kind::kSaved, "saved"},
}};
constexpr std::string_view kTemplate = "template";

std::int64_t boottime_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

// Up to the next blank, which goes too.
std::string_view take_word(std::string_view& text) {
  const std::size_t end = std::min(text.find(' '), text.size());
  const std::string_view word = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return word;
}

}  // namespace

std::string to_text(const MachineLine& line) {
  std::string_view word;
  for (const auto& [kind, name] : kKinds) {
    if (kind == line.kind) word = name;
  }
  return std::format("{} {} {}{}{}", line.at_ns, word, line.machine.str(), line.is_template ? " " : "",
                     line.is_template ? kTemplate : "");
}

Result<MachineLine> parse_machine_line(std::string_view text) {
  MachineLine line;
  const std::string_view time = take_word(text);
  const char* const end = time.data() + time.size();
  const auto parsed = std::from_chars(time.data(), end, line.at_ns);
  if (time.empty() || parsed.ec != std::errc() || parsed.ptr != end) {
    return fail(Errc::kInvalidArgument, "a machine's line without a time");
  }
  const std::string_view word = take_word(text);
  bool known = false;
  for (const auto& [kind, name] : kKinds) {
    if (name != word) continue;
    line.kind = kind;
    known = true;
  }
  if (!known) return fail(Errc::kInvalidArgument, std::format("a machine's line with \"{}\"", word.substr(0, 16)));
  TOBARI_ASSIGN(line.machine, DesktopId::parse(take_word(text)));
  line.is_template = text == kTemplate;
  if (!text.empty() && !line.is_template) return fail(Errc::kInvalidArgument, "a machine's line with more than it has");
  return line;
}

Result<MachineLog> MachineLog::open(const std::filesystem::path& file) {
  UniqueFd made(::open(file.c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
  if (!made) return fail_errno(errno, "open " + file.string());
  return MachineLog(std::move(made));
}

Result<void> MachineLog::append(MachineLine::Kind kind, const DesktopId& machine, bool is_template) {
  const std::string text = to_text({boottime_ns(), kind, machine, is_template}) + "\n";
  const ssize_t put = ::write(file_.get(), text.data(), text.size());
  if (put < 0) return fail_errno(errno, "write what runs");
  if (static_cast<std::size_t>(put) != text.size()) return fail(Errc::kIo, "what runs was written in part only");
  return {};
}

Result<std::vector<MachineLine>> MachineLog::read_new() {
  std::vector<MachineLine> lines;
  std::array<char, 16384> bytes{};
  for (;;) {
    const ssize_t got = ::pread(file_.get(), bytes.data(), bytes.size(), read_);
    if (got < 0) return fail_errno(errno, "read what runs");
    if (got == 0) return lines;
    read_ += got;
    for (const char byte : std::span(bytes).first(static_cast<std::size_t>(got))) {
      if (byte != '\n') {
        if (begun_.size() >= kMaxLineBytes) return fail(Errc::kInvalidArgument, "a machine's line does not end");
        begun_ += byte;
        continue;
      }
      TOBARI_ASSIGN(MachineLine line, parse_machine_line(std::exchange(begun_, {})));
      lines.push_back(std::move(line));
    }
  }
}

}  // namespace tobari::vmhost
