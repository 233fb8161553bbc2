// SPDX-License-Identifier: GPL-3.0-or-later
#include "rdp/output_queue.h"

#include <algorithm>

#include <freerdp/peer.h>

namespace tobari::display {
namespace {
constexpr std::size_t kTlsRecord = 16384;                 // RFC 8446 5.1: the largest plaintext of one record
constexpr std::size_t kKeptBytes = std::size_t{1} << 20;  // capacity that stays between frames
}  // namespace

int OutputQueue::take(rdpTransport* transport, wStream* pdu) {
  const std::size_t length = Stream_GetPosition(pdu);
  if (length > kMaxQueued - std::min(kMaxQueued, size())) return -1;
  const auto* bytes = reinterpret_cast<const std::byte*>(Stream_Buffer(pdu));
  queued_.insert(queued_.end(), bytes, bytes + length);
  size_ = queued_.size() - written_;
  if (!held_ && !flush(transport)) return -1;
  return static_cast<int>(std::max<std::size_t>(length, 1));
}

bool OutputQueue::release(rdpTransport* transport) {
  held_ = false;
  return flush(transport);
}

bool OutputQueue::flush(rdpTransport* transport) {
  freerdp_peer* peer = transport_get_context(transport)->peer;
  if (!record_) record_.reset(Stream_New(nullptr, kTlsRecord));
  if (!record_) return false;
  // Also when nothing is queued here: FreeRDP keeps what the socket did not take of the last record, and nobody but us
  // asks it to go on.
  const auto blocked = [peer] { return peer->IsWriteBlocked(peer) != FALSE && peer->DrainOutputBuffer(peer) != 0; };
  bool full = blocked();
  for (; !full && written_ < queued_.size(); full = blocked()) {
    const std::size_t part = std::min(kTlsRecord, queued_.size() - written_);
    Stream_ResetPosition(record_.get());
    Stream_Write(record_.get(), queued_.data() + written_, part);
    if (write_(transport, record_.get()) < 0) return false;
    written_ += part;
  }
  if (written_ == queued_.size()) {
    queued_.clear();
    written_ = 0;
    if (queued_.capacity() > kKeptBytes) std::vector<std::byte>().swap(queued_);
  } else if (written_ > kKeptBytes) {
    queued_.erase(queued_.begin(), queued_.begin() + static_cast<std::ptrdiff_t>(written_));
    written_ = 0;
  }
  size_ = queued_.size() - written_;
  return true;
}

}  // namespace tobari::display
