// SPDX-License-Identifier: GPL-3.0-or-later
#include "bundle.h"

#include <format>

#include "redact.h"
#include "tar_writer.h"

namespace tobari::cli {
namespace {

constexpr std::string_view kFolder = "tobari-bundle/";
constexpr std::string_view kReadme =
    "A support archive of Tobari, made by `tobari bundle`.\n\n"
    "Left out: passwords, keys, tickets, tokens and whatever looks like one; configuration values that are not known "
    "to\n"
    "be harmless; the audit's records. Still in it: names of users, desktops and hosts, and addresses. Read it before\n"
    "you give it away.\n\n";

}  // namespace

void Bundle::add(const std::string& name, std::string_view text) {
  entries_.push_back({.name = name, .content = redacted(text), .missing = {}});
}

void Bundle::add_or_why(const std::string& name, const Result<std::string>& text) {
  if (text.has_value()) return add(name, *text);
  entries_.push_back({.name = name, .content = {}, .missing = redacted(text.error().message)});
}

void Bundle::add_config(const std::string& name, std::string_view yaml) {
  entries_.push_back({.name = name, .content = redacted_config(yaml), .missing = {}});
}

std::string Bundle::archive() const {
  TarWriter tar;
  std::string readme(kReadme);
  for (const Entry& entry : entries_) {
    readme += entry.missing.empty() ? std::format("{}\n", entry.name)
                                    : std::format("{}: not there: {}\n", entry.name, entry.missing);
  }
  tar.add(std::string(kFolder) + "README.txt", readme, seconds_);
  for (const Entry& entry : entries_) {
    if (entry.missing.empty()) tar.add(std::string(kFolder) + entry.name, entry.content, seconds_);
  }
  return std::move(tar).finish();
}

}  // namespace tobari::cli
