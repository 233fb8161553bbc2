// SPDX-License-Identifier: GPL-3.0-or-later
#include "fence/lease_file.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <format>
#include <time.h>
#include <unistd.h>
#include <utility>

namespace tobari::vmhost {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kFirstLine = "tobari lease 1";
constexpr const char* kBootIdFile = "/proc/sys/kernel/random/boot_id";
constexpr std::size_t kMaxBootId = 64;

std::unexpected<Error> damaged(std::string_view line) {
  return fail(Errc::kInvalidArgument, std::format("the lease's file is damaged at \"{}\"", line.substr(0, 80)));
}

fs::path lock_of(const fs::path& file) { return file.string() + ".watchdog"; }

// Of the descriptor, not of the process: closing another one of this file does not give it up.
struct flock whole_file() {
  struct flock lock{};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  return lock;
}

Result<std::string> read_note_file(const fs::path& file, std::size_t most) {
  const UniqueFd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) return fail_errno(errno, "open " + file.string());
  std::string content;
  std::array<char, 16384> chunk{};
  while (true) {
    const ssize_t n = ::read(fd.get(), chunk.data(), chunk.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "read " + file.string());
    if (n == 0) return content;
    content.append(chunk.data(), static_cast<std::size_t>(n));
    if (content.size() > most) return fail(Errc::kExhausted, file.string() + " is too large");
  }
}

Result<void> write_note_file(int fd, std::string_view bytes, const fs::path& file) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return fail_errno(errno, "write " + file.string());
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return {};
}

Result<void> take_line(LeaseNote& note, std::string_view line) {
  const std::size_t space = line.find(' ');
  if (space == std::string_view::npos) return damaged(line);
  const std::string_view word = line.substr(0, space);
  const std::string_view value = line.substr(space + 1);
  if (word == "boot") {
    note.boot = value;
    return {};
  }
  if (word == "until") {
    std::int64_t nanoseconds = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), nanoseconds);
    if (error != std::errc() || end != value.data() + value.size() || nanoseconds < 0) return damaged(line);
    note.until = LeaseNote::Time(nanoseconds);
    return {};
  }
  auto id = DesktopId::parse(value);
  if (!id || (word != "always" && word != "leased")) return damaged(line);
  (word == "always" ? note.always : note.leased).insert(*std::move(id));
  return {};
}

}  // namespace

std::string to_text(const LeaseNote& note) {
  std::string text = std::format("{}\nboot {}\nuntil {}\n", kFirstLine, note.boot, note.until.count());
  for (const DesktopId& id : note.always) text += "always " + id.str() + "\n";
  for (const DesktopId& id : note.leased) text += "leased " + id.str() + "\n";
  return text;
}

Result<LeaseNote> parse_lease_note(std::string_view text) {
  LeaseNote note;
  bool first = true;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    if (end == std::string_view::npos) return damaged(text);
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 1);
    if (std::exchange(first, false)) {
      if (line != kFirstLine) return damaged(line);
      continue;
    }
    TOBARI_TRY(take_line(note, line));
  }
  if (note.boot.empty()) return damaged("its end");
  return note;
}

Result<std::string> boot_id() {
  TOBARI_ASSIGN(std::string id, read_note_file(kBootIdFile, kMaxBootId));
  while (!id.empty() && id.back() == '\n') id.pop_back();
  if (id.empty()) return fail(Errc::kIo, std::format("{} is empty", kBootIdFile));
  return id;
}

LeaseNote::Time boot_time() noexcept {
  timespec now{};
  ::clock_gettime(CLOCK_BOOTTIME, &now);
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

Result<void> write_lease_note(const fs::path& file, const LeaseNote& note) {
  const fs::path fresh = file.string() + ".new";
  {
    const UniqueFd fd(::open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
    if (!fd) return fail_errno(errno, "open " + fresh.string());
    TOBARI_TRY(write_note_file(fd.get(), to_text(note), fresh));
  }
  if (::rename(fresh.c_str(), file.c_str()) != 0) return fail_errno(errno, "replace " + file.string());
  return {};
}

Result<LeaseNote> read_lease_note(const fs::path& file, std::string_view boot) {
  TOBARI_ASSIGN(const std::string text, read_note_file(file, LeaseNote::kMaxBytes));
  TOBARI_ASSIGN(LeaseNote note, parse_lease_note(text));
  if (note.boot != boot) return fail(Errc::kNotFound, "it is of another life of this machine");
  return note;
}

Result<UniqueFd> become_watchdog(const fs::path& file) {
  const fs::path lock = lock_of(file);
  UniqueFd fd(::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd) return fail_errno(errno, "open " + lock.string());
  struct flock whole = whole_file();
  if (::fcntl(fd.get(), F_OFD_SETLK, &whole) == 0) return fd;
  if (errno == EAGAIN || errno == EACCES) return fail(Errc::kAlreadyExists, "another watchdog holds " + lock.string());
  return fail_errno(errno, "lock " + lock.string());
}

bool has_watchdog(const fs::path& file) {
  const UniqueFd fd(::open(lock_of(file).c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) return false;
  // Asked for and not taken: nobody who wants to become one is in the way.
  struct flock whole = whole_file();
  return ::fcntl(fd.get(), F_OFD_GETLK, &whole) == 0 && whole.l_type != F_UNLCK;
}

}  // namespace tobari::vmhost
