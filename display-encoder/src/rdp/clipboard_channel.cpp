// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/clipboard_channel.h"

#include <algorithm>
#include <format>
#include <utility>

#include "filter/clipboard_content.h"

namespace tobari::display {
namespace {
// A client that asks and does not read is not heard any more.
constexpr std::size_t kMaxQueued = 256;
}  // namespace

using clip::Type;
using policy::Format;
using policy::FormatSet;

void ClipboardChannel::open() {
  if (state_ == State::kOpen) return;
  state_ = State::kOpen;
  ours_ = {};
  client_ = {};
  long_names_ = false;
  clip::capabilities(new_message());
  clip::monitor_ready(new_message());
}

void ClipboardChannel::close() {
  if (state_ != State::kOpen) return;
  if (!ours_.empty()) clip::format_list({}, long_names_, new_message());
  for (Wanted& wanted : wanted_) wanted = {.id = wanted.id, .format = wanted.format, .answered = true, .content = {}};
  answer_in_order();
  late_ = under_way_;
  under_way_ = false;
  asked_.clear();
  ours_ = {};
  client_ = {};
  state_ = State::kClosed;
}

// ---- what the client sends

Result<void> ClipboardChannel::receive(std::span<const std::byte> piece, std::size_t total, bool first, bool last) {
  if (state_ == State::kNew) return fail(Errc::kPermissionDenied, "data on the clipboard channel before it was opened");
  if (first) TOBARI_TRY(begin(piece, total));
  if (total_ == 0 || total != total_ || piece.size() > total_ - arrived_) {  // 0: none has begun
    return fail(Errc::kPeerProtocol, "pieces of a clipboard message that do not fit together");
  }
  arrived_ += piece.size();
  if (!skipping_) in_.insert(in_.end(), piece.begin(), piece.end());
  if (!last) return {};
  if (arrived_ != total_) return fail(Errc::kPeerProtocol, "a clipboard message that ends too early");
  if (out_.size() >= kMaxQueued) return fail(Errc::kPeerProtocol, "a clipboard that asks and does not read");
  const auto message = std::exchange(in_, {});
  total_ = arrived_ = 0;
  if (std::exchange(skipping_, false)) return {};
  return handle(std::span<const std::byte>(message).subspan(clip::kHeader, header_.length));
}

// The length of a message is known with its first piece: what is too long is not kept.
Result<void> ClipboardChannel::begin(std::span<const std::byte> piece, std::size_t total) {
  in_.clear();
  skipping_ = false;
  arrived_ = 0;
  total_ = total;
  if (piece.size() < clip::kHeader) return fail(Errc::kPeerProtocol, "a clipboard message without a header");
  header_ = clip::read_header(piece);
  const std::size_t said = clip::kHeader + std::size_t{header_.length};
  if (total < said || total - said > clip::kMaxPadding) {
    return fail(Errc::kPeerProtocol, "a clipboard message whose length is not what it says");
  }
  if (header_.type != Type::kDataResponse) {
    if (total <= clip::kMaxMessage) return {};
    return fail(Errc::kPeerProtocol, std::format("a clipboard message of {} bytes", total));
  }
  if (!under_way_) {
    if (!std::exchange(late_, false)) return fail(Errc::kPermissionDenied, "clipboard data that nobody asked for");
    skipping_ = true;
    return {};
  }
  if (header_.length <= longest_in_windows(asked_.front().format, asked_.front().most)) return {};
  skipping_ = true;
  finish_asked(fail(Errc::kExhausted, std::format("the client announced {} bytes", header_.length)));
  return {};
}

Result<void> ClipboardChannel::handle(std::span<const std::byte> body) {
  switch (header_.type) {
    case Type::kCapabilities: {
      TOBARI_ASSIGN(long_names_, clip::read_capabilities(body));
      return {};
    }
    case Type::kFormatList:
      return on_list(body);
    case Type::kDataRequest:
      return on_request(body);
    case Type::kDataResponse:
      return on_data(body);
    case Type::kFormatListResponse:
    case Type::kTempDirectory:
    case Type::kLock:
    case Type::kUnlock:
      return {};  // nothing here follows from them
    case Type::kFileContentsRequest:
    case Type::kFileContentsResponse:
      return fail(Errc::kPermissionDenied, "files on the clipboard channel, which has none");
    case Type::kMonitorReady:
      break;
  }
  return fail(Errc::kPeerProtocol, "unknown message on the clipboard channel");
}

Result<void> ClipboardChannel::on_list(std::span<const std::byte> body) {
  TOBARI_ASSIGN(const clip::FormatIds ids,
                clip::read_format_list(body, long_names_, (header_.flags & clip::kAsciiNames) != 0));
  clip::format_list_response(state_ == State::kOpen, new_message());
  if (state_ != State::kOpen) return {};
  client_ = ids;
  listed_ = true;
  if (!body.empty()) {  // the newest list counts, whoever's it is; an empty one takes nothing away from ours
    ours_ = {};
    waiting_.reset();
  }
  FormatSet formats;
  for (std::size_t i = 0; i < client_.size(); ++i) {
    if (client_[i]) formats.add(static_cast<Format>(i));
  }
  events_.on_offer(formats);
  if (const auto ours = std::exchange(waiting_, std::nullopt)) offer(*ours);
  return {};
}

Result<void> ClipboardChannel::on_request(std::span<const std::byte> body) {
  TOBARI_ASSIGN(const std::uint32_t id, clip::read_data_request(body));
  if (wanted_.size() >= kMaxClipboardAsks) return fail(Errc::kPeerProtocol, "too many requests for clipboard data");
  const auto format = clip::format_of_our_id(id);
  const bool offered = state_ == State::kOpen && format && ours_.has(*format);
  const TransferId number = next_wanted_++;
  wanted_.push_back({.id = number, .format = format.value_or(Format::kText), .answered = !offered, .content = {}});
  if (!offered) {
    answer_in_order();
    return {};
  }
  events_.on_ask(number, *format);
  return {};
}

Result<void> ClipboardChannel::on_data(std::span<const std::byte> body) {
  if ((header_.flags & clip::kOk) == 0) {
    finish_asked(fail(Errc::kNotFound, "the client does not give it"));
    return {};
  }
  finish_asked(content_from_windows(asked_.front().format, body));
  return {};
}

void ClipboardChannel::finish_asked(Result<ClipboardContent> content) {
  const Asked asked = asked_.front();
  asked_.pop_front();
  under_way_ = false;
  ask_next();
  events_.on_answer(asked.id, std::move(content));
}

void ClipboardChannel::ask_next() {
  while (!under_way_ && !asked_.empty()) {
    const Asked asked = asked_.front();
    if (const auto id = client_[static_cast<std::size_t>(asked.format)]) {
      clip::data_request(*id, new_message());
      under_way_ = true;
    } else {
      asked_.pop_front();
      events_.on_answer(asked.id, fail(Errc::kNotFound, "the client does not have it any more"));
    }
  }
}

// ---- what we send

clip::Bytes& ClipboardChannel::new_message() { return out_.emplace_back(); }

void ClipboardChannel::offer(FormatSet formats) {
  if (state_ != State::kOpen) return;
  if (!listed_) {
    waiting_ = formats;
    return;
  }
  ours_ = formats;
  clip::format_list(formats, long_names_, new_message());
}

void ClipboardChannel::ask(TransferId id, Format format, std::size_t most) {
  if (state_ != State::kOpen || asked_.size() >= kMaxClipboardAsks) {
    return events_.on_answer(id, fail(Errc::kNotFound, "the client's clipboard cannot be asked now"));
  }
  asked_.push_back({id, format, most});
  ask_next();
}

void ClipboardChannel::answer(TransferId id, std::optional<ClipboardContent> content) {
  const auto wanted = std::ranges::find(wanted_, id, &Wanted::id);
  if (wanted == wanted_.end() || wanted->answered) return;
  wanted->answered = true;
  wanted->content = std::move(content);
  answer_in_order();
}

void ClipboardChannel::answer_in_order() {
  while (!wanted_.empty() && wanted_.front().answered) {
    const Wanted wanted = std::move(wanted_.front());
    wanted_.pop_front();
    if (wanted.content) {
      clip::data_response(content_to_windows(wanted.format, *wanted.content), new_message());
    } else {
      clip::data_refused(new_message());
    }
  }
}

std::optional<ClipboardChannel::Piece> ClipboardChannel::next() {
  if (!out_.empty() && sent_ == out_.front().size()) {
    out_.pop_front();
    sent_ = 0;
  }
  if (out_.empty()) return std::nullopt;
  const std::span<const std::byte> message(out_.front());
  const auto data = message.subspan(sent_, std::min(kPiece, message.size() - sent_));
  const bool first = sent_ == 0;
  sent_ += data.size();
  return Piece{data, message.size(), first, sent_ == message.size()};
}

}  // namespace tobari::display
