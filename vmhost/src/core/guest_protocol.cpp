// SPDX-License-Identifier: GPL-3.0-or-later
#include "core/guest_protocol.h"

#include <algorithm>
#include <format>
#include <optional>

namespace tobari::vmhost {
namespace {

constexpr std::size_t kMaxLabel = 63;

std::optional<GuestEvent> understand(std::string_view line) {
  if (!std::ranges::all_of(line, [](char c) { return c >= 0x20 && c <= 0x7e; })) {
    return GuestEvent{GuestEvent::Kind::kMalformed, "not printable ASCII"};
  }
  if (line == "hello 1 booting") return GuestEvent{GuestEvent::Kind::kBooting, {}};
  if (line == "hello 1 ready" || line == "ready") return GuestEvent{GuestEvent::Kind::kReady, {}};
  if (line == "logged-off") return GuestEvent{GuestEvent::Kind::kLoggedOff, {}};
  if (line.starts_with("ok ")) return GuestEvent{GuestEvent::Kind::kDone, std::string(line.substr(3))};
  if (line.starts_with("error ")) return GuestEvent{GuestEvent::Kind::kRefused, std::string(line.substr(6))};
  if (line.starts_with("pong ")) return std::nullopt;
  return GuestEvent{GuestEvent::Kind::kMalformed, "unknown line"};
}

bool is_alphanumeric(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

bool is_label(std::string_view name) {
  return !name.empty() && name.size() <= kMaxLabel && is_alphanumeric(name.front()) && is_alphanumeric(name.back()) &&
         std::ranges::all_of(name, [](char c) { return is_alphanumeric(c) || c == '-'; });
}

}  // namespace

std::vector<GuestEvent> GuestProtocol::receive(std::string_view bytes) {
  std::vector<GuestEvent> events;
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::string_view part = bytes.substr(0, end);
    if (!skipping_ && line_.size() + part.size() > kMaxGuestLineBytes) {
      skipping_ = true;
      line_.clear();
      events.push_back({GuestEvent::Kind::kMalformed, "line too long"});
    }
    if (!skipping_) line_ += part;
    if (end == std::string_view::npos) break;
    if (!skipping_) {
      if (auto event = understand(line_)) events.push_back(*std::move(event));
    }
    skipping_ = false;
    line_.clear();
    bytes.remove_prefix(end + 1);
  }
  return events;
}

void GuestProtocol::reset() {
  line_.clear();
  skipping_ = false;
}

std::string guest_clock(std::int64_t milliseconds) { return std::format("clock {}\n", milliseconds); }
std::string guest_home_disk(std::string_view serial) { return std::format("home disk {}\n", serial); }
std::string guest_home_folder(std::string_view tag) { return std::format("home folder {}\n", tag); }

std::string guest_hostname(std::string_view name) {
  return is_label(name) ? std::format("hostname {}\n", name) : std::string();
}

std::string guest_identity(std::string_view name, std::string_view machine_id, std::int64_t milliseconds,
                           std::string_view seed) {
  if (!is_label(name)) return {};
  return std::format("identity {} {} {} {}\n", name, machine_id, milliseconds, seed);
}

}  // namespace tobari::vmhost
