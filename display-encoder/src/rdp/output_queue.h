// SPDX-License-Identifier: GPL-3.0-or-later
// What FreeRDP wants to write, held until the socket takes it: so that a slow client never blocks the peer's thread, so
// that it is known how much is unsent, and so that many small PDUs leave as few TLS records.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <vector>

#include <freerdp/freerdp.h>
#include <freerdp/transport_io.h>
#include <winpr/stream.h>

namespace tobari::display {

class OutputQueue {
 public:
  // Beyond this nothing is taken any more: the connection ends. The pacer stops long before.
  static constexpr std::size_t kMaxQueued = std::size_t{256} << 20;

  explicit OutputQueue(pTransportRWFkt write) : write_(write) {}

  // FreeRDP's WritePdu: takes the stream's bytes, and writes what can be written unless held.
  int take(rdpTransport* transport, wStream* pdu);
  // While held PDUs are only collected.
  void hold() noexcept { held_ = true; }
  [[nodiscard]] bool release(rdpTransport* transport);
  // Writes until the socket is full; false when the connection is broken.
  [[nodiscard]] bool flush(rdpTransport* transport);

  // Any thread.
  [[nodiscard]] std::size_t size() const noexcept { return size_.load(std::memory_order_relaxed); }

 private:
  struct StreamFree {
    void operator()(wStream* s) const noexcept { Stream_Free(s, TRUE); }
  };
  pTransportRWFkt write_;  // FreeRDP's own
  std::vector<std::byte> queued_;
  std::size_t written_ = 0;  // of queued_
  std::unique_ptr<wStream, StreamFree> record_;
  std::atomic<std::size_t> size_ = 0;
  bool held_ = false;
};

}  // namespace tobari::display
