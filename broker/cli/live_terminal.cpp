// SPDX-License-Identifier: GPL-3.0-or-later
#include "live_terminal.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <poll.h>
#include <print>
#include <unistd.h>
#include <utility>

#include <sys/ioctl.h>
#include <sys/signalfd.h>

namespace tobari::cli {
namespace {

constexpr char kCtrlC = '\x03';
// ECMA-48 and xterm's private modes: the second screen, without a cursor; and back.
constexpr const char* kEnter = "\x1b[?1049h\x1b[?25l";
constexpr const char* kLeave = "\x1b[?25h\x1b[?1049l";

sigset_t our_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGWINCH}) ::sigaddset(&set, number);
  return set;
}

void write_out(const char* text) {
  std::print("{}", text);
  std::fflush(stdout);
}

}  // namespace

bool LiveTerminal::possible() { return ::isatty(STDIN_FILENO) != 0 && ::isatty(STDOUT_FILENO) != 0; }

void LiveTerminal::hold_signals() {
  const sigset_t set = our_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Result<LiveTerminal> LiveTerminal::open() {
  termios before{};
  if (::tcgetattr(STDIN_FILENO, &before) != 0) return fail_errno(errno, "read the terminal's settings");
  const sigset_t set = our_signals();
  UniqueFd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) return fail_errno(errno, "watch for signals");
  termios raw = before;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO | ISIG);
  if (::tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw) != 0) return fail_errno(errno, "set up the terminal");
  write_out(kEnter);
  return LiveTerminal(std::move(signals), before);
}

LiveTerminal::LiveTerminal(LiveTerminal&& other) noexcept
    : signals_(std::move(other.signals_)), before_(std::exchange(other.before_, std::nullopt)) {}

LiveTerminal::~LiveTerminal() {
  if (!before_) return;
  write_out(kLeave);
  ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &*before_);
}

void LiveTerminal::draw(const std::string& lines) const {
  std::string out = "\x1b[H";
  for (std::size_t at = 0; at < lines.size();) {
    const std::size_t end = std::min(lines.find('\n', at), lines.size());
    out += lines.substr(at, end - at) + "\x1b[K";
    at = end + 1;
    if (at < lines.size()) out += "\n";
  }
  write_out((out + "\x1b[J").c_str());
}

TopScreen::Size LiveTerminal::size() {
  winsize known{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &known) != 0 || known.ws_row == 0 || known.ws_col == 0) return {};
  return {known.ws_row, known.ws_col};
}

LiveTerminal::Happened LiveTerminal::wait(std::chrono::milliseconds time) const {
  pollfd polled[]{{STDIN_FILENO, POLLIN, 0}, {signals_.get(), POLLIN, 0}};
  if (::poll(polled, std::size(polled), static_cast<int>(time.count())) <= 0) return {};
  signalfd_siginfo info{};
  if (::read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    return {info.ssi_signo == static_cast<std::uint32_t>(SIGWINCH) ? Event::kResized : Event::kEnd};
  }
  if (polled[0].revents == 0) return {};
  char key = 0;
  if (::read(STDIN_FILENO, &key, 1) != 1 || key == kCtrlC) return {Event::kEnd};
  return {Event::kKey, key};
}

}  // namespace tobari::cli
