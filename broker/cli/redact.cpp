// SPDX-License-Identifier: GPL-3.0-or-later
#include "redact.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include <tobari/base/random.h>

namespace tobari::cli {
namespace {

constexpr std::size_t kLongWord = 32;

constexpr std::array<std::string_view, 11> kSecretNames{"password",   "passwd",        "passphrase", "secret",
                                                        "token",      "ticket",        "key",        "cookie",
                                                        "credential", "authorization", "pin"};

// Of all daemons. What is not here is shown as kLeftOut, until somebody has looked at it.
constexpr std::array<std::string_view, 42> kShownKeys{"listen",
                                                      "nodes_listen",
                                                      "gateway_address",
                                                      "public_names",
                                                      "state_dir",
                                                      "policy",
                                                      "policy_changes",
                                                      "log_level",
                                                      "metrics_listen",
                                                      "device_authorities",
                                                      "broker",
                                                      "identity_dir",
                                                      "images_dir",
                                                      "libvirt_uri",
                                                      "front_listen",
                                                      "front_address",
                                                      "name",
                                                      "accelerator",
                                                      "vm_user",
                                                      "first_display_uid",
                                                      "display_program",
                                                      "display_memory_mib",
                                                      "display_cpu_percent",
                                                      "display_socket",
                                                      "recordings_dir",
                                                      "recordings_max_gib",
                                                      "recordings_keep_days",
                                                      "recordings_hold_days",
                                                      "network",
                                                      "bridge",
                                                      "network_servers",
                                                      "management_networks",
                                                      "containers",
                                                      "container_uri",
                                                      "first_container_id",
                                                      "imports_dir",
                                                      "disks_dir",
                                                      "images_max_gib",
                                                      "disks_max_gib",
                                                      "disks_overcommit_percent",
                                                      "keep_free_gib",
                                                      "import_uid"};

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-' || c == '.'; }
// Of base64 in both alphabets, its padding excepted: that also stands between a name and its value.
bool is_code(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '+' || c == '/' || c == '-' || c == '_';
}

bool equal_here(std::string_view text, std::size_t at, std::string_view wanted) {
  return text.size() - at >= wanted.size() && std::ranges::equal(text.substr(at, wanted.size()), wanted,
                                                                 [](char a, char b) { return lower(a) == lower(b); });
}

bool is_secret_name(std::string_view name) {
  std::string small(name);
  std::ranges::transform(small, small.begin(), lower);
  // "key" as a word or the end of one: keyboard and monkey are none.
  return std::ranges::any_of(kSecretNames, [&small](std::string_view secret) {
    const auto at = small.rfind(secret);
    if (at == std::string::npos) return false;
    if (secret.size() > 3) return true;
    const bool begins = at == 0 || small[at - 1] == '_' || small[at - 1] == '-' || small[at - 1] == '.';
    const bool ends = at + secret.size() == small.size();
    return begins && ends;
  });
}

// Where the value that begins here ends: a quoted one behind its quote, another at white space or what separates.
std::size_t end_of_value(std::string_view text, std::size_t at) {
  if (at < text.size() && (text[at] == '"' || text[at] == '\'')) {
    const char quote = text[at];
    for (std::size_t i = at + 1; i < text.size() && text[i] != '\n'; ++i) {
      if (text[i] == '\\') {
        ++i;
      } else if (text[i] == quote) {
        return i + 1;
      }
    }
    return std::min(text.find('\n', at), text.size());
  }
  return std::min(text.find_first_of(" \t\r\n,;&}])", at), text.size());
}

class Redactor {
 public:
  explicit Redactor(std::string_view text) : text_(text) {}

  std::string run() {
    while (at_ < text_.size()) {
      if (!block() && !marked() && !userinfo() && !named() && !word()) out_ += text_[at_++];
    }
    return std::move(out_);
  }

 private:
  void leave_out_until(std::size_t end) {
    out_ += kLeftOut;
    at_ = std::max(end, at_);
  }

  // "-----BEGIN X-----" … "-----END X-----"
  bool block() {
    if (!equal_here(text_, at_, "-----BEGIN ")) return false;
    const auto end = text_.find("-----END ", at_);
    const auto line_end = end == std::string_view::npos ? text_.size() : text_.find_first_of("\n\"'", end);
    leave_out_until(std::min(line_end, text_.size()));
    return true;
  }

  // What is a secret by what stands before it.
  bool marked() {
    for (const std::string_view mark : {"bearer ", "basic ", "msts="}) {
      if (!equal_here(text_, at_, mark)) continue;
      out_ += text_.substr(at_, mark.size());
      at_ += mark.size();
      if (at_ < text_.size()) leave_out_until(end_of_value(text_, at_));
      return true;
    }
    if (!equal_here(text_, at_, "$argon2")) return false;
    leave_out_until(std::min(text_.find_first_of(" \t\r\n\"'", at_), text_.size()));
    return true;
  }

  // "//user:password@"
  bool userinfo() {
    if (!equal_here(text_, at_, "://")) return false;
    const auto end = std::min(text_.find_first_of(" \t\r\n\"'/", at_ + 3), text_.size());
    const auto mark = text_.substr(at_ + 3, end - at_ - 3).rfind('@');
    if (mark == std::string_view::npos) return false;
    out_ += "://";
    at_ += 3;
    leave_out_until(at_ + mark);
    return true;
  }

  // name=value, name: value, "name": value
  bool named() {
    if (!is_word(text_[at_]) || (at_ > 0 && is_word(text_[at_ - 1]))) return false;
    std::size_t end = at_;
    while (end < text_.size() && is_word(text_[end])) ++end;
    if (!is_secret_name(text_.substr(at_, end - at_))) return false;
    std::size_t value = end;
    if (value < text_.size() && (text_[value] == '"' || text_[value] == '\'')) ++value;
    while (value < text_.size() && (text_[value] == ' ' || text_[value] == '\t')) ++value;
    if (value >= text_.size() || (text_[value] != '=' && text_[value] != ':')) return false;
    ++value;
    while (value < text_.size() && (text_[value] == ' ' || text_[value] == '\t')) ++value;
    out_ += text_.substr(at_, value - at_);
    at_ = value;
    // A scheme is followed by what is meant: "Authorization: Bearer …".
    if (marked()) return true;
    if (value < text_.size() && text_[value] != '\n') leave_out_until(end_of_value(text_, value));
    return true;
  }

  bool word() {
    if (!is_code(text_[at_]) || (at_ > 0 && is_code(text_[at_ - 1]))) return false;
    std::size_t end = at_;
    while (end < text_.size() && is_code(text_[end])) ++end;
    const std::string_view run = text_.substr(at_, end - at_);
    if (!is_long_code(run)) return false;
    while (end < text_.size() && text_[end] == '=') ++end;
    leave_out_until(end);
    return true;
  }

  static bool is_long_code(std::string_view run) {
    if (run.size() < kLongWord) return false;
    // Paths and ids are long as well. A part of a path that is long itself is judged as a word.
    bool any = false;
    while (!run.empty()) {
      const auto slash = run.find('/');
      const std::string_view part = run.substr(0, slash);
      any = any || (part.size() >= kLongWord && !is_uuid(part) && !is_plain_words(part));
      // base64 with a slash in it: parts of mixed letters and digits, as no folder is called.
      any = any || (slash != std::string_view::npos && part.size() >= kLongWord / 2 && is_mixed(part));
      run.remove_prefix(std::min(slash == std::string_view::npos ? run.size() : slash + 1, run.size()));
    }
    return any;
  }

  // "tobari_display_frames_in_flight", "----------": letters of one case with separators, as names of things are.
  static bool is_plain_words(std::string_view part) {
    return std::ranges::all_of(part, [](char c) { return (c >= 'a' && c <= 'z') || c == '_' || c == '-'; });
  }
  static bool is_mixed(std::string_view part) {
    const auto any = [part](auto kind) {
      return std::ranges::any_of(part, [kind](char c) { return kind(static_cast<unsigned char>(c)) != 0; });
    };
    return any([](int c) { return std::isupper(c); }) && any([](int c) { return std::islower(c); }) &&
           any([](int c) { return std::isdigit(c); });
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::string out_;
};

// Behind a '#' that begins a comment.
std::string_view without_comment(std::string_view line) {
  char quote = 0;
  for (std::size_t i = 0; i < line.size(); ++i) {
    if (quote != 0) {
      if (line[i] == quote) quote = 0;
    } else if (line[i] == '"' || line[i] == '\'') {
      quote = line[i];
    } else if (line[i] == '#' && (i == 0 || line[i - 1] == ' ' || line[i - 1] == '\t')) {
      return line.substr(0, i);
    }
  }
  return line;
}

}  // namespace

std::string redacted(std::string_view text) { return Redactor(text).run(); }

std::string redacted_config(std::string_view yaml) {
  std::string shown;
  bool show = false;  // the lines below a key are its value
  while (!yaml.empty()) {
    const auto end = std::min(yaml.find('\n'), yaml.size());
    std::string_view line = without_comment(yaml.substr(0, end));
    yaml.remove_prefix(std::min(end + 1, yaml.size()));
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) line.remove_suffix(1);
    if (line.empty()) continue;
    if (line.front() == ' ' || line.front() == '\t' || line.front() == '-') {
      if (show) shown += redacted(line) + "\n";
      continue;
    }
    const auto colon = line.find(':');
    const std::string_view key = line.substr(0, colon);
    show = colon != std::string_view::npos && std::ranges::contains(kShownKeys, key);
    if (show) {
      shown += redacted(line) + "\n";
    } else if (colon != std::string_view::npos && std::ranges::all_of(key, is_word)) {
      shown += std::string(key).append(": ").append(kLeftOut).append("\n");
    } else {
      shown += std::string(kLeftOut).append("\n");
    }
  }
  return shown;
}

}  // namespace tobari::cli
