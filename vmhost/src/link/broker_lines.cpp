// SPDX-License-Identifier: GPL-3.0-or-later
#include "link/broker_lines.h"

#include <algorithm>

namespace tobari::vmhost {
namespace {

// Of a request that is answered; empty: of none.
std::string request_of(const wire::ToHost& message) {
  switch (message.message_case()) {
    case wire::ToHost::kOpenDisplay:
      return message.open_display().request_id();
    case wire::ToHost::kTakeThumbnail:
      return message.take_thumbnail().request_id();
    case wire::ToHost::kRestartDesktop:
      return message.restart_desktop().request_id();
    case wire::ToHost::kReadImagePart:
      return message.read_image_part().request_id();
    default:
      return {};
  }
}

}  // namespace

BrokerLines::BrokerLines(Loop& loop, const std::vector<std::shared_ptr<grpc::Channel>>& channels, Callbacks callbacks)
    : callbacks_(std::move(callbacks)) {
  for (std::size_t i = 0; i < channels.size(); ++i) {
    links_.push_back(std::make_unique<BrokerLink>(
        loop, channels[i],
        BrokerLink::Callbacks{.on_open =
                                  [this, i] {
                                    callbacks_.on_open(
                                        [this, i](const wire::FromHost& message) { links_[i]->send(message); });
                                  },
                              .on_message = [this, i](const wire::ToHost& message) { on_message(i, message); },
                              .on_end = [this] { callbacks_.on_lost(); }}));
  }
}

std::size_t BrokerLines::connected() const {
  return static_cast<std::size_t>(std::ranges::count_if(links_, [](const auto& link) { return link->connected(); }));
}

void BrokerLines::on_message(std::size_t broker, const wire::ToHost& message) {
  if (std::string request = request_of(message); !request.empty()) {
    asked_.emplace_back(std::move(request), broker);
    if (asked_.size() > kMostAsked) asked_.pop_front();
  }
  callbacks_.on_message(broker, message);
}

BrokerLink& BrokerLines::first_there() {
  const auto there = std::ranges::find_if(links_, [](const auto& link) { return link->connected(); });
  return there == links_.end() ? *links_.front() : **there;
}

void BrokerLines::send_to_all(const wire::FromHost& message) {
  for (const auto& link : links_) link->send(message);
}

void BrokerLines::answer(const std::string& request_id, const wire::FromHost& message) {
  const auto asked = std::ranges::find(asked_, request_id, &std::pair<std::string, std::size_t>::first);
  if (asked == asked_.end()) return send_to_all(message);  // brokers ignore what they did not ask
  links_[asked->second]->send(message);
}

void BrokerLines::send(const wire::FromHost& message) {
  switch (message.message_case()) {
    case wire::FromHost::kDisplayOpened:
      return answer(message.display_opened().request_id(), message);
    case wire::FromHost::kThumbnail:
      return answer(message.thumbnail().request_id(), message);
    case wire::FromHost::kImagePart:
      return answer(message.image_part().request_id(), message);
    case wire::FromHost::kFailed:
      return answer(message.failed().request_id(), message);
    case wire::FromHost::kSession:
    case wire::FromHost::kTransferAsked:
      return first_there().send(message);
    default:
      return send_to_all(message);
  }
}

}  // namespace tobari::vmhost
