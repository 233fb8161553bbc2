// SPDX-License-Identifier: GPL-3.0-or-later
// A desktop's clipboard agent: bytes on its port, cut anywhere. Properties: it ends in an error or goes on; a message
// is never larger than it may be; the same bytes give the same messages however they are cut; what is written is read.
#include <vector>

#include "capture/clipboard_port.h"
#include "input.h"

namespace {

using namespace tobari::display;
using tobari::fuzz::require;

// Until an error, which is the end.
std::vector<port::Message> read(std::span<const std::byte> bytes, std::size_t piece) {
  std::vector<port::Message> messages;
  port::Reader reader;
  while (!bytes.empty()) {
    const auto part = bytes.first(std::min(piece, bytes.size()));
    bytes = bytes.subspan(part.size());
    reader.add(part);
    while (true) {
      auto message = reader.next();
      if (!message) return messages;
      if (!*message) break;
      require((*message)->payload.size() <= port::kMaxPayload);
      if ((*message)->type == port::Type::kOffer) static_cast<void>(port::offered(**message));
      messages.push_back(*std::move(*message));
    }
  }
  return messages;
}

std::vector<std::byte> written(const port::Message& message) {
  std::vector<std::byte> out;
  switch (message.type) {
    case port::Type::kData:
      port::data(message.id, message.payload, message.last, out);
      break;
    case port::Type::kNone:
      port::none(message.id, out);
      break;
    default:
      break;
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  tobari::fuzz::Input in(data, size);
  const std::size_t piece = in.u8() + std::size_t{1};
  const auto bytes = in.rest();
  for (const port::Message& message : read(bytes, piece)) {
    const auto out = written(message);
    if (out.empty()) continue;
    if (port::GreetingGuard().greets(out)) continue;  // it is never written
    const auto again = read(out, piece);
    require(again.size() <= 1);
    if (!again.empty() && again[0].type == port::Type::kData) require(again[0].payload == message.payload);
  }
  return 0;
}
