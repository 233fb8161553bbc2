// SPDX-License-Identifier: GPL-3.0-or-later
#include "host/event_queue.h"

#include <sstream>
#include <utility>

#include <tobari/base/log.h>
#include <tobari/base/random.h>

#include "host/files.h"

namespace tobari::vmhost {
namespace {

constexpr std::size_t kMaxFileBytes = std::size_t{16} << 20;

}  // namespace

// One line an event: its protobuf bytes in hex.
EventQueue::EventQueue(std::filesystem::path file) : file_(std::move(file)) {
  std::istringstream lines(read_small_file(file_, kMaxFileBytes).value_or(std::string()));
  for (std::string line; std::getline(lines, line) && events_.size() < kMax;) {
    const auto bytes = from_hex(line);
    wire::SessionEvent event;
    if (bytes && event.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) events_.push_back(event);
  }
}

void EventQueue::add(const wire::SessionEvent& event) {
  if (events_.size() >= kMax) {
    log::error("session event lost: too many wait for the broker", {{"session", events_.front().session_id()}});
    events_.pop_front();
  }
  events_.push_back(event);
  save();
}

void EventQueue::stored(const std::string& event_id) {
  if (std::erase_if(events_, [&event_id](const auto& event) { return event.event_id() == event_id; }) > 0) save();
}

void EventQueue::save() {
  std::string text;
  for (const auto& event : events_) {
    const std::string bytes = event.SerializeAsString();
    text += to_hex(std::as_bytes(std::span(bytes))) + "\n";
  }
  const auto saved = write_file_durably(file_, text);
  if (!std::exchange(failing_, !saved) && !saved) {
    log::error("session events are kept in memory only", {{"reason", saved.error().message}});
  }
}

}  // namespace tobari::vmhost
