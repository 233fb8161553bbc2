// SPDX-License-Identifier: GPL-3.0-or-later
#include "played_clipboard.h"

#include <algorithm>
#include <span>
#include <utility>

#include "attack.h"

namespace tobari::leak {
namespace {

using policy::Format;

constexpr const char* kChannel = "cliprdr";
enum Type : unsigned {
  kReady = 1,
  kList = 2,
  kListResponse = 3,
  kRequest = 4,
  kResponse = 5,
  kCaps = 7,
  kAskFile = 8,
  kFile = 9
};
constexpr unsigned kOk = 1, kFailed = 2;
constexpr std::size_t kHeader = 8;
constexpr std::uint32_t kFirst = 1, kShowProtocol = 0x10;  // MS-RDPBCGR 2.2.6.1.1

std::uint32_t number(std::span<const std::byte> bytes, std::size_t at, std::size_t octets) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < octets && at + i < bytes.size(); ++i) {
    value |= std::to_integer<std::uint32_t>(bytes[at + i]) << (8 * i);
  }
  return value;
}

std::string_view in_agent_words(Format format) noexcept {
  if (format == Format::kRtf) return "Rich Text Format";
  if (format == Format::kHtml) return "HTML Format";
  return "";
}

// 2.2.3.1.2: a number and a name in UTF-16 with its NUL, again and again.
std::set<std::uint32_t> ids_of(std::span<const std::byte> body) {
  std::set<std::uint32_t> ids;
  while (body.size() >= 6) {
    ids.insert(number(body, 0, 4));
    std::size_t end = 4;
    while (end + 2 <= body.size() && number(body, end, 2) != 0) end += 2;
    body = body.subspan(std::min(end + 2, body.size()));
  }
  return ids;
}

}  // namespace

std::uint32_t format_id(Format format) noexcept {
  switch (format) {
    case Format::kText:
      return 13;
    case Format::kImage:
      return 8;
    case Format::kHtml:
      return 0xC102;
    case Format::kRtf:
      return 0xC101;
    case Format::kFiles:
      break;
  }
  return kFileList;
}

PlayedClipboard::PlayedClipboard(Rogue& client) : client_(client) {
  client_.on_static([this](const std::string& channel, std::span<const std::byte> data, bool first, bool last) {
    if (channel != kChannel) return;
    if (first) in_.clear();
    in_.insert(in_.end(), data.begin(), data.end());
    if (last && in_.size() >= kHeader) take(in_);
  });
}

void PlayedClipboard::take(std::span<const std::byte> message) {
  const std::uint32_t flags = number(message, 2, 2);
  const auto body = message.subspan(kHeader);
  switch (number(message, 0, 2)) {
    case kReady:
      greeted_ = true;
      send(kCaps, 0, Message().u16(1).u16(0).u16(1).u16(12).u32(2).u32(2).done());  // long names
      return send(kList, 0, {});
    case kList:
      offered_ = ids_of(body);
      return send(kListResponse, kOk, {});
    case kRequest:
      ++asked_;
      return give(number(body, 0, 4));
    case kResponse:
      answered_ = true;
      granted_ = (flags & kOk) != 0;
      given_.assign(body.begin(), body.end());
      return;
    default:
      return;
  }
}

void PlayedClipboard::give(std::uint32_t id) {
  if (id != has_) return send(kResponse, kFailed, {});
  if (!claimed_) return send(kResponse, kOk, content_);
  const Bytes piece = Message().u16(kResponse).u16(kOk).u32(*claimed_).bytes(content_).done();
  static_cast<void>(
      client_.push_packet(client_.id_of(kChannel), std::size_t{*claimed_} + kHeader, kFirst | kShowProtocol, piece));
}

void PlayedClipboard::copies(Format format, Bytes windows) {
  has_ = format_id(format);
  content_ = std::move(windows);
  announce(has_, in_agent_words(format));
}

void PlayedClipboard::copies_files() { announce(kFileList, "FileGroupDescriptorW"); }

void PlayedClipboard::lies_about_length(std::uint32_t length) { claimed_ = length; }

void PlayedClipboard::announce(std::uint32_t id, std::string_view name) {
  send(kList, 0, Message().u32(id).bytes(utf16(name)).done());
}

void PlayedClipboard::asks(std::uint32_t id) {
  answered_ = granted_ = false;
  send(kRequest, 0, Message().u32(id).done());
}

void PlayedClipboard::asks_for_file_contents() {
  send(kAskFile, 0, Message().u32(1).u32(0).u32(2).u32(0).u32(0).u32(65536).done());
}

void PlayedClipboard::pushes_file_contents(const Bytes& payload) {
  send(kFile, kOk, Message().u32(1).bytes(payload).done());
}

void PlayedClipboard::send(unsigned type, unsigned flags, const Bytes& body) {
  static_cast<void>(client_.push(kChannel, Message().u16(type).u16(flags).u32(body.size()).bytes(body).done()));
}

}  // namespace tobari::leak
