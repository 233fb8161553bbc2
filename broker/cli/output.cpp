// SPDX-License-Identifier: GPL-3.0-or-later
#include "output.h"

#include <algorithm>
#include <cstdio>
#include <format>
#include <iostream>
#include <print>
#include <termios.h>
#include <unistd.h>

#include "daemon/files.h"

namespace tobari::cli {
namespace {

std::string cell(const Json& object, const char* member) {
  const auto at = object.find(member);
  if (at == object.end()) return "-";
  std::string text = at->is_string() ? at->get<std::string>() : at->dump();
  std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, ' ');
  return text.empty() ? "-" : text;
}

// The terminal shows nothing for as long as this lives.
class SilentTerminal {
 public:
  SilentTerminal() {
    valid_ = ::tcgetattr(STDIN_FILENO, &before_) == 0;
    if (!valid_) return;
    termios silent = before_;
    silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  }
  ~SilentTerminal() {
    if (valid_) ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before_);
  }
  SilentTerminal(const SilentTerminal&) = delete;
  SilentTerminal& operator=(const SilentTerminal&) = delete;

 private:
  termios before_{};
  bool valid_ = false;
};

}  // namespace

std::string table(const Json& list, const std::vector<Column>& columns) {
  std::vector<std::size_t> widths;
  for (const Column& column : columns) {
    std::size_t width = std::string_view(column.title).size();
    for (const Json& object : list) width = std::max(width, cell(object, column.member).size());
    widths.push_back(width);
  }
  std::string text;
  const auto add_row = [&text, &columns, &widths](const auto& cell_of) {
    std::string line;
    for (std::size_t i = 0; i < columns.size(); ++i) line += std::format("{:<{}}  ", cell_of(columns[i]), widths[i]);
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  add_row([](const Column& column) { return std::string(column.title); });
  for (const Json& object : list) add_row([&object](const Column& column) { return cell(object, column.member); });
  return text;
}

void print_list(const Json& answer, const char* list, const std::vector<Column>& columns, bool as_json) {
  if (as_json) {
    std::println("{}", answer.dump(2));
  } else if (answer.contains(list)) {
    std::print("{}", table(answer.at(list), columns));
  }
}

Result<std::string> read_password(const std::string& file, const std::string& prompt) {
  std::string password;
  if (!file.empty() && file != "-") {
    TOBARI_ASSIGN(password, broker::read_small_file(file));
    password = password.substr(0, password.find_first_of("\r\n"));
  } else if (file == "-" || ::isatty(STDIN_FILENO) == 0) {
    std::getline(std::cin, password);
  } else {
    std::print(stderr, "{}: ", prompt);
    const SilentTerminal silent;
    std::getline(std::cin, password);
    std::println(stderr, "");
  }
  if (password.empty()) return fail(Errc::kInvalidArgument, "no password was given");
  return password;
}

}  // namespace tobari::cli
