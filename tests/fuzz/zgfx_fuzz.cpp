// SPDX-License-Identifier: GPL-3.0-or-later
// Any sequence of messages, compressed and received by FreeRDP's decoder. The input is a program: a byte that says
// what to append to the message, then its operands; 0xFE says what the line carries, 0xFF sends the message.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "bulk_client.h"
#include "rdp/zgfx.h"

namespace {

using namespace tobari::display;
using Bytes = std::vector<std::byte>;

constexpr std::size_t kMaxMessage = 300'000;
constexpr std::size_t kMaxTotal = 6'000'000;  // the history comes round twice

class Program {
 public:
  explicit Program(std::span<const std::uint8_t> code) : code_(code) {}

  void run() {
    while (!code_.empty() && past_.size() < kMaxTotal) {
      const std::uint8_t what = next();
      if (what == 0xFF || message_.size() > kMaxMessage) {
        send();
      } else if (what == 0xFE) {
        const std::uint8_t line = next();
        writer_.set_line(std::size_t{1} << line % 32, line >= 0x80);
      } else if (what < 0x80) {
        literals(what);
      } else {
        const std::size_t count = std::size_t{next()} << (what & 7);
        if (what >= 0xE0) {
          noise(count);
        } else if (what >= 0xC0) {
          repeat(message_, count, next() + std::size_t{1});
        } else {
          repeat(past_, count, next_distance());
        }
      }
    }
    send();
  }

 private:
  std::uint8_t next() {
    if (code_.empty()) return 0;
    const std::uint8_t byte = code_.front();
    code_ = code_.subspan(1);
    return byte;
  }
  void literals(std::size_t count) {
    for (; count > 0 && !code_.empty(); --count) message_.push_back(static_cast<std::byte>(next()));
  }
  void noise(std::size_t count) {
    for (; count > 0; --count) {
      state_ = state_ * 1664525u + 1013904223u;
      message_.push_back(static_cast<std::byte>(state_ >> 24));
    }
  }
  std::size_t next_distance() {
    std::size_t distance = 0;
    for (int i = 0; i < 3; ++i) distance = distance << 7 | next();
    return distance;
  }
  // From so far before the end of what was made before, or of the message itself, which then may repeat itself.
  void repeat(const Bytes& from, std::size_t count, std::size_t distance) {
    if (distance == 0 || distance > from.size()) return;
    for (std::size_t at = from.size() - distance; count > 0 && at < from.size(); --count) {
      const std::byte byte = from[at++];
      message_.push_back(byte);
    }
  }
  void send() {
    Bytes wrapped;
    writer_.wrap(message_, wrapped);
    if (message_.empty() != wrapped.empty()) std::abort();
    if (message_.empty()) return;
    const std::size_t segments = message_.size() / SegmentedWriter::kMaxSegment + 1;
    if (wrapped.size() > message_.size() + 7 + 5 * segments) std::abort();
    const auto received = client_.receive(wrapped);
    if (!received || *received != message_) std::abort();
    past_.insert(past_.end(), message_.begin(), message_.end());
    message_.clear();
  }

  std::span<const std::uint8_t> code_;
  SegmentedWriter writer_;
  testing::BulkClient client_;
  Bytes message_;
  Bytes past_;
  std::uint32_t state_ = 1;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  Program({data, size}).run();
  return 0;
}
